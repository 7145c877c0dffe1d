"""Questions from a JSONL file of the user's own: one JSON object per line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from crossover.blobs import Place, place
from crossover.datasets._examples import ExampleBuilder, Library, metrics_for, read
from crossover.errors import DataError
from crossover.files import existing_file
from crossover.roles import Dataset
from crossover.types import Example, Form

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Jsonl(Dataset):
    """Questions with answers and documents, one JSON object per line.

    Fields: question, answers (a list or one text; [] is unanswerable), documents (objects with id,
    text and title, or paths from the file's folder) or context (a text); and where wanted id,
    choices, evidence, group, tags, form. The file may lie in a bucket (``s3://bucket/file.jsonl``).
    Raises DataError that names file, line and field.
    """

    path: str = field(metadata={"help": "the JSONL file, UTF-8", "path": "file"})
    skip_bad: bool = field(
        default=False, metadata={"help": "leave bad records out and count them in skipped()"}
    )
    _skipped: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def examples(self) -> Iterator[Example]:
        """Yield the examples in file order, reading line by line."""
        self._skipped.clear()
        path = existing_file(place(self.path))
        builder = ExampleBuilder(Library(path.parent))
        yield from read(
            lines_of(path),
            lambda line, number: builder.build(parsed(line), number),
            source=str(path),
            skipped=self._skipped if self.skip_bad else None,
        )

    def metrics(self) -> Sequence[str]:
        """Name ``choice_accuracy`` where every question is a choice, else recall, match and F1."""
        return metrics_for(forms_of(existing_file(place(self.path))))

    def skipped(self) -> list[str]:
        """Tell the bad records that the last reading left out, one line each."""
        return list(self._skipped)


def lines_of(path: Place) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    try:
        with path.open("rb") as stored, _unpacked(stored, path.suffix) as file:
            for number, line in enumerate(file, 1):
                line = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read: {reason}") from None


def _unpacked(stored: BinaryIO, suffix: str) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=stored)) if suffix == ".gz" else stored


def parsed(line: bytes) -> object:
    """Read a line as JSON; raises DataError that says where it stops being JSON or UTF-8."""
    try:
        return json.loads(line.decode(), object_pairs_hook=_each_once)
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        problem = error.msg[:1].lower() + error.msg[1:]
        raise DataError(
            f"not valid JSON: {problem} at character {error.colno}; expected one object per line"
        ) from None
    except (ValueError, RecursionError):
        raise DataError("JSON nested too deeply, or with a number too long") from None


def forms_of(path: Place) -> Iterator[Form]:
    """Yield the form of each readable line, for the choice of metrics alone."""
    for _, line in lines_of(path):
        try:
            record = parsed(line)
        except DataError:
            continue
        if isinstance(record, dict):
            yield record.get("form") or ("choice" if record.get("choices") else "answer")


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in record if names.count(name) > 1)
        raise DataError(f"{twice}: stands there twice")
    return record
