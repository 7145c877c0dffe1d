"""From a budget of the answering model's tokens to what a token pruner is to be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossover.compressors._lingua_places import Join, Pruned, Text, assembled
from crossover.roles import Model
from crossover.types import Passage

# a result of at least this share of the budget is near enough; runs aim at the middle
NEAR = 0.95
AIM = 0.975


@dataclass(frozen=True, slots=True)
class Run:
    """What asking for a share of the tokens brought."""

    share: float
    tokens: int
    pruned: Pruned | None = None


@dataclass(frozen=True, slots=True)
class Fitting:
    """Prunes to a budget: ``prune`` is asked for the share that by the runs before comes near."""

    prune: Callable[[float], Pruned]
    passages: Sequence[Passage]
    texts: Sequence[Text]
    join: Join
    model: Model

    def fit(self, budget: int, passes: int) -> list[Passage]:
        """Run at most ``passes`` times for what is within the budget and at least 95 % of it.

        Where no run is, the shorter of the two nearest ones is filled up with what the longer one
        kept, evenly from all over. More than the budget is returned where every run kept more.
        """
        before = self._count(self.passages)
        under, over = Run(0.0, 0), Run(1.0, before)
        share = budget / before
        for left in reversed(range(passes)):
            pruned = self.prune(share)
            run = Run(share, self._count(self._assembled(pruned)), pruned)
            under, over = (run, over) if run.tokens <= budget else (under, run)
            if NEAR * budget <= under.tokens:
                break
            share = _between(under, over, AIM * budget)
            if left == 1 and not (under.pruned and over.pruned):
                # two runs to fill up between are worth more than one more that is off
                share = (share + (over if under.pruned else under).share) / 2
        return self._assembled(self._chosen(under, over, budget))

    def _chosen(self, under: Run, over: Run, budget: int) -> Pruned:
        if under.pruned is None or over.pruned is None or NEAR * budget <= under.tokens:
            found = under.pruned or over.pruned
            return found or Pruned((), ())
        return self._blended(under.pruned, over.pruned, budget)

    def _blended(self, under: Pruned, over: Pruned, budget: int) -> Pruned:
        base = {*under.parts}
        extra = sorted({*over.parts} - base)
        order = (*over.order, *(at for at in under.order if at not in over.order))

        def filled(count: int) -> Pruned:
            some = (extra[at * len(extra) // count] for at in range(count))
            return Pruned(order, (*sorted({*base, *some}),))

        low, high = 0, len(extra)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._count(self._assembled(filled(middle))) <= budget
            low, high = (middle, high) if fits else (low, middle - 1)
        return filled(low) if low else under

    def _assembled(self, pruned: Pruned) -> list[Passage]:
        return assembled(self.passages, self.texts, pruned, self.join)

    def _count(self, passages: Sequence[Passage]) -> int:
        return sum(self.model.count(passage.text) for passage in passages)


def _between(under: Run, over: Run, aim: float) -> float:
    """The share between two runs at which so many tokens are to be expected."""
    width = over.share - under.share
    part = (aim - under.tokens) / max(1, over.tokens - under.tokens)
    return under.share + width * min(0.95, max(0.05, part))
