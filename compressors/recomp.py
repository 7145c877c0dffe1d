"""Sentences or chunks chosen by a reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.compressors._keeping import fill
from crossover.compressors._selecting import Kind, ranked, texts_of, units
from crossover.retrievers.rerankers.reader import ReaderReranker
from crossover.roles import Chunker, Compressor, Model, Reranker
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Recomp(Compressor):
    """Rank sentences, paragraphs or chunks by any reranker and keep the best, in their order.

    RECOMP's extractive side (Xu et al. 2023, arXiv 2310.04408), which keeps the ``top`` 1 to 3
    sentences, each judged by itself; without ``top``, as many as fill the budget. ``threshold`` as
    in DSLR (Hwang et al. 2024; published 0.1, 0.2 and 0.5 where scores are probabilities).
    """

    reranker: Reranker = field(default=ReaderReranker(), metadata={"help": "what ranks the units"})
    unit: Kind = field(default="sentence", metadata={"help": "what is kept or left out whole"})
    chunker: Chunker | None = field(
        default=None, metadata={"help": "cuts the units instead of `unit`"}
    )
    top: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "units kept at most; 0: as many as fill the budget"}
    )
    threshold: float | None = field(
        default=None, metadata={"help": "least score of a kept unit, as the reranker scores"}
    )
    version: ClassVar[int] = 1

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Rank the units and keep the best within the budget."""
        cut = units(passages, self.unit, self.chunker)
        order = ranked(query, texts_of(passages, cut), self.reranker, model)
        if self.threshold is not None:
            order = [(at, score) for at, score in order if score >= self.threshold]
        # by rank: a reranker's order is its own, whatever its scores
        best = [replace(cut[at], score=-rank) for rank, (at, _) in enumerate(order)]
        return fill(passages, best[: self.top or None], budget, model)
