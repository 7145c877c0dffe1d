"""Whole sentences packed into chunks of so many tokens."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from crossover.retrievers.chunkers._structure import sentence_starts
from crossover.retrievers.chunkers._tokens import token_starts
from crossover.types import Document


def units(document: Document, longest: int) -> tuple[list[int], list[int]]:
    """Where sentences start and how many tokens each has; longer ones are cut into pieces.

    Together the units have every token of the document: a token counts where it starts.
    """
    tokens = token_starts(document.text)
    places = [bisect_left(tokens, start) for start in sentence_starts(document)]
    starts: list[int] = []
    for start, (first, last) in zip(
        sentence_starts(document), pairwise([*places, len(tokens)]), strict=True
    ):
        starts.append(start)
        # a character of several tokens is where all of them start
        starts += sorted({at for at in tokens[first + longest : last : longest] if at > start})
    places = [bisect_left(tokens, start) for start in starts]
    return starts, [end - place for place, end in pairwise([*places, len(tokens)])]


def pack(counts: Sequence[int], size: int, overlap: int = 0) -> Iterator[tuple[int, int]]:
    """Ranges of units (first, last excluded) of at most ``size`` tokens.

    A range repeats the last units of the one before, ``overlap`` tokens of them at most, and fewer
    where its own first unit would not fit otherwise.
    """
    first = 0
    while first < len(counts):
        last, total = first + 1, counts[first]
        while last < len(counts) and total + counts[last] <= size:
            total += counts[last]
            last += 1
        yield first, last
        if last == len(counts):
            return
        room = min(overlap, size - counts[last])
        back = last
        while back - 1 > first and counts[back - 1] <= room:
            back -= 1
            room -= counts[back]
        first = back


def limited(document: Document, starts: Sequence[int], size: int) -> list[int]:
    """Cut what is longer than ``size`` tokens between sentences; the given cuts stay."""
    fine, counts = units(document, size)
    places = [bisect_left(fine, start) for start in starts]
    return [
        fine[low + first]
        for low, high in pairwise([*places, len(fine)])
        for first, _ in pack(counts[low:high], size)
    ]
