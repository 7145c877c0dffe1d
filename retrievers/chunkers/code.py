"""Chunks of source code: classes, functions, blocks, lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover.retrievers.chunkers import _recursive
from crossover.retrievers.chunkers._recursive import Unit
from crossover.retrievers.chunkers._structure import check_overlap, spans
from crossover.roles import Chunker
from crossover.types import Document, Passage

Language = Literal[
    "c", "cobol", "cpp", "csharp", "elixir", "go", "haskell", "html", "java", "js", "kotlin",
    "latex", "lua", "markdown", "php", "powershell", "proto", "python", "r", "rst", "ruby", "rust",
    "scala", "sol", "swift", "ts", "visualbasic6",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Code(Chunker):
    """LangChain's splitter for a programming language, with exact spans and an exact overlap.

    It cuts before classes, then functions, blocks and lines, keeping a line's indentation with it.
    Raises ConfigError where the overlap is not smaller than the size.
    """

    language: Language = field(default="python", metadata={"help": "what the documents hold"})
    size: Annotated[int, Ge(1)] = field(
        default=4000, metadata={"help": "units in a chunk at most, its overlap included"}
    )
    overlap: Annotated[int, Ge(0)] = field(
        default=200, metadata={"help": "units that a chunk shares with the one before"}
    )
    unit: Unit = field(default="characters", metadata={"help": "what size and overlap count"})
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_overlap("code", self.size, self.overlap)

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        separators = _recursive.language_separators(self.language)
        found = _recursive.split(document.text, separators, self.size, self.overlap, self.unit)
        return spans(document, found)
