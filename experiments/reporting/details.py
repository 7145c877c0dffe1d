"""What stands behind each answer, beside the results: question, references, passages, calls."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crossover import tracing
from crossover.errors import CrossoverError, DataError, StoreError
from crossover.experiments._traces import MOST_STEPS
from crossover.experiments.grid import Job
from crossover.types import Document, Example, Passage, Piece, Record, Span

if TYPE_CHECKING:
    import pyarrow
    from pandas import DataFrame

DETAILS = "details.parquet"
KEYS = ("dataset", "example", "strategy", "model")
WRITTEN_TOGETHER = 2_000


class DetailsWriter:
    """Writes ``details.parquet``: a row per answer, in the order of the result frame.

    ``depth`` is where the gold evidence stands in the documents (0 the beginning, 1 the end) and
    ``characters`` how long they are; both are empty where that is not known. A context manager:
    the file is there when it ends. Raises StoreError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # another process on the same run may be reading what stands there
        self._unfinished = folder / f"{DETAILS}.{uuid.uuid4().hex}"
        self._waiting: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        from pyarrow import parquet

        with self._explained():
            self._writer = parquet.ParquetWriter(self._unfinished, _schema(), compression="zstd")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._explained(), self._writer:
                if error is None:
                    self._write()
            if error is None:
                self._unfinished.replace(self._folder / DETAILS)
        finally:
            self._unfinished.unlink(missing_ok=True)

    def add(self, job: Job, record: Record) -> None:
        """Write the row of a record."""
        self._waiting.append(_row(job, record))
        if len(self._waiting) == WRITTEN_TOGETHER:
            with self._explained():
                self._write()

    def _write(self) -> None:
        import pyarrow

        self._writer.write_table(pyarrow.Table.from_pylist(self._waiting, _schema()))
        self._waiting = []

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = f"details cannot be written to {self._folder}"
            raise StoreError(f"{where}: {error.strerror}") from error


def read_details(folder: Path, examples: Sequence[str] | None = None) -> DataFrame | None:
    """Read the details beside a run's results, of these examples alone; None where there are none.

    Raises DataError where the file is not one.
    """
    if not (folder / DETAILS).is_file():
        return None
    if examples is None:
        return _read(folder / DETAILS)
    import pyarrow
    from pyarrow.compute import field

    # of no examples, too, the values are texts
    wanted = pyarrow.array(examples, pyarrow.string())
    return _read(folder / DETAILS, filters=field("example").isin(wanted))


def copy_details(folder: Path, to: Path) -> None:
    """Copy the details, where there are any, beside the results of another directory.

    Raises StoreError where that cannot be written.
    """
    if not (folder / DETAILS).is_file() or folder.resolve() == to.resolve():
        return
    try:
        to.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / DETAILS, to / DETAILS)
    except OSError as error:
        raise StoreError(f"details cannot be written to {to}: {error.strerror}") from error


def read_places(folder: Path) -> DataFrame | None:
    """Read where evidence stands and how long documents are, of every question."""
    if not (folder / DETAILS).is_file():
        return None
    columns = ["dataset", "example", "depth", "characters"]
    return _read(folder / DETAILS, columns=columns).drop_duplicates(columns[:2])


def _read(path: Path, **how: Any) -> DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path, engine="pyarrow", **how)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as a run's details: {reason}") from error


def _row(job: Job, record: Record) -> Mapping[str, Any]:
    answer, example = record.answer, job.example
    kept = [replace(step, detail=step.detail[:300]) for step in answer.trace[:MOST_STEPS]]
    spans = [*map(asdict, example.evidence)]
    depth, characters = _place(example)
    return {
        **{name: getattr(record, name) for name in KEYS},
        "question": example.question.text,
        "choices": list(example.question.choices),
        "references": list(example.answers),
        "evidence": spans,
        "depth": depth,
        "characters": characters,
        "passages": [_passage(one) for one in answer.passages],
        "passages_known": answer.passages_known,
        "total": tracing.total_line(answer),
        "trace": json.dumps([asdict(step) for step in kept]),
    }


def _span(span: Any) -> dict[str, Any]:
    return {name: getattr(span, name) for name in ("document", "start", "end")}


def _passage(passage: Passage) -> dict[str, Any]:
    kept = [piece._asdict() for piece in passage.kept]
    return _span(passage) | {"text": passage.text, "kept": kept}


def _place(example: Example) -> tuple[float | None, int | None]:
    """Where the evidence stands on average, and the length of the documents."""
    sizes = {document.id: _size(document) for document in example.question.documents}
    if not sizes or None in sizes.values():
        return None, None
    total, before = 0, dict[str, int]()
    for name, size in sizes.items():
        before[name] = total
        total += size or 0
    middles = [before[s.document] + _middle(s) for s in example.evidence if s.document in before]
    return (sum(middles) / len(middles) / total if middles and total else None), total


def _middle(span: Span) -> float:
    return (span.start + span.end) / 2


def _size(document: Document) -> int | None:
    try:
        return len(document.text)
    except (CrossoverError, OSError):
        return None


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    span = [("document", pa.string()), ("start", pa.int64()), ("end", pa.int64())]
    piece = pa.struct([(name, pa.int64()) for name in Piece._fields])
    passage = [*span, ("text", pa.string()), ("kept", pa.list_(piece))]
    return pa.schema(
        [
            *((name, pa.string()) for name in (*KEYS, "question")),
            ("choices", pa.list_(pa.string())),
            ("references", pa.list_(pa.string())),
            ("evidence", pa.list_(pa.struct(span))),
            ("depth", pa.float64()),
            ("characters", pa.int64()),
            ("passages", pa.list_(pa.struct(passage))),
            ("passages_known", pa.bool_()),
            ("total", pa.string()),
            ("trace", pa.string()),
        ]
    )


def rows_of(details: DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as mappings, lists as lists.

    What an earlier version did not keep is None, such as the ``kept`` pieces of a passage.
    """
    import pyarrow as pa

    yield from pa.Table.from_pandas(details, _schema(), preserve_index=False).to_pylist()
