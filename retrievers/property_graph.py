"""LlamaIndex's property graph, with names found by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from crossover.errors import MissingExtra
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage

if TYPE_CHECKING:
    import numpy as np
    from llama_index.core import PropertyGraphIndex

    from crossover.retrievers._tree_llama_index import Embedder


@dataclass(frozen=True, slots=True)
class PropertyGraph(Retriever):
    """LlamaIndex's PropertyGraphIndex: names, where they occur, what they stand beside.

    Built without a model: names are found by rule, neighbouring passages by LlamaIndex's
    ImplicitPathExtractor. Its VectorContextRetriever takes the ``names`` nearest to the question
    (MiniLM) and the relations within ``depth`` steps of them; a passage's score is the best
    similarity of a name that leads to it (0 if none does) plus its own cosine with the question.
    """

    names: Annotated[int, Ge(1)] = field(
        default=4, metadata={"help": "names nearest to the question, as in LlamaIndex"}
    )
    depth: Annotated[int, Ge(1)] = field(
        default=1, metadata={"help": "steps from a name, as in LlamaIndex"}
    )
    relations: Annotated[int, Ge(1)] = field(
        default=30, metadata={"help": "relations looked at, as in LlamaIndex"}
    )
    common: Annotated[int, Ge(1)] = field(
        default=50, metadata={"help": "names in more passages than this are left out"}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Extract names, embed them and the passages, and store how they belong together."""
        try:
            from llama_index.core import PropertyGraphIndex
        except ImportError:
            raise MissingExtra("llama-index-core", "rag", "property_graph") from None
        from llama_index.core.indices.property_graph import ImplicitPathExtractor

        from crossover.retrievers._graph_llama_index import NameExtractor, OrderedStore
        from crossover.retrievers._tree_llama_index import Embedder, nodes_of

        passages = [passage for document in documents for passage in chunker.chunk(document)]
        embedder = Embedder()
        graph = PropertyGraphIndex(
            nodes_of(passages),
            kg_extractors=[NameExtractor(common=self.common), ImplicitPathExtractor()],
            property_graph_store=OrderedStore(),
            embed_model=embedder,
            use_async=False,
        )
        return PropertyGraphIndexed(self, passages, graph, embedder)


class PropertyGraphIndexed(Index):
    """Passages, their vectors, and the graph of names over them."""

    def __init__(
        self,
        options: PropertyGraph,
        passages: list[Passage],
        graph: PropertyGraphIndex,
        embedder: Embedder,
    ) -> None:
        self.options, self.passages, self.graph, self.embedder = options, passages, graph, embedder
        self.vectors = embedder.vectors([passage.text for passage in passages])

    def size(self) -> int:
        """Bytes of the names' and passages' vectors."""
        return self.embedder.size()

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages that names and their own vectors speak for most."""
        import numpy as np

        if not self.passages:
            return []
        question = np.array(self.embedder.get_query_embedding(query))
        scores = self.vectors @ question + self._by_names(query, question)
        # products of floats differ in their last bits between batch sizes
        order = np.lexsort((np.arange(len(scores)), -scores.round(6)))[:k]
        return [replace(self.passages[at], score=float(scores[at].round(6))) for at in order]

    def _by_names(self, query: str, question: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """How similar to the question the nearest name that leads to each passage is."""
        import numpy as np
        from llama_index.core.schema import QueryBundle

        from crossover.retrievers._graph_llama_index import PassageRetriever
        from crossover.retrievers._tree_llama_index import place_of

        retriever = PassageRetriever(
            self.graph.property_graph_store,
            include_text=False,
            embed_model=self.embedder,
            vector_store=self.graph.vector_store,
            similarity_top_k=self.options.names,
            path_depth=self.options.depth,
            limit=self.options.relations,
        )
        scores = np.zeros(len(self.passages))
        asked = QueryBundle(query, embedding=[*map(float, question)])
        for found in self.graph.as_retriever([retriever], use_async=False).retrieve(asked):
            at = place_of(found.node.ref_doc_id or "")
            scores[at] = max(scores[at], found.get_score())
        return scores
