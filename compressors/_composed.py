"""Passages made of what a document says and of words that are not its own."""

from __future__ import annotations

from collections.abc import Iterable

from crossover.types import Passage, Piece

Item = str | tuple[int, int]


def composed(passage: Passage, items: Iterable[Item]) -> Passage:
    """Put written texts and characters (start, end) of the passage together as they come."""
    parts, pieces, length = list[str](), list[Piece](), 0
    for item in items:
        if isinstance(item, str):
            text = item
        else:
            run = passage.cut(*item)
            pieces += [piece._replace(at=piece.at + length) for piece in run.pieces]
            text = run.text
        parts.append(text)
        length += len(text)
    whole = "".join(parts)
    if not pieces:
        return Passage(passage.document, passage.start, passage.start, whole, passage.score)
    first, last = pieces[0].start, pieces[-1].end
    exact = len(pieces) == 1 and last - first == length
    kept = () if exact else tuple(pieces)
    return Passage(passage.document, first, last, whole, passage.score, kept)
