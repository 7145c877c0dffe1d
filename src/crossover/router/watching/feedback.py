"""Grades from a file: lines of an id, a quality and, where another is graded, a strategy."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.errors import DataError

Grade = tuple[str, float, str | None]
NAMES = ("id", "quality", "strategy")


def read_grades(path: Path) -> list[Grade]:
    """Read CSV with a header, or JSON lines; raises DataError with the place of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is no UTF-8 text") from None
    lines = _json_lines(path, text) if path.suffix == ".jsonl" else _table(path, text)
    return [_grade(place, row) for place, row in lines]


def _table(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(text.splitlines())
    missing = {"id", "quality"} - set(reader.fieldnames or ())
    if missing:
        raise DataError(f"{path} has no column {sorted(missing)[0]}; it takes {', '.join(NAMES)}")
    for row in reader:
        yield f"{path}:{reader.line_num}", row


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise DataError(f"{path}:{number} is no JSON") from None
        if not isinstance(row, dict):
            raise DataError(f"{path}:{number} is no object with {', '.join(NAMES)}")
        yield f"{path}:{number}", row


def _grade(place: str, row: Mapping[str, Any]) -> Grade:
    name = str(row.get("id") or "").strip()
    if not name:
        raise DataError(f"{place} has no id")
    try:
        quality = float(row["quality"])
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{place}: the quality {row.get('quality')!r} is no number") from None
    return name, quality, (str(row.get("strategy") or "").strip() or None)
