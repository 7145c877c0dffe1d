"""Chunks that end where the subject changes, by the distance of embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover import meter
from crossover.retrievers.chunkers import _embedded
from crossover.retrievers.chunkers._packing import limited
from crossover.retrievers.chunkers._structure import passages, sentence_starts
from crossover.roles import Chunker
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Semantic(Chunker):
    """Cut where neighbouring sentences lie farthest apart, as LlamaIndex's SemanticSplitter does.

    Every sentence is embedded with its neighbours; the document's largest cosine distances, those
    above a percentile, are boundaries. Where all are equal there is none: see ``size``.
    """

    percentile: Annotated[float, Interval(ge=0, le=100)] = field(
        default=95, metadata={"help": "distances above this percentile are boundaries"}
    )
    buffer: Annotated[int, Ge(0)] = field(
        default=1, metadata={"help": "neighbours on each side embedded with a sentence"}
    )
    size: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "tokens in a chunk at most, whole sentences [no limit]"}
    )
    model: str = field(
        default="minilm", metadata={"help": "embedder, as dense takes it; `minilm` is packaged"}
    )
    version: ClassVar[int] = 1

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        starts = self._starts(document)
        return passages(document, limited(document, starts, self.size) if self.size else starts)

    def _starts(self, document: Document) -> list[int]:
        starts = sentence_starts(document)
        if meter.current().planning:
            return _embedded.evenly(starts, round(100 / max(100 - self.percentile, 1)))
        if len(starts) < 3:
            return [0]
        import numpy as np

        windows = _embedded.sentence_windows(document, starts, self.buffer)
        vectors = _embedded.embed(windows, self.model)
        distances = 1 - (vectors[:-1] * vectors[1:]).sum(axis=1)
        far = distances > np.percentile(distances, self.percentile)
        return _embedded.cut_between(starts, far.tolist())
