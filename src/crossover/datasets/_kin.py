"""Chains of invented kin: sentences that say who is whose father, grandmother and so on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, islice, pairwise
from random import Random

from crossover.datasets._lengths import Counter
from crossover.datasets._words import coined
from crossover.errors import ConfigError

# people whose sentences tell how long one is
SAMPLE = 64
# sentences at the end that are drawn anew, and how often
TAIL, TRIES = 4, 400
# people beyond those that it is likely to take
SPARE = 1.1

# how many generations a word goes back, and the word for it
TERMS = (
    (1, "father"),
    (1, "mother"),
    (1, "parent"),
    (2, "grandfather"),
    (2, "grandmother"),
)
SAID = (
    "{elder} is the {term} of {younger}.",
    "{younger} calls {elder} {term}, and rightly so.",
    "{younger} is proud of {elder}, who is the {term}.",
    "The {term} of {younger} is {elder}.",
)


@dataclass(frozen=True, slots=True)
class Kin:
    """People from the eldest on, and the sentences between each and the next."""

    names: tuple[str, ...]
    sentences: tuple[str, ...]
    generations: tuple[int, ...]

    @property
    def apart(self) -> int:
        """Generations between the eldest and the youngest."""
        return sum(self.generations)


def people(random: Random) -> Iterator[str]:
    """Names of people, none twice, and none of their parts twice."""
    taken: set[str] = set()
    while True:
        first, last = coined(random).title(), coined(random).title()
        if not {first, last} & taken and first != last:
            taken |= {first, last}
            yield f"{first} {last}"


def kin(random: Random, names: Sequence[str]) -> Kin:
    """Make the people kin in this order."""
    said = [_said(random, elder, younger) for elder, younger in pairwise(names)]
    return Kin(tuple(names), tuple(text for _, text in said), tuple(back for back, _ in said))


def chain(random: Random, tokens: int, counter: Counter) -> Kin:
    """Kin whose sentences have so many tokens together; the last ones are drawn until they fit.

    Raises ConfigError where a few sentences have more.
    """
    names = people(random)
    first = kin(random, list(islice(names, SAMPLE)))
    each = sum(_costs(first, counter)) / len(first.sentences)
    many = kin(random, list(islice(names, int(SPARE * tokens / each) + SAMPLE)))
    costs = list(accumulate(_costs(many, counter)))
    kept = bisect_right(costs, tokens - TAIL * each)
    if kept < 1:
        raise ConfigError(f"the kin of {tokens} tokens are too few; raise tokens")
    room = tokens - costs[kept - 1]
    head = list(many.names[: kept + 1])
    tails = (kin(random, [head[-1], *islice(names, TAIL + extra)]) for extra in cycle((0, 1)))
    tail = _nearest(islice(tails, TRIES), room, counter)
    return Kin(
        (*head, *tail.names[1:]),
        (*many.sentences[:kept], *tail.sentences),
        (*many.generations[:kept], *tail.generations),
    )


def _nearest(tails: Iterator[Kin], room: int, counter: Counter) -> Kin:
    """The first tail that has as many tokens as there is room for, else the nearest."""
    best = next(tails)
    least = abs(room - sum(_costs(best, counter)))
    while least > 1 and (tail := next(tails, None)):
        off = abs(room - sum(_costs(tail, counter)))
        best, least = (tail, off) if off < least else (best, least)
    return best


def _costs(family: Kin, counter: Counter) -> list[int]:
    return counter.each([f" {sentence}" for sentence in family.sentences])


def _said(random: Random, elder: str, younger: str) -> tuple[int, str]:
    back, term = random.choice(TERMS)
    return back, random.choice(SAID).format(elder=elder, younger=younger, term=term)
