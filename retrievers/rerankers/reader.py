"""Reranking by the embedded reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.roles import Model, Reranker
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class ReaderReranker(Reranker):
    """The packaged reader's rerank head: scores are probabilities that a passage answers.

    Passages of any length are read whole, window by window; the best window's score is theirs.
    """

    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1

    def rerank(self, query: str, passages: Sequence[Passage], model: Model) -> list[Passage]:
        """Return all passages, the likeliest to answer first; ties as they came."""
        from crossover.models.reader import Reader

        if not passages:
            return []
        return list(Reader(threads=self.threads).read([(query, passages)])[0].ranked)
