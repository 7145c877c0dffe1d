"""Asks about a document: picks from the candidates, spread over it or at one depth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from crossover.datasets.biographies.candidates import Candidate, Candidates, Kind
from crossover.datasets.biographies.document import Written
from crossover.errors import ConfigError

NEIGHBOURS = 40
# how far from the wanted depth a peculiarity may lie before another paraphrase is taken
HABIT_SLACK = 0.03
DEPTH_BINS = ("0-20%", "20-40%", "40-60%", "60-80%", "80-100%")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its kind, its answers and where its evidence stands."""

    kind: Kind
    text: str
    answers: tuple[str, ...]
    evidence: tuple[tuple[int, int], ...]
    depth: str


class Interview:
    """Picks the questions of one document; nothing is asked twice."""

    def __init__(self, written: Written, depth: float | None, seed: str) -> None:
        self._random = Random(seed)
        self._length = len(written.text)
        self._tokens = written.tokens
        self._depth = depth
        self._candidates = Candidates(written, self._random)
        self._taken: set[str] = set()

    def ask(self, kinds: Sequence[Kind]) -> list[Asked]:
        """Ask one question per entry of ``kinds``, in an order that says nothing about them."""
        found = [
            self._asked(kind, candidate)
            for kind in dict.fromkeys(kinds)
            for candidate in self._pick(kind, kinds.count(kind))
        ]
        self._random.shuffle(found)
        return found

    def _pick(self, kind: Kind, wanted: int) -> Iterator[Candidate]:
        pool = self._candidates.of(kind)
        habits = self._candidates.habits() if kind == "paraphrase" else []
        for number in range(wanted):
            at = self._target(number, wanted)
            found = self._habit(habits, at) if number % 2 == 0 else None
            found = found or self._nearest(pool, at) or self._nearest(habits, at)
            if found is None:
                raise ConfigError(
                    f"biographies: a document of {self._tokens} tokens holds {number} {kind} "
                    f"questions, not {wanted}; lower questions, raise tokens or change kinds"
                )
            self._taken.add(found.key)
            yield found

    def _target(self, number: int, wanted: int) -> float:
        if self._depth is not None:
            return self._depth * self._length
        return (number + self._random.random()) / wanted * self._length

    def _habit(self, habits: list[Candidate], at: float) -> Candidate | None:
        found = self._nearest(habits, at)
        if found is None or self._depth is None:
            return found
        return found if abs(found.place - at) <= HABIT_SLACK * self._length else None

    def _nearest(self, pool: list[Candidate], at: float) -> Candidate | None:
        """The candidate nearest to a place: at a wanted depth, all its evidence counts."""
        middle, reach = bisect_left(pool, at, key=lambda candidate: candidate.place), NEIGHBOURS
        while True:
            near = pool[max(0, middle - reach) : middle + reach]
            free = [candidate for candidate in near if candidate.key not in self._taken]
            if free or reach > len(pool):
                return min(free, key=lambda one: self._distance(one, at), default=None)
            reach *= 4

    def _distance(self, candidate: Candidate, at: float) -> float:
        if self._depth is None or not candidate.evidence:
            return abs(candidate.place - at)
        return sum(abs(start - at) for start, _ in candidate.evidence) / len(candidate.evidence)

    def _asked(self, kind: Kind, candidate: Candidate) -> Asked:
        text = candidate.text(self._random)
        depth = self._bin(candidate.place) if candidate.evidence else ""
        return Asked(kind, text, candidate.answers, candidate.evidence, depth)

    def _bin(self, place: float) -> str:
        return DEPTH_BINS[min(int(place / self._length * len(DEPTH_BINS)), len(DEPTH_BINS) - 1)]
