"""Chunks of whole sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers.chunkers._packing import pack, units
from crossover.retrievers.chunkers._structure import check_overlap, spans
from crossover.roles import Chunker
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Sentence(Chunker):
    """Whole sentences up to ``size`` tokens, as LlamaIndex's SentenceSplitter with its defaults.

    Neighbouring chunks share as many whole sentences as fit into ``overlap`` tokens; a sentence
    longer than ``size`` is cut. Raises ConfigError where the overlap is not below the size.
    """

    size: Annotated[int, Ge(1)] = field(default=1024, metadata={"help": "tokens in a chunk"})
    overlap: Annotated[int, Ge(0)] = field(
        default=200, metadata={"help": "tokens shared with the chunk before at most"}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_overlap("sentence", self.size, self.overlap)

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        starts, counts = units(document, self.size)
        ends = [*starts[1:], len(document.text)]
        ranges = pack(counts, self.size, self.overlap)
        return spans(document, ((starts[first], ends[last - 1]) for first, last in ranges))
