"""Chunks at the largest boundaries that fit: paragraphs, lines, words, characters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers.chunkers import _recursive
from crossover.retrievers.chunkers._recursive import Unit
from crossover.retrievers.chunkers._structure import check_overlap, spans
from crossover.roles import Chunker
from crossover.types import Document, Passage

# LangChain's own, line ends of Windows included
SEPARATORS = (r"(?:\r?\n){2}", r"\r?\n", " ", "")


@dataclass(frozen=True, slots=True)
class Recursive(Chunker):
    """LangChain's RecursiveCharacterTextSplitter, with exact spans and an exact overlap.

    Raises ConfigError where the overlap is not smaller than the size.
    """

    size: Annotated[int, Ge(1)] = field(
        default=4000, metadata={"help": "units in a chunk at most, its overlap included"}
    )
    overlap: Annotated[int, Ge(0)] = field(
        default=200, metadata={"help": "units that a chunk shares with the one before"}
    )
    unit: Unit = field(default="characters", metadata={"help": "what size and overlap count"})
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_overlap("recursive", self.size, self.overlap)

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        found = _recursive.split(document.text, SEPARATORS, self.size, self.overlap, self.unit)
        return spans(document, found)
