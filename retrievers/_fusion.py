"""Several rankings made one: reciprocal rank fusion and weighted scores.

What a search scores exactly 0 it has not found: no word matched, no link led there. Such a passage
is kept, but the search that brought it gives it no credit, else the order of the document would be
taken for relevance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from crossover.types import Document, Passage

CONSTANT = 60
Ranking = Sequence[Passage]
Credit = Callable[[Ranking], list[float]]
_Place = tuple[str, int, int, str]


def depth_for(k: int) -> int:
    """How many candidates each search is asked for where nobody says: 4 k, and at least 100."""
    return max(4 * k, 100)


def by_rank(constant: int = CONSTANT) -> Credit:
    """Credit ``1 / (constant + rank)``, the first of a ranking having rank 1."""

    def credit(ranking: Ranking) -> list[float]:
        return [
            1 / (constant + rank) if passage.score else 0.0
            for rank, passage in enumerate(ranking, 1)
        ]

    return credit


def by_score(ranking: Ranking) -> list[float]:
    """Credit scores from 0 (the ranking's lowest) to 1; equal ones are all 1 if above 0, else 0."""
    scores = [passage.score for passage in ranking]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    if high == low:
        return [float(high > 0)] * len(scores)
    return [(score - low) / (high - low) for score in scores]


def fused(
    rankings: Sequence[Ranking],
    credit: Credit,
    documents: Sequence[Document],
    weights: Sequence[float] = (),
) -> list[Passage]:
    """Add up each passage's credits, times the rankings' weights; ties in document order.

    Passages are the same where document, start and end are (and the text, where a model wrote it).
    """
    total: dict[_Place, float] = {}
    passages: dict[_Place, Passage] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        seen: set[_Place] = set()
        for passage, earned in zip(ranking, credit(ranking), strict=True):
            place = _place(passage)
            passages.setdefault(place, passage)
            # a passage that a ranking names twice counts where it stands first
            total[place] = total.get(place, 0.0) + (0.0 if place in seen else weight * earned)
            seen.add(place)
    order = {document.id: at for at, document in enumerate(documents)}
    best = sorted(passages, key=lambda p: (-total[p], order.get(p[0], len(order)), p[1:]))
    return [replace(passages[place], score=total[place]) for place in best]


def _place(passage: Passage) -> _Place:
    written = passage.text if passage.start == passage.end else ""
    return passage.document, passage.start, passage.end, written
