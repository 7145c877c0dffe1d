"""HoloBench's score (Maekawa et al. 2025) without its judge."""

from __future__ import annotations

from crossover.metrics._benchmarks import scored
from crossover.normalise import plain
from crossover.types import Answer, Example

__all__ = ["holobench_recall"]


def holobench_recall(example: Example, answer: Answer) -> float | None:
    """Share of the gold rows that the answer names, word for word; other rows cost nothing."""

    def share(text: str, golds: tuple[str, ...]) -> float:
        said = f" {plain(text)} "
        return sum(f" {plain(gold)} " in said for gold in golds) / len(golds)

    return scored(example, answer, share)
