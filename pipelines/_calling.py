"""How strategies of several calls ask: every call a named step, independent ones side by side."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import NamedTuple

from crossover import meter
from crossover.compressors._writing import quoted, replies, room_for, shown_by
from crossover.errors import WindowError
from crossover.roles import Model
from crossover.sentences import sentences
from crossover.types import Completion, Document, Passage, Request

__all__ = ["many", "noted", "one", "packed", "room_for"]

# sentences whose places and sizes are kept, over all documents: a few dozen megabytes
SENTENCES_KEPT = 300_000


def one(model: Model, request: Request, name: str, other: bool = False) -> Completion:
    """Make one call, a step of that name in the trace.

    ``other``: the model is not the answering one, so that a dry run bills it without asking.
    """
    with meter.stage(name):
        if other and meter.current().planning:
            return replies([request], model, other)[0]
        return model.complete(request)


def many(
    model: Model, requests: Sequence[Request], name: str, other: bool = False
) -> list[Completion]:
    """Make independent calls side by side; replies in the order of the requests.

    What fails first is raised, and calls not sent by then are not sent. ``other`` as in ``one``.
    """
    with meter.stage(name):
        if other and meter.current().planning:
            return replies(requests, model, other)
        return model.complete_many(requests)


def noted(reply: Completion, read: Sequence[Passage]) -> list[Passage]:
    """A reply as passages to show to the next call; nothing where it is empty or declined.

    A reply that consists of sentences of what was read keeps their places; any other was written
    about what stands where ``read`` begins. In a dry run it is as long as it could be.
    """
    text = reply.text.strip()
    if not text or reply.declined:
        return []
    if quoted(reply, read):
        return list(reply.evidence)
    if meter.current().planning:
        text = " ".join([text] * (reply.usage.output_tokens or 1))
    at = read[0] if read else Passage("", 0, 0, "")
    return [Passage(at.document, at.start, at.start, text)]


def packed(documents: Sequence[Document], room: int, model: Model) -> list[list[Passage]]:
    """Documents in order as parts of whole sentences of at most ``room`` of the model's tokens.

    Every part is as full as can be; a document may end and the next begin within one. Raises
    WindowError where the room is too small for any text.
    """
    parts, left = list[list[tuple[Document, int, int]]](), 0
    for document in documents:
        frame, begun = shown_by(model)(Passage(document.id, 0, 0, "")), False
        for start, end, tokens in _pieces(document, room - frame, model):
            needed = tokens if begun else tokens + frame
            if not parts or needed > left:
                parts.append([])
                left, begun, needed = room, False, tokens + frame
            first = parts[-1].pop()[1] if begun else start
            parts[-1].append((document, first, end))
            left, begun = left - needed, True
    return [[Passage(d.id, first, end, d.text[first:end]) for d, first, end in p] for p in parts]


class _Piece(NamedTuple):
    """A sentence, or a part of one: its place, and its tokens with the space after it."""

    start: int
    end: int
    tokens: int


def _pieces(document: Document, room: int, model: Model) -> Iterator[_Piece]:
    """The sentences of a document, those cut that are longer than the room."""
    for piece in _sized(document, model):
        yield from [piece] if piece.tokens <= room else _halves(document, piece, room, model)


def _halves(document: Document, piece: _Piece, room: int, model: Model) -> Iterator[_Piece]:
    text, start, end = document.text, piece.start, piece.end
    if end - start < 2:
        raise WindowError(f"{max(room, 0):,} tokens leave no room for any text")
    middle = (start + end) // 2
    space = text.rfind(" ", start + 1, middle)
    cut = space if space > start else middle
    for first, last in ((start, cut), (cut + (space > start), end)):
        half = _Piece(first, last, _shown(text[first:last], model) - _frame(model))
        yield from [half] if half.tokens <= room else _halves(document, half, room, model)


class _Counts:
    """The sentences of documents with their sizes, the latest used ones kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[_Piece, ...]] = OrderedDict()
        self._sentences = 0
        self._lock = Lock()

    def get(self, key: tuple[str, str]) -> tuple[_Piece, ...] | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: tuple[str, str], found: tuple[_Piece, ...]) -> None:
        with self._lock:
            self._sentences += len(found) - len(self._kept.pop(key, ()))
            self._kept[key] = found
            while len(self._kept) > 1 and self._sentences > SENTENCES_KEPT:
                self._sentences -= len(self._kept.popitem(last=False)[1])


_counts = _Counts()
_counting = Lock()


def _sized(document: Document, model: Model) -> tuple[_Piece, ...]:
    """The sentences of a document with their sizes, counted once for all questions on it."""
    # a component's repr is its whole configuration
    key = (document.digest, repr(model))
    found = _counts.get(key)
    if found is not None:
        return found
    # questions that come at once do not all count
    with meter.turn(_counting):
        found = _counts.get(key)
        if found is None:
            found = tuple(_counted(document.text, model))
            _counts.put(key, found)
    return found


def _counted(text: str, model: Model) -> Iterator[_Piece]:
    places = sentences(text)
    follows = (start for start, _ in (*places[1:], (len(text), 0)))
    frame = _frame(model)
    for (start, end), following in zip(places, follows, strict=False):
        yield _Piece(start, end, _shown(text[start:following], model) - frame)


def _frame(model: Model) -> int:
    """The tokens of a passage without text; what a text takes beyond them is its own."""
    return _shown("", model)


def _shown(text: str, model: Model) -> int:
    return shown_by(model)(Passage("", 0, 0, text))
