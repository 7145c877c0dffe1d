"""Fitting whole documents into a context window, with nothing cut off unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from crossover.errors import WindowError
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Model
from crossover.types import Document, Passage

Overflow = Literal["middle", "tail", "head", "fail"]
# small enough to fill the window closely, large enough that counting them is cheap
PIECE = Tokens(size=100)
COUNTS_KEPT = 10_000
_counts: dict[tuple[str, str], int] = {}


def whole(documents: Sequence[Document]) -> list[Passage]:
    """Every document as one passage."""
    return [Passage(d.id, 0, len(d.text), d.text) for d in documents]


def fit(
    documents: Sequence[Document], room: int, overflow: Overflow, model: Model
) -> tuple[list[Passage], str]:
    """Return the documents as passages of at most ``room`` tokens, and a line on what was cut.

    ``overflow`` names the part that is cut: the middle, the tail or the head of all documents in
    order; ``fail`` raises WindowError instead.
    """
    total = sum(_tokens(document, model) for document in documents)
    if total <= room:
        return whole(documents), ""
    said = f"{total:,} tokens exceed the {max(room, 0):,} that fit"
    if overflow == "fail" or room <= 0:
        raise WindowError(f"{said} into the window")
    passages = _joined(_kept(documents, room, overflow, model), documents)
    if not passages:
        raise WindowError(f"{said}: not even one piece of {PIECE.size} tokens fits")
    return passages, f"{said}: cut at the {overflow}"


def _kept(
    documents: Sequence[Document], room: int, overflow: Overflow, model: Model
) -> list[Passage]:
    """The pieces that fit, in order; of a large corpus only what is near its ends is cut."""
    shares = {"middle": (room // 2, room - room // 2), "tail": (room, 0), "head": (0, room)}
    front, back = shares[overflow]
    ahead, behind = list(enumerate(documents)), list(enumerate(documents))[::-1]
    found = _filled(ahead, front, 1, model) | _filled(behind, back, -1, model)
    return [found[place] for place in sorted(found)]


def _filled(
    documents: Iterable[tuple[int, Document]], room: int, step: int, model: Model
) -> dict[tuple[int, int], Passage]:
    """Pieces by their places, one after the other in a direction, as long as there is room."""
    taken: dict[tuple[int, int], Passage] = {}
    for at, document in documents:
        pieces = PIECE.chunk(document)[::step]
        sizes = model.count_many([piece.text for piece in pieces])
        for piece, size in zip(pieces, sizes, strict=True):
            room -= size
            if room < 0:
                return taken
            taken[at, piece.start] = piece
    return taken


def _joined(pieces: Sequence[Passage], documents: Sequence[Document]) -> list[Passage]:
    """Join neighbours, so that a cut is where a passage ends."""
    texts = {document.id: document.text for document in documents}
    joined: list[Passage] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and last.document == piece.document and last.end == piece.start:
            text = texts[piece.document][last.start : piece.end]
            joined[-1] = replace(last, end=piece.end, text=text)
        else:
            joined.append(piece)
    return joined


def _tokens(document: Document, model: Model) -> int:
    """Count a document once per model: counting a million tokens for every question is slow."""
    # a component's repr is its whole configuration
    key = (document.digest, repr(model))
    if key not in _counts:
        if len(_counts) >= COUNTS_KEPT:
            _counts.clear()
        _counts[key] = model.count(document.text)
    return _counts[key]
