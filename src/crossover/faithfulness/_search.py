"""Informed search for the passages that matter: coarse groups first, the best of them halved."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crossover.compressors._attention_tokens import spread
from crossover.faithfulness._values import Values

Group = tuple[int, ...]
Score = Callable[[Sequence[Group]], list[float]]


def search(count: int, k: int, score: Score, halving: bool = True) -> Iterator[dict[int, float]]:
    """Score groups, keep the ``k`` best and halve them till each is one passage.

    Yields every round's scores by passage, its group's at first; passages that are dropped on the
    way have none. Without ``halving`` every passage is scored by itself at once.
    """
    most = 2 * k if halving else count
    groups = [tuple(range(*bounds)) for bounds in spread(count, -(-count // most))]
    while True:
        scores = score(groups)
        yield {n: value for group, value in zip(groups, scores, strict=True) for n in group}
        if all(len(group) == 1 for group in groups):
            return
        ranked = sorted(range(len(groups)), key=lambda at: (-scores[at], at))
        groups = [half for at in sorted(ranked[:k]) for half in _halves(groups[at])]


def _halves(group: Group) -> Iterator[Group]:
    middle = (len(group) + 1) // 2
    yield from (half for half in (group[:middle], group[middle:]) if half)


@dataclass(frozen=True, slots=True)
class Scores:
    """Three ways to score groups of passages, by what sets of them are worth."""

    values: Values
    permutations: int
    share: float
    seed: int

    def stc(self, groups: Sequence[Group]) -> list[float]:
        """What each group adds to no passages at all (single text contribution)."""
        nothing, *alone = self.values.of([(), *groups])
        return [value - nothing for value in alone]

    def loo(self, groups: Sequence[Group]) -> list[float]:
        """What is lost when each group is left out of all that remain (leave one out)."""
        every = [n for group in groups for n in group]
        without = [set(every) - set(group) for group in groups]
        whole, *rest = self.values.of([every, *without])
        return [whole - value for value in rest]

    def shapley(self, groups: Sequence[Group]) -> list[float]:
        """The mean of each group's largest gains, as it joins those before it in random orders."""
        drawn = random.Random(self.seed)
        gains: list[list[float]] = [[] for _ in groups]
        for _ in range(self.permutations):
            order = drawn.sample(range(len(groups)), len(groups))
            joined = [
                [n for at in order[:end] for n in groups[at]] for end in range(len(order) + 1)
            ]
            values = self.values.of(joined)
            for place, at in enumerate(order):
                gains[at].append(values[place + 1] - values[place])
        kept = max(1, round(self.share * self.permutations))
        return [sum(sorted(some, reverse=True)[:kept]) / kept for some in gains]


def ensemble(found: Sequence[tuple[float, Mapping[int, float]]]) -> dict[int, float]:
    """The best of each passage's scores, each way's scaled by its weight."""
    best = dict[int, float]()
    for weight, scores in found:
        for passage, score in scores.items():
            best[passage] = max(weight * score, best.get(passage, weight * score))
    return best
