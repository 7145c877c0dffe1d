"""Questions on a folder of documents, from a CSV or JSONL file beside them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from crossover.blobs import Blob, Place, path_within, place
from crossover.datasets._examples import ExampleBuilder, Library, metrics_for, read
from crossover.datasets._records import suggestion
from crossover.datasets.jsonl import forms_of, lines_of, parsed
from crossover.errors import DataError
from crossover.files import (
    existing_file,
    existing_folder,
    read_documents,
    read_text,
    supported_files,
)
from crossover.roles import Dataset
from crossover.types import Example

DEFAULT_NAMES = ("questions.csv", "questions.jsonl")
COLUMNS = ("question", "answers", "file", "id", "group", "choices", "form")
FIELD_OF = {"file": "documents"}
COLUMN_OF = {"documents": "file"}
LISTS = ("answers", "file", "choices")
TAG = "tag."


@dataclass(frozen=True, slots=True)
class Folder(Dataset):
    """A folder of txt, md, html, pdf and docx files with questions in a CSV or JSONL file.

    CSV columns: question, answers (``|`` between several, empty is unanswerable), and where
    wanted file (else all documents right inside the folder), id, group, choices, form and
    tag.NAME. JSONL lines are as in ``jsonl``. The folder may lie in a bucket
    (``s3://bucket/folder``). Raises DataError that names file, line and column.
    """

    path: str = field(metadata={"help": "the folder with the documents", "path": "folder"})
    questions: str = field(
        default="",
        metadata={"help": "CSV or JSONL file; else questions.csv or .jsonl there", "path": "file"},
    )
    skip_bad: bool = field(
        default=False, metadata={"help": "leave bad records out and count them in skipped()"}
    )
    _skipped: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def examples(self) -> Iterator[Example]:
        """Yield the examples in the order of the questions file."""
        self._skipped.clear()
        folder, questions = self._paths()
        shared = read_documents(supported_files(folder))
        library = Library(folder)
        library.add_files(shared)
        builder = ExampleBuilder(library)
        builder.share(shared)
        rows, columns = _records_of(questions)
        yield from read(
            rows,
            lambda record, number: builder.build(record(), number),
            source=str(questions),
            skipped=self._skipped if self.skip_bad else None,
            columns=columns,
        )

    def metrics(self) -> Sequence[str]:
        """Name ``choice_accuracy`` where every question is a choice, else recall, match and F1."""
        questions = self._paths()[1]
        if questions.suffix.lower() != ".csv":
            return metrics_for(forms_of(questions))
        header, rows = table_of(questions)
        place = header.index("choices") if "choices" in header else -1
        choices = (place >= 0 and any(cells[place : place + 1]) for _, cells in rows)
        return metrics_for("choice" if some else "answer" for some in choices)

    def skipped(self) -> list[str]:
        """Tell the bad records that the last reading left out, one line each."""
        return list(self._skipped)

    def _paths(self) -> tuple[Place, Place]:
        folder = existing_folder(place(self.path))
        names = (self.questions,) if self.questions else DEFAULT_NAMES
        for name in names:
            if inside := _inside(folder, name):
                return folder, existing_file(inside)
        if self.questions:
            return folder, existing_file(place(self.questions))
        raise DataError(f"{folder}: holds no {' or '.join(DEFAULT_NAMES)}; give questions=FILE")


def table_of(path: Place) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Read a CSV file's header and its rows, each with the line it starts on."""
    rows = _numbered_rows(path)
    header = [name.strip() for name in next(rows, (1, []))[1]]
    for name in header:
        if name not in COLUMNS and not name.startswith(TAG):
            known = suggestion(name, (*COLUMNS, "tag.NAME"))
            raise DataError(f"{path} line 1: no column {name!r} is known; {known}")
        if header.count(name) > 1:
            raise DataError(f"{path} line 1: the column {name} stands there twice")
    for name in ("question", "answers"):
        if name not in header:
            there = ", ".join(header) or "none"
            raise DataError(f"{path} line 1: the column {name} is missing; there is: {there}")
    return header, rows


def record_of(header: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    """Make a record of a CSV row as a JSONL line would have it; raises DataError."""
    if len(cells) != len(header):
        raise DataError(f"expected {len(header)} cells as in the header, got {len(cells)}")
    row = dict(zip(header, cells, strict=True))
    record: dict[str, object] = {
        FIELD_OF.get(name, name): _listed(cell) if name in LISTS else cell
        for name, cell in row.items()
        if not name.startswith(TAG) and (cell.strip() or name in ("question", "answers"))
    }
    tags = {name.removeprefix(TAG): cell for name, cell in row.items() if name.startswith(TAG)}
    return record | {"tags": {name: cell for name, cell in tags.items() if cell}}


def _inside(folder: Place, name: str) -> Place | None:
    """The file of that name or path from the folder, where there is one."""
    try:
        if isinstance(folder, Blob) and path_within(folder, name) is None:
            return None
        found = folder / name
        return found if found.exists() else None
    except ValueError:
        # another bucket's address
        return None
    except OSError as error:
        raise DataError(f"{found}: cannot be read: {error.strerror}") from None


def _records_of(
    path: Place,
) -> tuple[Iterator[tuple[int, Callable[[], object]]], Mapping[str, str]]:
    """Yield the line of each record and what reads it; with it go the names of the columns."""
    if path.suffix.lower() == ".csv":
        header, rows = table_of(path)
        return ((n, partial(record_of, header, cells)) for n, cells in rows), COLUMN_OF
    return ((n, partial(parsed, line)) for n, line in lines_of(path)), {}


def _numbered_rows(path: Place) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path} line {start}: not valid CSV: {error}") from None


def _listed(cell: str) -> list[str]:
    r"""Cut a cell at ``|``; ``\|`` is the character itself."""
    parts = re.split(r"(?<!\\)\|", cell) if cell.strip() else []
    return [part.replace("\\|", "|").strip() for part in parts]
