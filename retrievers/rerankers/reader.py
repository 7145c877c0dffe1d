"""Reranking by the embedded reader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.retrievers._fusion import by_score
from crossover.roles import Model, Reranker
from crossover.types import Passage

# odds of more than this to one say no more
SUREST = 1e-7


@dataclass(frozen=True, slots=True)
class ReaderReranker(Reranker):
    """The packaged reader's judgement of every passage, weighed against the search's own score.

    Passages of any length are read whole, window by window; the best window's score is theirs. A
    reader of 22 million parameters does not know better than a search on every text, so by default
    its log odds count for ``weight`` and the search's score for the rest, both scaled to 0–1 over
    the candidates. With ``weight=1`` scores are probabilities that a passage answers: for
    candidates whose scores cannot be compared.
    """

    weight: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.3, metadata={"help": "share of the reader's judgement; 1: its alone"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 2

    def rerank(self, query: str, passages: Sequence[Passage], model: Model) -> list[Passage]:
        """Return all passages, the likeliest to answer first; ties as they came."""
        from crossover.models.reader import Reader

        if not passages:
            return []
        (found,) = Reader(threads=self.threads).read([(query, passages)])
        if self.weight == 1:
            return list(found.ranked)
        judged = by_score([replace(p, score=_log_odds(p.score)) for p in found.passages])
        pairs = zip(by_score(passages), judged, strict=True)
        scores = [(1 - self.weight) * searched + self.weight * own for searched, own in pairs]
        scored = [replace(p, score=score) for p, score in zip(passages, scores, strict=True)]
        return sorted(scored, key=lambda passage: -passage.score)


def _log_odds(probability: float) -> float:
    kept = min(max(probability, SUREST), 1 - SUREST)
    return math.log(kept / (1 - kept))
