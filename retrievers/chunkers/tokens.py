"""Chunks of a fixed number of tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers.chunkers._structure import check_overlap
from crossover.retrievers.chunkers._tokens import token_starts
from crossover.roles import Chunker
from crossover.tokens import DEFAULT
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Tokens(Chunker):
    """Chunks of ``size`` tokens, the next one starting ``overlap`` tokens before its end.

    A character whose bytes are split over two tokens goes whole to the later chunk. Raises
    ConfigError where the overlap is not smaller than the size.
    """

    size: Annotated[int, Ge(1)] = field(default=300, metadata={"help": "tokens in a chunk"})
    overlap: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "tokens that a chunk shares with the one before"}
    )
    encoding: str = field(default=DEFAULT, metadata={"help": "bundled encoding to count in"})
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_overlap("tokens", self.size, self.overlap)

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        text, starts = document.text, self._starts(document.text)
        chunks = []
        for first in range(0, max(len(starts) - self.overlap, 1), self.size - self.overlap):
            start = starts[first] if starts else 0
            last = first + self.size
            end = starts[last] if last < len(starts) else len(text)
            if end > start:
                chunks.append(Passage(document.id, start, end, text[start:end]))
        return chunks

    def _starts(self, text: str) -> list[int]:
        """At which character each token starts."""
        return token_starts(text, self.encoding)
