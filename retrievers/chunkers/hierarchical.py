"""Small chunks are found, the large ones around them shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.errors import ConfigError
from crossover.retrievers.chunkers._packing import limited, pack, units
from crossover.retrievers.chunkers._structure import passages, remembered
from crossover.retrievers.chunkers._widening import widened
from crossover.roles import Chunker
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Hierarchical(Chunker):
    """Small-to-big: children of ``size`` tokens are found, their parents shown, each once.

    Both are whole sentences, and no child lies in two parents. Raises ConfigError where parents
    are smaller than children.
    """

    size: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "tokens in a child, which is indexed, at most"}
    )
    parent: Annotated[int, Ge(1)] = field(
        default=1024, metadata={"help": "tokens in a parent, which is shown, at most"}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.parent < self.size:
            raise ConfigError(
                f"hierarchical: parent={self.parent} must not be smaller than size={self.size}"
            )

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document into children; together they cover every character."""
        return passages(document, limited(document, self._parents(document), self.size))

    def widen(self, found: Sequence[Passage], documents: Sequence[Document]) -> list[Passage]:
        """Show the parents of what was found."""
        return widened(found, documents, self._parents)

    def _parents(self, document: Document) -> Sequence[int]:
        def starts() -> list[int]:
            fine, counts = units(document, self.size)
            return [fine[first] for first, _ in pack(counts, self.parent)]

        return remembered(document, f"parents {self.size} {self.parent}", starts)
