"""Hybrid retrieval: what several retrievers find, fused into one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover.errors import ConfigError
from crossover.retrievers._fusion import CONSTANT, by_rank, by_score, depth_for, fused
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.dense import Dense
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Hybrid(Retriever):
    """Several retrievers over the same chunks, their rankings fused.

    ``rrf`` is reciprocal rank fusion (Cormack et al. 2009): the sum of weight / (constant + rank),
    rank counted from 1, constant 60. ``weighted`` adds up weight × score, each retriever's scores
    brought to 0–1 by the lowest and highest of its candidates. What a retriever scores 0, it adds
    nothing to. An index that a member has built already is shared.
    """

    retrievers: tuple[Retriever, ...] = field(
        default=(Bm25(), Dense()), metadata={"help": "whose rankings are fused"}
    )
    fusion: Literal["rrf", "weighted"] = field(
        default="rrf", metadata={"help": "by reciprocal ranks or by weighted scores"}
    )
    constant: Annotated[int, Ge(0)] = field(
        default=CONSTANT, metadata={"help": "what `rrf` adds to a rank, which counts from 1"}
    )
    weights: tuple[Annotated[float, Ge(0)], ...] = field(
        default=(), metadata={"help": "one per retriever; empty: all the same"}
    )
    depth: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "candidates of each retriever [4 k, at least 100]"}
    )
    version: ClassVar[int] = 1
    composed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.retrievers:
            raise ConfigError("hybrid: retrievers is empty; write retrievers=[bm25, dense]")
        given, needed = len(self.weights), len(self.retrievers)
        if self.weights and (given != needed or not any(self.weights)):
            raise ConfigError(
                f"hybrid: weights needs {needed} numbers, one per retriever and not all 0, "
                f"got {given}: {list(self.weights)}"
            )

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents for every member, or take its index where one stands."""
        members = [indexed(member, documents, chunker, model) for member in self.retrievers]
        return HybridIndex(self, members, documents)


class HybridIndex(Index):
    """The members' indexes."""

    def __init__(
        self, retriever: Hybrid, members: Sequence[Index], documents: Sequence[Document]
    ) -> None:
        self.retriever, self.members, self.documents = retriever, members, documents

    def size(self) -> int:
        """Bytes of all members' indexes."""
        return sum(member.size() for member in self.members)

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages of most credit; ties in document order."""
        how = self.retriever
        depth = max(how.depth or depth_for(k), k)
        rankings = [member.search(query, depth, model) for member in self.members]
        credit = by_rank(how.constant) if how.fusion == "rrf" else by_score
        return fused(rankings, credit, self.documents, how.weights)[:k]
