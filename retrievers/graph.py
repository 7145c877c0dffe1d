"""Graph retrieval: from the passages that a search finds to those that they lead to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Interval

from crossover import catalog
from crossover.errors import MissingExtra
from crossover.retrievers._graph_links import Kind, linked
from crossover.retrievers._graph_walk import Walk, pagerank, walk_on
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage

# seeds and restart of HaystackCraft, whose damping is 1 - restart
PRESETS = {"bm25": (10, 0.5), "dense": (5, 0.5), "hybrid": (5, 0.15)}
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Graph(Retriever):
    """Personalised PageRank over a graph of passages, begun where another retriever looks first.

    Passages are linked by names and rare terms that they share, by similar words (tf–idf), by
    neighbourhood in their document and by explicit references. The walk begins at the ``seed_k``
    best of ``seeds``, in proportion to their scores, and returns there with ``restart``: by
    default as HaystackCraft sets them (BM25 10 and 0.5, dense 5 and 0.5, hybrid 5 and 0.15; there
    over hyperlinked documents), and as for dense with any other retriever.
    """

    seeds: Retriever = field(default=Bm25(), metadata={"help": "what the walk begins with"})
    seed_k: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "passages the walk begins at [by `seeds`]"}
    )
    restart: Annotated[float, Interval(gt=0, le=1)] | None = field(
        default=None, metadata={"help": "probability of going back to them [by `seeds`]"}
    )
    sharpness: Annotated[float, Gt(0)] = field(
        default=1.0, metadata={"help": "power that the seeds' scores are raised to; 1: published"}
    )
    links: tuple[Kind, ...] = field(
        default=("entities", "words", "neighbours", "references"),
        metadata={"help": "what links passages"},
    )
    common: Annotated[int, Ge(2)] = field(
        default=50, metadata={"help": "names and terms in more passages than this link none"}
    )
    nearest: Annotated[int, Ge(1)] = field(
        default=5, metadata={"help": "links to the passages with the most similar words"}
    )
    threshold: Annotated[float, Gt(0)] = field(
        default=0.2, metadata={"help": "least tf–idf cosine of such a link"}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the passages for the seeding retriever, and link them."""
        try:
            import scipy.sparse  # noqa: F401
        except ImportError:
            raise MissingExtra("scipy", "rag", "graph") from None
        passages = [passage for document in documents for passage in chunker.chunk(document)]
        seeds = indexed(self.seeds, documents, chunker, model)
        found = linked(passages, documents, self.links, self.common, self.nearest, self.threshold)
        return GraphIndex(passages, seeds, walk_on(found), *self._start(), self.sharpness)

    def _start(self) -> tuple[int, float]:
        """How many seeds and which restart: as given, else as published for these seeds."""
        name = catalog.spec(self.seeds).partition("(")[0]
        seed_k, restart = PRESETS.get(name, PRESETS["dense"])
        return self.seed_k or seed_k, self.restart or restart


class GraphIndex(Index):
    """Passages, the seeding index over them and where a walk goes from each."""

    def __init__(
        self,
        passages: list[Passage],
        seeds: Index,
        walk: Walk,
        seed_k: int,
        restart: float,
        sharpness: float,
    ) -> None:
        self.passages, self.seeds, self.walk = passages, seeds, walk
        self.seed_k, self.restart, self.sharpness = seed_k, restart, sharpness
        self.nodes = {(p.document, p.start, p.end): at for at, p in enumerate(passages)}
        self.order = {document: at for at, document in enumerate(_documents(passages))}
        self.places = [(self.order[p.document], p.start) for p in passages]

    def size(self) -> int:
        """Bytes of the links and of the seeding index."""
        links = self.walk.links
        arrays = (links.data, links.indices, links.indptr, self.walk.roots)
        return sum(int(array.nbytes) for array in arrays) + self.seeds.size()

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages where the walk is most often.

        Those that it cannot reach follow in the order of the seeding retriever, with score 0.
        """
        import numpy as np

        found = self.seeds.search(query, max(k, self.seed_k), model)
        weights = np.zeros(len(self.passages))
        for passage in found[: self.seed_k]:
            weights[self._node(passage)] += max(passage.score, 0.0) ** self.sharpness
        ranks = weights
        if weights.any():
            ranks = pagerank(self.walk, weights / weights.sum(), self.restart)
        # equal ranks must not be ordered by the rounding of a sum's last bit
        ranks = ranks.round(DIGITS)
        best = np.lexsort((np.arange(len(ranks)), -ranks))[:k]
        reached = [int(at) for at in best if ranks[at] > 0]
        nodes = dict.fromkeys([*reached, *map(self._node, found)])
        return [replace(self.passages[at], score=float(ranks[at])) for at in nodes][:k]

    def _node(self, passage: Passage) -> int:
        """The graph's passage for one that the seeding index found, or the one it begins in."""
        exact = self.nodes.get((passage.document, passage.start, passage.end))
        if exact is not None:
            return exact
        return bisect_right(self.places, (self.order[passage.document], passage.start)) - 1


def _documents(passages: Sequence[Passage]) -> dict[str, None]:
    return dict.fromkeys(passage.document for passage in passages)
