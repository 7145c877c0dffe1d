"""Auto-merging: small passages are searched, and grow where several of one whole are found."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.errors import ConfigError
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class AutoMerging(Retriever):
    """LlamaIndex's auto-merging retrieval, with exact spans.

    The smallest passages are searched. Where more than ``ratio`` of the parts of a larger one are
    found, it takes their place with their mean score, and so on up. It cuts documents itself, into
    ``sizes``: the strategy's chunker is not used. LlamaIndex also fills a gap between two
    neighbours that follow one another in rank; here a gap counts as not found. Raises ConfigError
    unless each size divides the one before it.
    """

    retriever: Retriever = field(
        default=Bm25(), metadata={"help": "how the smallest passages are found"}
    )
    sizes: tuple[Annotated[int, Ge(1)], ...] = field(
        default=(2048, 512, 128), metadata={"help": "tokens per passage, largest first"}
    )
    ratio: Annotated[float, Interval(ge=0, lt=1)] = field(
        default=0.5, metadata={"help": "share of a passage's parts that must be exceeded"}
    )
    leaves: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "smallest passages searched for [k]"}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.sizes or any(
            one % other or one == other for one, other in pairwise(self.sizes)
        ):
            raise ConfigError(
                f"auto_merging: sizes={list(self.sizes)}: each must divide the one before it, "
                "as in [2048, 512, 128]"
            )

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Cut the documents into every size and index the smallest passages."""
        levels = [
            [passage for document in documents for passage in Tokens(size).chunk(document)]
            for size in self.sizes
        ]
        leaves = indexed(self.retriever, documents, Tokens(self.sizes[-1]), model)
        return AutoMergingIndex(levels, leaves, self.ratio, self.leaves)


class AutoMergingIndex(Index):
    """Passages of every size, largest first, and an index over the smallest."""

    def __init__(
        self, levels: list[list[Passage]], leaves: Index, ratio: float, wanted: int | None
    ) -> None:
        self.leaves, self.ratio, self.wanted = leaves, ratio, wanted
        order: dict[str, int] = {}
        for passage in levels[0]:
            order.setdefault(passage.document, len(order))
        self.order = order
        # from the smallest to the largest: which larger passage each one is a part of
        self.steps = [
            (larger, *self._parts(larger, smaller)) for larger, smaller in pairwise(levels)
        ][::-1]

    def size(self) -> int:
        """Bytes of the index over the smallest passages."""
        return self.leaves.size()

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Find the smallest passages, merge them, and return at most k, best first."""
        found = self.leaves.search(query, self.wanted or k, model)
        for larger, owner, parts in self.steps:
            found = self._merged(found, larger, owner, parts)
        return sorted(found, key=lambda p: (-p.score, *self._place(p)))[:k]

    def _merged(
        self,
        found: Sequence[Passage],
        larger: Sequence[Passage],
        owner: dict[tuple[int, int, int], int],
        parts: Sequence[int],
    ) -> list[Passage]:
        children: defaultdict[int, list[Passage]] = defaultdict(list)
        kept = []
        for passage in found:
            # what was not merged below is no part of this level
            at = owner.get((*self._place(passage), passage.end))
            if at is None:
                kept.append(passage)
            else:
                children[at].append(passage)
        for at, some in children.items():
            if len(some) > self.ratio * parts[at]:
                kept.append(replace(larger[at], score=fmean(child.score for child in some)))
            else:
                kept += some
        return kept

    def _parts(
        self, larger: Sequence[Passage], smaller: Sequence[Passage]
    ) -> tuple[dict[tuple[int, int, int], int], list[int]]:
        """By place and end of each smaller passage its larger one, and how many that one has."""
        starts = [self._place(passage) for passage in larger]
        owner, parts = {}, [0] * len(larger)
        for passage in smaller:
            at = bisect_right(starts, self._place(passage)) - 1
            owner[*self._place(passage), passage.end] = at
            parts[at] += 1
        return owner, parts

    def _place(self, passage: Passage) -> tuple[int, int]:
        return self.order[passage.document], passage.start
