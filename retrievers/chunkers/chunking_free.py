"""No chunks: sentences, meant to be embedded within their document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers.chunkers._structure import passages, sentence_starts
from crossover.retrievers.chunkers._widening import widened
from crossover.roles import Chunker
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class ChunkingFree(Chunker):
    """Sentences whose vectors ``dense(late=true)`` encodes in context, as Landmark Embedding does.

    After BGE Landmark Embedding (arXiv 2402.11573), which trains the last sentence of what answers
    to score highest: so more is shown before a sentence than after it. The numbers are our own.
    """

    before: Annotated[int, Ge(0)] = field(
        default=4, metadata={"help": "sentences shown before one that is found"}
    )
    after: Annotated[int, Ge(0)] = field(
        default=1, metadata={"help": "sentences shown after one that is found"}
    )
    version: ClassVar[int] = 1

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document into sentences, each with the white space after it."""
        return passages(document, sentence_starts(document))

    def widen(self, found: Sequence[Passage], documents: Sequence[Document]) -> list[Passage]:
        """Show what stands around the sentences that were found; overlaps are merged."""
        return widened(found, documents, sentence_starts, self.before, self.after)
