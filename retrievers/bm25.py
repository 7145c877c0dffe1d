"""Sparse retrieval by BM25."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.retrievers._words import words
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage

if TYPE_CHECKING:
    from rank_bm25 import BM25Okapi


@dataclass(frozen=True, slots=True)
class Bm25(Retriever):
    """Okapi BM25 (Robertson et al.) through rank-bm25, over stemmed words without stop words."""

    k1: Annotated[float, Ge(0)] = field(
        default=1.5, metadata={"help": "how much a repeated term adds"}
    )
    b: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.75, metadata={"help": "how much long passages are held back"}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents' passages by their words."""
        from rank_bm25 import BM25Okapi

        passages = [passage for document in documents for passage in chunker.chunk(document)]
        # rank-bm25 divides by the number of passages and by their mean length
        corpus = [words(passage.text) or [""] for passage in passages]
        return Bm25Index(passages, BM25Okapi(corpus, k1=self.k1, b=self.b) if corpus else None)


class Bm25Index(Index):
    """Scores every passage for a query."""

    def __init__(self, passages: list[Passage], engine: BM25Okapi | None) -> None:
        self.passages = passages
        self.engine = engine

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k best passages; ties in document order."""
        if self.engine is None:
            return []
        scores = self.engine.get_scores(words(query))
        best = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[:k]
        return [replace(self.passages[at], score=float(scores[at])) for at in best]
