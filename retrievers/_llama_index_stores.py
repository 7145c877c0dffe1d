"""LlamaIndex's indexes and retrievers: built, filled, asked. Imported only where they are used."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.indices.base import BaseIndex
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from crossover import meter
from crossover.errors import ConfigError
from crossover.retrievers._as_llama_index import CrossoverEmbedding, chunk
from crossover.retrievers._foreign import Ask, ForeignIndex
from crossover.retrievers._imported import (
    MISTAKES,
    called,
    failures_named,
    imported,
    kind,
    read_call,
    takes,
)
from crossover.retrievers._lent import Lent, LentDense, LentForeign
from crossover.retrievers._passages import Passages
from crossover.retrievers._placed import Hit
from crossover.roles import Chunker
from crossover.types import Document, Passage

KINDS = (BaseIndex, BaseRetriever, BasePydanticVectorStore)
NEEDED = "a LlamaIndex index, retriever or vector store"
# where retrievers keep how many results they return
HOW_MANY = ("_similarity_top_k", "similarity_top_k")


def embedder(text: str, price: float | None) -> Lent:
    """Load the embeddings that a text names: ``dense`` with its options, or an import path."""
    if "." not in text.partition("(")[0]:
        return LentDense(text)
    path, options = read_call(text, "llama_index: embeddings", {})
    found = imported(path, "llama_index")
    made = called(found, path, options) if _can_be_called(found) else found
    if not isinstance(made, BaseEmbedding):
        raise ConfigError(f"{path} gives {kind(made)} where a LlamaIndex BaseEmbedding is needed")
    return LentForeign(made.get_text_embedding_batch, made.get_query_embedding, path, price)


@dataclass(frozen=True, slots=True)
class Source:
    """What an import path names, and what it is called with."""

    path: str
    found: Any
    options: Mapping[str, Any]
    embedder: Lent

    def index(self, documents: Sequence[Document], chunker: Chunker, batch: int) -> ForeignIndex:
        """Give it the chunks where it takes any, and put it behind an index."""
        self._check()
        embedding = CrossoverEmbedding(self.embedder, batch)
        if not self._takes_nodes():
            holder = self._called(embed_model=embedding)
            return self._behind(holder, embedding, documents, None)
        passages = Passages.cut(documents, chunker)
        if not len(passages):
            return ForeignIndex(self.path, None, documents, 0, self.embedder)
        known = {document.id: document for document in documents}
        grows = _is(self.found, VectorStoreIndex, BasePydanticVectorStore)
        step = batch if grows else len(passages)
        holder = self._started(embedding, _nodes(passages[:step], known))
        for done in range(step, len(passages), step):
            meter.working("passages added", done, len(passages))
            with failures_named(self.path):
                holder.insert_nodes(_nodes(passages[done : done + step], known))
        return self._behind(holder, embedding, documents, len(passages))

    def _check(self) -> None:
        if inspect.isclass(self.found) and not issubclass(self.found, KINDS):
            raise ConfigError(f"{self.path} is not {NEEDED}")

    def _takes_nodes(self) -> bool:
        if _is(self.found, BasePydanticVectorStore):
            return True
        return _can_be_called(self.found) and takes(self.found, "nodes")

    def _started(self, embedding: CrossoverEmbedding, nodes: list[TextNode]) -> Any:
        """Build the index over the first nodes; a vector store goes into a VectorStoreIndex."""
        if not _is(self.found, BasePydanticVectorStore):
            return self._called(embed_model=embedding, nodes=nodes)
        context = StorageContext.from_defaults(vector_store=self._called())
        with failures_named(self.path, MISTAKES):
            return VectorStoreIndex(nodes, storage_context=context, embed_model=embedding)

    def _called(self, **offered: Any) -> Any:
        if not _can_be_called(self.found):
            return self.found
        return called(self.found, self.path, self.options, **offered)

    def _behind(
        self,
        holder: object,
        embedding: CrossoverEmbedding,
        documents: Sequence[Document],
        count: int | None,
    ) -> ForeignIndex:
        if isinstance(holder, BasePydanticVectorStore):
            with failures_named(self.path, (ValueError,)):
                holder = VectorStoreIndex.from_vector_store(holder, embed_model=embedding)
        ask = _asking(holder)
        if ask is None:
            raise ConfigError(f"{self.path} gives {kind(holder)} where {NEEDED} is needed")
        return ForeignIndex(self.path, ask, documents, count, self.embedder)


def _nodes(passages: Sequence[Passage], known: Mapping[str, Document]) -> list[TextNode]:
    documents = (known[passage.document] for passage in passages)
    return [chunk(p, d, d.metadata) for p, d in zip(passages, documents, strict=True)]


def _is(found: object, *kinds: type) -> bool:
    return inspect.isclass(found) and issubclass(found, kinds)


def _can_be_called(found: object) -> bool:
    return inspect.isclass(found) or inspect.isroutine(found)


def _asking(holder: object) -> Ask | None:
    if isinstance(holder, BaseIndex):
        return lambda query, k: _hits(holder.as_retriever(similarity_top_k=k), query)
    if isinstance(holder, BaseRetriever):
        return lambda query, k: _hits(_told(holder, k), query)
    return None


def _told(retriever: BaseRetriever, k: int) -> BaseRetriever:
    """Tell a copy to return k where it can be told; else it returns as many as it does."""
    name = next((name for name in HOW_MANY if hasattr(retriever, name)), None)
    if name:
        retriever = copy.copy(retriever)
        setattr(retriever, name, k)
    return retriever


def _hits(retriever: BaseRetriever, query: str) -> list[Hit]:
    # an empty question would otherwise go without an embedding
    asked = QueryBundle(query, custom_embedding_strs=[query])
    return [_hit(found) for found in retriever.retrieve(asked)]


def _hit(found: NodeWithScore) -> Hit:
    node = found.node
    start = getattr(node, "start_char_idx", None)
    source = node.source_node.node_id if node.source_node else None
    about = {"document_id": source, "start_char_idx": start}
    known = {key: value for key, value in about.items() if value is not None}
    return Hit(node.get_content(MetadataMode.NONE), {**known, **node.metadata}, found.score)
