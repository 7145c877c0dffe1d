"""As many passages as stand above a sharp fall of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.roles import Model, Selector
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class ScoreDrop(Selector):
    """At least ``least`` passages, then more until the next score falls sharply.

    SAGE's dynamic choice (arXiv 2503.01713), over a reranker's scores; both numbers are from
    memory of the paper and not verified. A score is taken as its share of the best one's, one that
    lies by the best's own size below the best as 0; the fall is relative to the former share. So
    scores that are all multiplied by a number choose the same, and logits below 0 work. Never more
    than ``k``: set it to the most that you want to show.
    """

    least: Annotated[int, Ge(1)] = field(
        default=7, metadata={"help": "passages shown whatever their scores"}
    )
    gradient: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.3, metadata={"help": "a greater fall, relative to the score before, ends it"}
    )
    version: ClassVar[int] = 1

    def select(self, query: str, found: Sequence[Passage], k: int, model: Model) -> list[Passage]:
        """Return the passages above the first sharp fall after the first ``least``, at most k."""
        shares = _shares([passage.score for passage in found[:k]])
        end = self.least
        while end < len(shares) and self._goes_on(shares[end - 1], shares[end]):
            end += 1
        return list(found[: min(end, k)])

    def _goes_on(self, former: float, following: float) -> bool:
        return former > 0 and former - following <= self.gradient * former


def _shares(scores: Sequence[float]) -> list[float]:
    """Scores with the best at 1, and at 0 what lies by the best's own size below it or more."""
    if not scores:
        return []
    best = scores[0]
    if best == 0:
        return [float(score == 0) for score in scores]
    return [max(1 - (best - score) / abs(best), 0.0) for score in scores]
