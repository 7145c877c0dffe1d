"""An index that another library holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from crossover.retrievers._imported import failures_named
from crossover.retrievers._lent import Lent
from crossover.retrievers._placed import Hit, placed
from crossover.roles import Index, Model
from crossover.types import Document, Passage

Ask: TypeAlias = Callable[[str, int], list[Hit]]


class ForeignIndex(Index):
    """Asks another library and places what it finds in the documents.

    ``count`` is how many chunks it was given, None where it held its data already.
    """

    def __init__(
        self,
        path: str,
        ask: Ask | None,
        documents: Sequence[Document],
        count: int | None,
        embedder: Lent,
    ) -> None:
        self.path, self.ask, self.documents = path, ask, documents
        self.count, self.embedder = count, embedder

    def size(self) -> int:
        """Bytes of the vectors that were added, in single precision; 0 where none were."""
        return self.embedder.size if self.count else 0

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return what it finds that stands in the documents, best first."""
        if self.ask is None or not self.documents:
            return []
        # one score alone would not tell whether the store counts distance or likeness
        asked = max(k, 2) if self.count is None else min(max(k, 2), self.count)
        with failures_named(self.path):
            hits = self.ask(query, asked)
        return placed(hits, self.documents, k, self.path)
