"""Corpora with queries and no answers: what they have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple, TypeVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import Benchmark, Part
from crossover.datasets._rows import Rows, rows_of
from crossover.errors import DataError
from crossover.types import Document

Taken = TypeVar("Taken")


class Query(NamedTuple):
    """A query with the documents that are relevant to it."""

    id: str
    text: str
    relevant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetrievalOnly(Benchmark):
    """Queries on one corpus; whole documents are the evidence. For ``crossover retrieval``.

    Every relevant document counts alike, whatever its grade.
    """

    scores: ClassVar[tuple[str, ...]] = ("evidence_recall", "evidence_token_recall")
    _corpora: dict[str, dict[str, Document]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @abstractmethod
    def corpus(self, part: Part) -> Iterator[Document]:
        """The documents of a part."""

    @abstractmethod
    def query(self, row: Fields, part: Part) -> Query | None:
        """The query of a row, if it is of the part and anything is relevant to it."""

    def rows(self, part: Part) -> Rows:
        """The rows of a part, of a file that several parts have in common its own."""
        unit, rows = Benchmark.rows(self, part)
        return Rows(unit, (row for row in rows if self.is_of(part, row[1])))

    def judge(self, part: Part) -> None:
        """Read what is relevant to what, where that stands in a file of its own."""
        return

    def is_of(self, part: Part, load: Callable[[], object]) -> bool:
        """Whether a row belongs to the part; one that cannot be read does to the first."""
        return True

    def shared(self, part: Part) -> tuple[Document, ...]:
        """The corpus, read once; judgements too, so that what is wrong there is told once."""
        self.judge(part)
        return tuple(self._known(part).values())

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A query with the documents that are relevant to it."""
        found = self.query(row, part)
        if found is None:
            return
        known = self._known(part)
        missing = next((one for one in found.relevant if one not in known), None)
        if missing is not None:
            raise DataError(f"the corpus has no document {missing!r}, relevant to {found.id}")
        yield {
            "id": "-".join((*part.tags.values(), found.id)),
            "question": found.text,
            "answers": [],
            "evidence": [
                {"document": name, "start": 0, "end": len(known[name].text)}
                for name in found.relevant
            ],
            "group": found.id,
        }

    def _known(self, part: Part) -> dict[str, Document]:
        key = f"{part.source} {'-'.join(part.tags.values())}"
        if key not in self._corpora:
            self._corpora[key] = {one.id: one for one in self.corpus(part)}
        return self._corpora[key]


def beside(part: Part, name: str) -> Path:
    """A file beside the queries. Raises DataError for queries of the hub."""
    if part.path is None:
        raise DataError(f"{part.source}: the corpus is read from a folder; download it")
    return part.path.parent / name


def read_beside(path: Path, take: Callable[[Fields], Taken]) -> Iterator[Taken]:
    """What is taken of each row of a file beside the queries; a bad one is told by its line."""
    unit, rows = rows_of(path)
    for number, load in rows:
        try:
            yield take(Fields(load()))
        except DataError as error:
            raise DataError(f"{path} {unit} {number}: {error}") from None
