"""Sparse retrieval by BM25."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Interval

from crossover.errors import MissingExtra
from crossover.retrievers import _bm25_engines
from crossover.retrievers._bm25_engines import Engine, Formula, Variant
from crossover.retrievers._words import Tokeniser, Words, tokeniser
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Bm25(Retriever):
    """BM25 over words: Okapi (Robertson et al. 1994), L and Plus (Lv & Zhai 2011).

    ``engine=reference`` is rank-bm25 itself; ``fast`` (bm25s) gives the same ranking and scores.
    Okapi and Plus are exactly the library's: Okapi floors the idf of terms in more than half of
    the passages at a quarter of the mean, Plus adds delta for every term of the query that the
    corpus has, even to passages without it. L is the paper's formula: the library's BM25L
    multiplies it by the term frequency once more.
    """

    k1: Annotated[float, Gt(0)] = field(
        default=1.5, metadata={"help": "how much a repeated term adds"}
    )
    b: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.75, metadata={"help": "how much long passages are held back"}
    )
    variant: Variant = field(default="okapi", metadata={"help": "the formula"})
    delta: Annotated[float, Ge(0)] | None = field(
        default=None, metadata={"help": "least gain of a term that stands there [l 0.5, plus 1]"}
    )
    engine: Literal["fast", "reference"] = field(
        default="fast", metadata={"help": "bm25s, or rank-bm25 itself"}
    )
    words: Words = field(
        default="english", metadata={"help": "how text becomes words; or a language to stem"}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents' passages by their words."""
        cut, passages = tokeniser(self.words), list[Passage]()
        for document in documents:
            passages += chunker.chunk(document)
        # the formulas divide by the number of passages and by their mean length
        corpus = [cut(passage.text) or [""] for passage in passages]
        return Bm25Index(passages, cut, self._engine(corpus) if corpus else None)

    def _engine(self, corpus: Sequence[Sequence[str]]) -> Engine:
        published = 1.0 if self.variant == "plus" else 0.5
        delta = published if self.delta is None else self.delta
        formula = Formula(self.variant, self.k1, self.b, delta)
        kind = _bm25_engines.Fast if self.engine == "fast" else _bm25_engines.Reference
        try:
            return kind(corpus, formula)
        except ImportError as error:
            raise MissingExtra(str(error.name), "rag", "bm25") from None


class Bm25Index(Index):
    """Scores every passage for a query."""

    def __init__(self, passages: list[Passage], cut: Tokeniser, engine: Engine | None) -> None:
        self.passages, self.cut, self.engine = passages, cut, engine

    def size(self) -> int:
        """Bytes of the engine's numbers."""
        return 0 if self.engine is None else self.engine.size()

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k best passages; ties in document order."""
        if self.engine is None:
            return []
        scores = self.engine.scores(self.cut(query))
        return [
            replace(self.passages[at], score=float(scores[at]))
            for at in _bm25_engines.best(scores, k)
        ]
