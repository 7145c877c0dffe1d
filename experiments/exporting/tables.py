"""A run's results as one table: a row per dataset × question × strategy × model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from crossover.blobs import Place, place, written
from crossover.errors import ConfigError, StoreError
from crossover.experiments.exporting.stored import stored_answers
from crossover.experiments.report import load_frame
from crossover.types import Passage, Step

if TYPE_CHECKING:
    from pandas import DataFrame

FORMATS = (".parquet", ".csv", ".jsonl")
_PASSAGES = TypeAdapter(tuple[Passage, ...])
_TRACE = TypeAdapter(tuple[Step, ...])


def load_results(run: str | Place, *, passages: bool = False, traces: bool = False) -> DataFrame:
    """Read a run's directory, or its copy in a bucket, as a table with every answer.

    ``passages`` and ``traces`` add a column of that name, as JSON; it is empty where the directory
    no longer holds the answer itself. ``attrs`` say which metrics lead (``metrics``) and by which
    grid it was made (``config``). Raises DataError where there is no finished run, StoreError where
    its answers cannot be read, MissingExtra without pandas or pyarrow.
    """
    frame = load_frame(run)
    if not (passages or traces):
        return frame
    folder = place(run)
    # a bucket holds no store
    stored = stored_answers(frame, folder) if isinstance(folder, Path) else (None,) * len(frame)
    answers = [one.answer if one else None for one in stored]
    found = frame.copy()
    if passages:
        found["passages"] = [
            _PASSAGES.dump_json(one.passages).decode() if one else None for one in answers
        ]
    if traces:
        found["trace"] = [_TRACE.dump_json(one.trace).decode() if one else None for one in answers]
    return found


def write_results(frame: DataFrame, to: str | Place) -> Place:
    """Write results as Parquet, CSV or JSON lines, whichever the name ends with; returns where.

    In CSV and JSON lines, what is unknown or does not apply is empty and null; Parquet keeps the
    attributes too. Raises ConfigError for another ending and StoreError where it cannot be written.
    """
    target = place(to)
    if target.suffix not in FORMATS:
        raise ConfigError(f"{target}: name a file that ends with {', '.join(FORMATS)}")
    try:
        with written(target) as path:
            if path.suffix == ".parquet":
                frame.to_parquet(path, engine="pyarrow", index=False)
            elif path.suffix == ".csv":
                frame.to_csv(path, index=False)
            else:
                path.write_text("".join(_lines(frame)), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def _lines(frame: DataFrame) -> Iterator[str]:
    for row in frame.to_dict("records"):
        known = {str(name): None if _missing(value) else value for name, value in row.items()}
        yield json.dumps(known, ensure_ascii=False) + "\n"


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))
