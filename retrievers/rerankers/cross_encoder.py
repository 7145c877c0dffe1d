"""Reranking by any cross-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter, precision
from crossover.roles import Model, Reranker
from crossover.types import Passage, Step, Usage


@dataclass(frozen=True, slots=True)
class CrossEncoderReranker(Reranker):
    """Any sentence-transformers CrossEncoder; scores are as the model gives them.

    Runs in bfloat16 where the hardware multiplies it. A passage longer than the model's window is
    read part by part and has its best part's score (MaxP, Dai and Callan 2019).
    """

    model: str = field(
        default="cross-encoder/ms-marco-MiniLM-L6-v2",
        metadata={"help": "a folder or a sentence-transformers hub id"},
    )
    batch_tokens: Annotated[int, Ge(1)] = field(
        default=16_384, metadata={"help": "tokens read at once, padding included"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1

    def rerank(self, query: str, passages: Sequence[Passage], model: Model) -> list[Passage]:
        """Return all passages, best first; ties as they came."""
        from crossover.retrievers.rerankers import _cross_encoding

        if not passages:
            return []
        with meter.wait():
            encoder = _cross_encoding.load(self.model)
        precision.set_threads(self.threads)
        clock = meter.Meter()
        texts = [passage.text for passage in passages]
        found, tokens = _cross_encoding.scores(encoder, query, texts, self.batch_tokens)
        seconds = clock.elapsed()
        detail = f"{len(passages)} passages by {self.model}"
        step = Step("passages reranked", seconds, detail)
        meter.current().charge(Usage(input_tokens=tokens, compute_seconds=seconds), step)
        scored = [replace(p, score=score) for p, score in zip(passages, found, strict=True)]
        return sorted(scored, key=lambda passage: -passage.score)
