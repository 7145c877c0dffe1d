"""Sentences or chunks that mean something near to the question, by embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Interval

from crossover import meter
from crossover.compressors._keeping import fill
from crossover.compressors._selecting import Kind, texts_of, units
from crossover.errors import ConfigError
from crossover.retrievers.dense import Dense
from crossover.roles import Chunker, Compressor, Model, Retriever
from crossover.types import Passage, Usage


@dataclass(frozen=True, slots=True)
class Similarity(Compressor):
    """Keep the units whose embedding's cosine with the question is highest.

    The bi-encoder of the extractive family in Zhang et al. 2024 (arXiv 2407.08892): the best units
    that fill the budget, in their order; with ``threshold`` only those of at least that cosine, in
    the manner of DSLR (Hwang et al. 2024). No text is embedded twice: vectors are kept by content.
    """

    embedder: Retriever = field(
        default=Dense(),
        metadata={"help": "which embeddings, as dense takes them: `dense(model=…)`"},
    )
    unit: Kind = field(default="sentence", metadata={"help": "what is kept or left out whole"})
    chunker: Chunker | None = field(
        default=None, metadata={"help": "cuts the units instead of `unit`"}
    )
    threshold: Annotated[float, Interval(ge=-1, lt=1)] = field(
        default=-1.0, metadata={"help": "least cosine of a kept unit; -1: fill the budget"}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not isinstance(self.embedder, Dense):
            raise ConfigError("similarity: embedder must be dense(…), which has the embeddings")

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Embed the units and the question, and keep the nearest within the budget."""
        cut, dense = units(passages, self.unit, self.chunker), self.embedder
        if not cut or not isinstance(dense, Dense):
            return []
        texts = texts_of(passages, cut)
        vectors, read = dense.embed(texts, "sentences embedded", dense.passage_prefix)
        asked, more = dense.embed([query], "question embedded", dense.query_prefix)
        meter.current().charge(Usage(input_tokens=read) + Usage(input_tokens=more))
        # products of floats differ in their last bits between processors
        scores = (vectors @ asked[0]).round(6).tolist()
        scored = [replace(unit, score=score) for unit, score in zip(cut, scores, strict=True)]
        near = [unit for unit in scored if unit.score >= self.threshold]
        return fill(passages, near, budget, model)
