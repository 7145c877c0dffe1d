"""Chunks that end where a trained model sees another subject begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover import meter
from crossover.retrievers.chunkers import _embedded, _segmentation
from crossover.retrievers.chunkers._packing import limited
from crossover.retrievers.chunkers._structure import passages, sentence_starts
from crossover.roles import Chunker
from crossover.types import Document, Passage

# sentences in a chunk, on average over prose: what a dry run reckons with
USUAL = 5


@dataclass(frozen=True, slots=True)
class Sage(Chunker):
    """SAGE's trained segmentation (arXiv 2503.01713), on the packaged MiniLM's embeddings.

    A small network scores whether two neighbouring sentences belong to one chunk; chunks end where
    the score is below the threshold. See docs/chunkers.md for what it was trained on.
    """

    threshold: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.55, metadata={"help": "same-chunk score below which a chunk ends"}
    )
    size: Annotated[int, Ge(1)] | None = field(
        default=1024, metadata={"help": "tokens in a chunk at most, whole sentences; none: any"}
    )
    version: ClassVar[int] = 1

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        starts = self._starts(document)
        return passages(document, limited(document, starts, self.size) if self.size else starts)

    def _starts(self, document: Document) -> list[int]:
        starts = sentence_starts(document)
        if meter.current().planning:
            return _embedded.evenly(starts, USUAL)
        if len(starts) < 2:
            return [0]
        sentences = _embedded.sentence_windows(document, starts, around=0)
        scores = _segmentation.same_chunk(_embedded.embed(sentences, "minilm"))
        return _embedded.cut_between(starts, (scores < self.threshold).tolist())
