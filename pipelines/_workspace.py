"""A context that a model edits: fragments that are shown, summarised, hidden and found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from crossover.compressors._writing import grouped
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Model
from crossover.types import Document, Passage, Piece

# characters of a fragment that its stub shows, and that are shown around a place that was found
STUB, AROUND = 60, 150
# tokens of a fragment's id, at most
HEAD = 10
# what search looks through, in tokens, and how many places it shows
SEARCHED = Tokens(size=100)
PLACES = 5
Shown = Literal["text", "summary", "hidden"]


class CannotDo(Exception):
    """An edit that makes no sense; its text is told back to the model."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a document under an id, and how it is shown at present."""

    id: str
    passage: Passage
    tokens: int
    shown: Shown = "text"
    summary: str = ""

    @property
    def stub(self) -> str:
        """The line that stands for it where it is hidden."""
        begins = " ".join(self.passage.text[: 2 * STUB].split())[:STUB]
        return f"[{self.id}: hidden, {self.tokens:,} tokens, begins: {begins} …]"


class Workspace:
    """The fragments of a question's documents; every edit returns a line that says what it did.

    What exceeds ``room`` tokens is hidden from the beginning. Raises CannotDo.
    """

    def __init__(
        self, documents: Sequence[Document], size: int | None, room: int, model: Model
    ) -> None:
        self.documents, self.model, self.room = tuple(documents), model, room
        whole = [Passage(d.id, 0, len(d.text), d.text) for d in documents if d.text.strip()]
        parts = [part for passage in whole for part in self._split(passage, size)]
        self.fragments = [self._fragment(f"f{n}", part) for n, part in enumerate(parts, 1)]
        left = room - self.visible()
        for at, one in enumerate(self.fragments):
            left -= one.tokens + HEAD - model.count(one.stub)
            if left < 0:
                break
            self.fragments[at] = replace(one, shown="text")

    def visible(self) -> int:
        """Tokens of the context as it is shown."""
        return sum(self.model.count(passage.text) for passage in self.shown())

    def shown(self) -> list[Passage]:
        """The context for the model, every fragment headed by its id."""
        return [_headed(one) for one in self.fragments]

    def seen(self) -> tuple[Passage, ...]:
        """What of the documents is shown, with its places; no hidden fragment."""
        return tuple(_plain(one) for one in self.fragments if one.shown != "hidden")

    def fragment(self, id: str, size: int | None, markers: Sequence[str]) -> str:
        """Split a fragment by size or before markers."""
        old = self._find(id)
        parts = _at_markers(old.passage, markers) if markers else self._split(old.passage, size)
        if len(parts) < 2:
            why = "no marker stands inside it" if markers else "it is no longer than that"
            return f"{id} was not split: {why}"
        shown: Shown = "hidden" if old.shown == "hidden" else "text"
        new = [
            replace(self._fragment(f"{id}.{n}", part), shown=shown)
            for n, part in enumerate(parts, 1)
        ]
        at = self.fragments.index(old)
        self.fragments[at : at + 1] = new
        return f"{id} is now {', '.join(f'{one.id} ({one.tokens:,} tokens)' for one in new)}"

    def summarise(self, id: str, text: str, write: Callable[[Passage], str]) -> str:
        """Show a summary instead of a fragment: the text given, or what ``write`` makes of it."""
        old = self._find(id)
        summary = " ".join((text or write(old.passage)).split())
        if not summary:
            return f"{id} stays as it is: its summary came back empty"
        self._put(old, replace(old, shown="summary", summary=summary))
        return f"{id} is summarised"

    def hide(self, ids: Sequence[str]) -> str:
        """Leave a line in place of each of these."""
        for one in list(map(self._find, ids)):
            self._put(one, replace(one, shown="hidden"))
        return f"hidden: {', '.join(ids)}"

    def restore(self, ids: Sequence[str]) -> str:
        """Show the whole text of these again, as far as there is room."""
        done = list[str]()
        for one in list(map(self._find, ids)):
            if one.shown != "text" and self.visible() + one.tokens + HEAD > self.room:
                done.append(f"{one.id} ({one.tokens:,} tokens) does not fit: hide others first")
            else:
                self._put(one, replace(one, shown="text"))
                done.append(f"{one.id} is restored")
        return "; ".join(done)

    def search(self, query: str, exact: bool) -> str:
        """The best places for a query, by BM25 or word for word, hidden text included."""
        found = list(self._exact(query) if exact else self._ranked(query))[:PLACES]
        if not found:
            return f"nothing found for {query!r}"
        return "\n".join([f"found for {query!r}:", *found])

    def _exact(self, query: str) -> Iterator[str]:
        for one in self.fragments:
            for match in re.finditer(re.escape(query.strip()), one.passage.text, re.IGNORECASE):
                start, end = max(0, match.start() - AROUND), match.end() + AROUND
                yield _place(one, one.passage.text[start:end])

    def _ranked(self, query: str) -> Iterator[str]:
        index = indexed(Bm25(), self.documents, SEARCHED, self.model)
        for found in index.search(query, PLACES, self.model):
            inside = (one for one in self.fragments if _overlap(one.passage, found))
            if found.score > 0 and (one := next(inside, None)):
                yield _place(one, found.text)

    def _split(self, passage: Passage, size: int | None) -> list[Passage]:
        if size is None:
            return [passage]
        groups = grouped([passage], size, lambda part: self.model.count(part.text))
        return [
            passage.cut(parts[0].start - passage.start, parts[-1].end - passage.start)
            for parts in groups
        ] or [passage]

    def _fragment(self, id: str, passage: Passage) -> Fragment:
        return Fragment(id, passage, self.model.count(passage.text), "hidden")

    def _find(self, id: str) -> Fragment:
        for one in self.fragments:
            if one.id == id.strip().strip("[]"):
                return one
        known = ", ".join(one.id for one in self.fragments) or "none"
        raise CannotDo(f"there is no fragment {id!r}; there are: {known}")

    def _put(self, old: Fragment, new: Fragment) -> None:
        self.fragments[self.fragments.index(old)] = new


def _at_markers(passage: Passage, markers: Sequence[str]) -> list[Passage]:
    """Cut before every place of a marker."""
    every = "|".join(re.escape(marker) for marker in markers if marker.strip())
    starts = {match.start() for match in re.finditer(every, passage.text)} if every else set()
    ends = sorted({0, *starts, len(passage.text)})
    return [passage.cut(start, end) for start, end in pairwise(ends)]


def _headed(one: Fragment) -> Passage:
    """A fragment as the model sees it."""
    at = one.passage
    if one.shown == "hidden":
        return Passage(at.document, at.start, at.start, one.stub)
    if one.shown == "summary":
        return Passage(at.document, at.start, at.start, f"[{one.id}: summary] {one.summary}")
    head = f"[{one.id}]\n"
    kept = (Piece(len(head), at.start, at.end),)
    return Passage(at.document, at.start, at.end, head + at.text, kept=kept)


def _plain(one: Fragment) -> Passage:
    at = one.passage
    if one.shown == "text":
        return at
    return Passage(at.document, at.start, at.start, one.summary)


def _place(one: Fragment, text: str) -> str:
    state = {"text": "", "summary": ", summarised", "hidden": ", hidden"}[one.shown]
    return f"[{one.id}{state}] … {' '.join(text.split())} …"


def _overlap(one: Passage, other: Passage) -> bool:
    return one.document == other.document and one.start < other.end and other.start < one.end
