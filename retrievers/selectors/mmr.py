"""Passages that are relevant and not alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Interval

from crossover import meter
from crossover.retrievers._endpoints import is_endpoint
from crossover.retrievers.dense import PACKAGED, Dense
from crossover.roles import Model, Selector
from crossover.types import Passage, Usage

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Mmr(Selector):
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    One after the other, the passage with the highest balance × relevance − (1 − balance) ×
    likeness to the most similar one chosen before. Likeness is the cosine of embeddings; relevance
    is the cosine with the question, or (``relevance=score``) the scores of retriever and reranker,
    brought to 0–1. A selector rather than a reranker, so that a reranker can go before it.
    """

    balance: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.5, metadata={"help": "1: relevance alone; 0: diversity alone"}
    )
    relevance: Literal["cosine", "score"] = field(
        default="cosine", metadata={"help": "to the question, or as found and reranked"}
    )
    model: str = field(default=PACKAGED, metadata={"help": "the embedder, as of `dense`"})
    version: ClassVar[int] = 1

    def select(self, query: str, found: Sequence[Passage], k: int, model: Model) -> list[Passage]:
        """Return k passages in the order of choice, scored by marginal relevance."""
        if meter.current().planning or not found:
            return list(found[:k])
        texts = [query, *(passage.text for passage in found)]
        vectors, tokens = Dense(model=self.model).embed(texts, "passages compared")
        if is_endpoint(self.model):
            meter.current().charge(Usage(input_tokens=tokens))
        likeness = vectors[1:] @ vectors[1:].T
        cosines = vectors[1:] @ vectors[0]
        relevance = cosines if self.relevance == "cosine" else _normalised(found)
        return [
            replace(found[at], score=value) for at, value in self._chosen(relevance, likeness, k)
        ]

    def _chosen(self, relevance: Numbers, likeness: Numbers, k: int) -> list[tuple[int, float]]:
        """Which passages, and the marginal relevance of each; ties as they were found."""
        import numpy as np

        chosen: list[tuple[int, float]] = []
        nearest: Numbers = np.zeros(len(relevance))
        free = np.ones(len(relevance), dtype=bool)
        for _ in range(min(k, len(relevance))):
            value = self.balance * relevance - (1 - self.balance) * nearest
            at = int(np.where(free, value, -np.inf).argmax())
            chosen.append((at, float(value[at])))
            free[at] = False
            nearest = np.maximum(nearest, likeness[at]) if len(chosen) > 1 else likeness[at]
        return chosen


def _normalised(found: Sequence[Passage]) -> Numbers:
    import numpy as np

    scores = np.array([passage.score for passage in found])
    shares: Numbers = (scores - scores.min()) / (np.ptp(scores) or 1.0)
    return shares
