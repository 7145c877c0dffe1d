"""Records become examples that share their documents: every text is held once."""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from weakref import WeakValueDictionary

from crossover.blobs import Place, path_within
from crossover.datasets._records import (
    BadField,
    Evidence,
    InlineDocument,
    QuestionRecord,
    suggestion,
    validated,
)
from crossover.errors import DataError
from crossover.files import read_document
from crossover.types import Document, Example, Form, Question, Span

Row = TypeVar("Row")
DEFAULT_METRICS = ("answer_recall", "substring_match", "f1_squad")
LONGEST_GROUP = 100
# documents whose ids an error has room for
MOST_NAMED = 1000


@dataclass(slots=True)
class Library:
    """The documents of a dataset. ``root`` is the folder that paths may not leave.

    An inline text is held as long as a question on it is.
    """

    root: Place | None = None
    files: dict[str, Document] = field(default_factory=dict)
    by_id: WeakValueDictionary[str, Document] = field(default_factory=WeakValueDictionary)
    by_text: WeakValueDictionary[bytes, Document] = field(default_factory=WeakValueDictionary)
    digests: dict[str, bytes] = field(default_factory=dict)

    def add_files(self, documents: Iterable[Document]) -> None:
        """Take in documents that are files right inside the root."""
        self.files |= {document.id: document for document in documents}

    def document(self, given: InlineDocument | str) -> Document:
        """Return the document that a record gives, inline or by path."""
        return self.file(given) if isinstance(given, str) else self.inline(given)

    def inline(self, given: InlineDocument) -> Document:
        """Return the document of that id; raises DataError where its text is another one."""
        digest = hashlib.sha256(given.text.encode()).digest()
        self._agree(given.id, digest)
        if (known := self.files.get(given.id) or self.by_id.get(given.id)) is not None:
            return known
        same = self.by_text.get(digest)
        title = {"title": given.title} if given.title else {}
        document = Document(given.id, given.text if same is None else same.text, title)
        self.by_id[given.id] = self.by_text[digest] = document
        return document

    def context(self, text: str) -> Document:
        """Return the document of a text that has no id: it is known by its content."""
        return self.inline(InlineDocument(id=f"text-{_digest(text)[:12]}", text=text))

    def file(self, path: str) -> Document:
        """Return the document of a file in the root's tree; its id is the path from there."""
        if self.root is None:
            raise DataError("expected an inline document, a path means nothing here")
        try:
            name = path_within(self.root, path)
        except (OSError, ValueError, RuntimeError):
            raise DataError(f"{path!r} cannot be a file's path") from None
        if name is None:
            raise DataError(f"{path} lies outside {self.root}; documents must lie inside it")
        if name not in self.files:
            document = read_document(self.root / name, name)
            if name in self.digests:
                self._agree(name, bytes.fromhex(document.digest))
            self.add_files([document])
        return self.files[name]

    def _agree(self, id: str, digest: bytes) -> None:
        """Raise DataError where another text has the id."""
        if id in self.files and id not in self.digests:
            self.digests[id] = bytes.fromhex(self.files[id].digest)
        if self.digests.setdefault(id, digest) != digest:
            raise DataError(f"another text stood under the id {id!r} before")


class Cluster(NamedTuple):
    """Documents of questions, each once, and the group that they make."""

    documents: tuple[Document, ...]
    by_id: Mapping[str, Document]
    group: str


def _cluster(documents: Iterable[Document]) -> Cluster:
    by_id = {document.id: document for document in documents}
    return Cluster(tuple(by_id.values()), by_id, _group(by_id))


@dataclass(slots=True)
class ExampleBuilder:
    """Builds examples; ``share()`` tells the documents of a record that names none.

    With ``letters`` an answer may be a choice's letter, beside its text.
    """

    library: Library = field(default_factory=Library)
    shared: Cluster = Cluster((), {}, "")
    unit: str = "line"
    letters: bool = False
    seen: dict[str, int] = field(default_factory=dict)

    def build(self, raw: object, number: int) -> Example:
        """Build the example of a raw record; raises DataError for the first thing wrong in it."""
        record = validated(raw, self.letters)
        name = record.id or f"{self.unit}-{number}"
        if name in self.seen:
            raise BadField(
                "id", f"{reprlib.repr(name)} is taken by {self.unit} {self.seen[name]} already"
            )
        documents, by_id, group = self._documents(record)
        form = record.resolved_form()
        example = Example(
            Question(name, record.question, documents, form, tuple(record.choices)),
            answers=tuple(record.answers),
            evidence=tuple(_spans(record.evidence, by_id)),
            group=record.group or group,
            tags=dict(record.tags),
        )
        self.seen[name] = number
        return example

    def share(self, documents: Iterable[Document]) -> None:
        """Take the documents of all records that name none: a corpus is gone through once."""
        self.shared = _cluster(documents)

    def _documents(self, record: QuestionRecord) -> Cluster:
        found = [self.library.context(text) for text in record.context]
        for place, given in enumerate(record.documents):
            try:
                found.append(self.library.document(given))
            except DataError as error:
                raise BadField(f"documents[{place}]", str(error)) from None
        if not found and not self.shared.documents:
            raise BadField("documents", "missing; expected texts or paths, or context with a text")
        return _cluster(found) if found else self.shared


def read(
    rows: Iterable[tuple[int, Row]],
    build: Callable[[Row, int], Example],
    source: str,
    unit: str = "line",
    skipped: list[str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Example]:
    """Build an example of each row; a bad one raises DataError, or goes to ``skipped`` if given.

    The error says where (``questions.jsonl line 17``) and names the field after its column where
    ``columns`` has one. Raises DataError too where no usable row is left.
    """
    found = 0
    for number, row in rows:
        try:
            example = build(row, number)
        except DataError as error:
            told = error.under(columns or {}) if isinstance(error, BadField) else str(error)
            line = f"{source} {unit} {number}: {told}"
            if skipped is None:
                raise DataError(line) from None
            skipped.append(line)
        else:
            found += 1
            yield example
    if not found and skipped:
        raise DataError(f"{source}: all {len(skipped)} records are bad; first: {skipped[0]}")
    if not found:
        raise DataError(f"{source}: holds no record")


def metrics_for(forms: Iterable[Form]) -> Sequence[str]:
    """Name the metrics that fit questions of these forms, the headline one first."""
    kinds = iter(forms)
    only_choices = next(kinds, "answer") == "choice" and all(form == "choice" for form in kinds)
    return ("choice_accuracy",) if only_choices else DEFAULT_METRICS


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _group(names: Iterable[str]) -> str:
    joined = "+".join(names)
    return joined if len(joined) <= LONGEST_GROUP else _digest(joined)[:16]


def _spans(given: Sequence[Evidence], by_id: Mapping[str, Document]) -> Iterator[Span]:
    for place, evidence in enumerate(given):
        where = f"evidence[{place}]"
        name = evidence.document or (next(iter(by_id)) if len(by_id) == 1 else "")
        if name not in by_id:
            problem = f"{name!r} is none of the question's" if name else "missing"
            near = f"; {suggestion(name, by_id)}" if len(by_id) <= MOST_NAMED else ""
            raise BadField(f"{where}.document", problem + near)
        try:
            yield _span(evidence, by_id[name])
        except DataError as error:
            raise BadField(where, str(error)) from None


def _span(evidence: Evidence, document: Document) -> Span:
    start, end, quote, text = evidence.start, evidence.end, evidence.text, document.text
    if evidence.grade and (start, end, quote) == (None, None, None):
        return Span(document.id, 0, len(text), evidence.grade)
    if evidence.grade:
        raise DataError("a grade is one of the whole document; leave start, end and text out")
    if start is None and end is None and quote is not None:
        return _quoted(quote, document)
    if start is None or end is None:
        raise DataError("expected start and end, or a text that stands in the document")
    if not start < end <= len(text):
        length = f"{len(text):,} characters"
        raise DataError(f"{start} to {end} is no part of {document.id!r}, which has {length}")
    if quote is not None and text[start:end] != quote:
        raise DataError(f"characters {start} to {end} of {document.id!r} are not the given text")
    return Span(document.id, start, end)


def _quoted(quote: str, document: Document) -> Span:
    start = document.text.find(quote)
    if start < 0:
        raise DataError(f"the text does not occur in {document.id!r}, character by character")
    if document.text.find(quote, start + 1) >= 0:
        raise DataError(f"the text occurs more than once in {document.id!r}; give start and end")
    return Span(document.id, start, start + len(quote))
