"""Single sentences, shown with their neighbours."""

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
class SentenceWindow(Chunker):
    """A sentence is found, ``window`` sentences on each side are shown with it.

    As LlamaIndex's SentenceWindowNodeParser, but windows that overlap are merged.
    """

    window: Annotated[int, Ge(0)] = field(
        default=3, metadata={"help": "sentences shown on each side of one that is found"}
    )
    version: ClassVar[int] = 1

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document into sentences, each with the white space after it."""
        return passages(document, sentence_starts(document))

    def widen(self, found: Sequence[Passage], documents: Sequence[Document]) -> list[Passage]:
        """Show the sentences around those that were found."""
        return widened(found, documents, sentence_starts, self.window, self.window)
