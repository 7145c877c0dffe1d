"""Passages as a local model's tokens, each with its place in a passage's text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crossover.compressors._attention import Attention
from crossover.compressors._keeping import Unit
from crossover.types import Passage

Place = tuple[int, int, int]
BETWEEN = "\n\n"
# characters; what has no white space for longer, as in Chinese, is no single word
LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of all passages; ``places`` are (passage, start, end), None for what is no text."""

    ids: list[int]
    places: list[Place | None]

    @classmethod
    def of(cls, passages: Sequence[Passage], attention: Attention) -> Tokens:
        """Encode passages, blank lines between them."""
        ids, places = list[int](), list[Place | None]()
        between = attention.encode(BETWEEN)[0]
        for at, passage in enumerate(passages):
            if ids:
                ids += between
                places += [None] * len(between)
            found, offsets = attention.encode(passage.text)
            ids += found
            places += [_place(at, passage.text, *offset) for offset in offsets]
        return cls(ids, places)


def _place(at: int, text: str, start: int, end: int) -> Place | None:
    """Where a token's characters stand, without the white space around them."""
    shown = text[start:end]
    start += len(shown) - len(shown.lstrip())
    end = start + len(shown.strip())
    return (at, start, end) if start < end else None


def spread(count: int, most: int) -> Iterator[tuple[int, int]]:
    """Cut a count into equal parts of at most ``most``."""
    parts = -(-count // most)
    bounds = [part * count // parts for part in range(parts)]
    yield from zip(bounds, [*bounds[1:], count], strict=True)


def widened(passages: Sequence[Passage], units: Sequence[Unit]) -> list[Unit]:
    """Whole words in place of their tokens, each as good as its best token."""
    words = [
        [w.span() for w in re.finditer(r"\S+", passage.text) if len(w.group()) <= LONGEST_WORD]
        for passage in passages
    ]
    best = dict[Place, float]()
    for unit in units:
        place = unit.passage, *_around(words[unit.passage], unit.start, unit.end)
        best[place] = max(unit.score, best.get(place, unit.score))
    return [Unit(*place, score) for place, score in best.items()]


def _around(words: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """The word that holds these characters; themselves where none does."""
    at = bisect_right(words, (start, float("inf"))) - 1
    inside = at >= 0 and words[at][0] <= start and end <= words[at][1]
    return words[at] if inside else (start, end)
