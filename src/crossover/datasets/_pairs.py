"""JSON objects of keys and values that mean nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from uuid import UUID

from crossover.datasets._haystack import as_many
from crossover.datasets._lengths import Counter

Pair = tuple[str, str]
OPENED, CLOSED = "{\n", "\n}"
LINE = ' "{}": "{}",\n'


def written(pairs: Sequence[Pair]) -> str:
    """One JSON object with a pair on each line."""
    lines = "".join(LINE.format(*pair) for pair in pairs)
    return OPENED + lines.removesuffix(",\n") + CLOSED


def places(pairs: Sequence[Pair], wanted: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Where pairs stand in the text, with their quotation marks, in its order."""
    starts, at = list[int](), len(OPENED) + 1
    for pair in pairs:
        starts.append(at)
        at += len(LINE.format(*pair))
    # a line has a space before it, a comma and its end behind it
    ends = ((number, starts[number] + len(LINE.format(*pairs[number])) - 3) for number in wanted)
    return tuple(sorted((starts[number], end) for number, end in ends))


def others(drawn: Iterator[str], own: Sequence[Pair], tokens: int, counter: Counter) -> list[Pair]:
    """As many other pairs as make a text of so many tokens with one's own."""
    found = dict[str, Pair]()

    def draw() -> str:
        pair = next(drawn), next(drawn)
        line = LINE.format(*pair)
        found[line] = pair
        return line

    room = (
        tokens - counter.count(OPENED + CLOSED) - sum(counter.each([LINE.format(*p) for p in own]))
    )
    return [found[line] for line in as_many(draw, max(0, room), counter)]


def identifiers(random: Random) -> Iterator[str]:
    """Yield UUIDs of version 4, none twice."""
    taken: set[str] = set()
    while True:
        one = str(UUID(int=random.getrandbits(128), version=4))
        if one not in taken:
            taken.add(one)
            yield one
