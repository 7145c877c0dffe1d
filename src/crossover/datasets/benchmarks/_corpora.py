"""A corpus with queries and the documents relevant to them, for retrieval alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import Benchmark, Part
from crossover.datasets._rows import Rows, rows_of
from crossover.datasets.huggingface import hub_rows
from crossover.errors import DataError
from crossover.types import Document, Example

Grades = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class RetrievalOnly(Benchmark):
    """A benchmark without answers: its evidence is whole documents with grades of relevance.

    A corpus is read once for all of its queries. Compare retrievers by `crossover retrieval`.
    """

    retrieval_only: ClassVar[bool] = True
    # where a document has its id, title and text, and a query its id and text
    document: ClassVar[tuple[str, str, str]]
    query: ClassVar[tuple[str, str]]
    _held: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def examples(self) -> Iterator[Example]:
        """Yield the queries in the order of the files."""
        self._held.clear()
        yield from Benchmark.examples(self)
        self._held.clear()

    def rows(self, part: Part) -> Rows:
        """The queries of the part's corpus."""
        unit, rows = Benchmark.rows(self, part)
        tag, column = self.told_apart(part)
        mine = part.tags.get(tag, "")
        return Rows(unit, (one for one in rows if not column or _value(one[1], column) == mine))

    def told_apart(self, part: Part) -> tuple[str, str]:
        """The tag and the column that say which corpus a row belongs to, of files with several."""
        return "", ""

    def mine(self, rows: Iterator[tuple[str, Fields]], part: Part) -> Iterator[tuple[str, Fields]]:
        """Those of the documents or judgements that belong to the part's corpus."""
        tag, column = self.told_apart(part)
        for place, row in rows:
            try:
                if not column or row.text(column) == part.tags.get(tag, ""):
                    yield place, row
            except DataError as error:
                raise DataError(f"{place}: {error}") from None

    def shared(self, part: Part) -> tuple[Document, ...]:
        """The corpus; what is wrong with the judgements is told before any query is read."""
        self.judged(part)
        return tuple(self.corpus(part).values())

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A query with the documents relevant to it; one that was not judged is left out."""
        name, text = row.text(self.query[0]), row.text(self.query[1])
        if golds := self.golds(row, part):
            yield self.asked(name, text, golds, part)

    def corpus(self, part: Part) -> Mapping[str, Document]:
        """The documents by their ids."""
        found: Mapping[str, Document] = self._kept(
            "corpus", part, lambda: dict(self._documents(part))
        )
        return found

    def golds(self, row: Fields, part: Part) -> Mapping[str, int]:
        """The grades of the documents relevant to a query."""
        return self.judged(part).get(row.text(self.query[0]), {})

    def judged(self, part: Part) -> Grades:
        """The judgements that stand in a file of their own."""
        found: Grades = self._kept("judged", part, lambda: self.read_judged(part))
        return found

    def read_judged(self, part: Part) -> Grades:
        """By query, the grades above 0 of documents."""
        return {}

    def passages(self, part: Part) -> Iterator[tuple[str, Fields]]:
        """The rows of the corpus, each with the place where it stands."""
        raise NotImplementedError

    def asked(
        self, name: str, text: str, golds: Mapping[str, int], part: Part
    ) -> Mapping[str, object]:
        """The record of a query. Raises DataError for a relevant document that is not there."""
        corpus = self.corpus(part)
        lost = next((one for one in golds if one not in corpus), None)
        if lost is not None:
            raise DataError(f"the relevant document {lost!r} of {name!r} is not in the corpus")
        stem = "-".join(part.tags.values()) or self.name
        return {
            "id": f"{stem}-{name}",
            "question": text,
            "answers": [],
            "evidence": [{"document": one, "grade": grade} for one, grade in golds.items()],
            "group": f"{stem}-{name}",
        }

    def _parts(self) -> list[Part]:
        """The corpora, each with the name of its set, which may be that of the folder given."""
        return [one for part in Benchmark._parts(self) for one in self._corpora(part)]

    def _corpora(self, part: Part) -> Iterator[Part]:
        path = Path(self.path) if part.path is None else part.path.absolute().parent
        part = part._replace(tags={"task": path.name, **part.tags})
        tag, column = self.told_apart(part)
        if not column:
            yield part
            return
        rows = Benchmark.rows(self, part).each
        values = dict.fromkeys(_value(load, column) for _, load in rows)
        for value in sorted(values, key=lambda value: (not value.isdigit(), len(value), value)):
            yield part._replace(tags={**part.tags, tag: value})

    def _documents(self, part: Part) -> Iterator[tuple[str, Document]]:
        names, titles, texts = self.document
        for place, row in self.passages(part):
            try:
                name, title = row.text(names), row.text(titles, "") if titles else ""
                text = row.text(texts)
            except DataError as error:
                raise DataError(f"{place}: {error}") from None
            # searched as BEIR's models read it: the title, a space, the text
            yield name, Document(name, f"{title} {text}".strip(), {"title": title} if title else {})

    def _kept(self, what: str, part: Part, make: Callable[[], Any]) -> Any:
        """What is read once for a part; the part before it is let go."""
        if self._held.get("part") != part:
            self._held.clear()
            self._held["part"] = part
        if what not in self._held:
            self._held[what] = make()
        return self._held[what]


def read(path: Path) -> Iterator[tuple[str, Fields]]:
    """The rows of a file, each with the place where it stands."""
    unit, rows = rows_of(path)
    for number, load in rows:
        place = f"{path} {unit} {number}"
        try:
            row = Fields(load())
        except DataError as error:
            raise DataError(f"{place}: {error}") from None
        yield place, row


def of_hub(path: str, config: str, split: str, revision: str) -> Iterator[tuple[str, Fields]]:
    """The rows of the hub, each with the place where it stands."""
    for number, row in enumerate(hub_rows(path, config, split, revision)):
        yield f"{path} {config} row {number}", Fields(row)


def _value(load: Callable[[], object], name: str) -> str:
    """What a row is told apart by; one without it is told where the rows of none are read."""
    try:
        return Fields(load()).text(name)
    except DataError:
        return ""
