"""What is ours as LlamaIndex's: retriever, embeddings, chunks. Imported only where used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import (
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from crossover.retrievers._lent import Lent, Vector
from crossover.retrievers._placed import chunk_id, place
from crossover.types import Document, Passage


class CrossoverRetriever(BaseRetriever):
    """Finds passages as Crossover does; the cost goes to the meter open around the call."""

    def __init__(
        self,
        find: Callable[[str], list[Passage]],
        documents: Mapping[str, Document],
        about: Mapping[str, Mapping[str, Any]],
    ) -> None:
        super().__init__()
        self.find, self.documents, self.about = find, documents, about

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [self._node(passage) for passage in self.find(query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _node(self, passage: Passage) -> NodeWithScore:
        about = self.about.get(passage.document, {})
        node = chunk(passage, self.documents[passage.document], about)
        node.metadata["score"] = passage.score
        return NodeWithScore(node=node, score=passage.score)


class CrossoverEmbedding(BaseEmbedding):
    """An embedder of ours for LlamaIndex's stores."""

    _embedder: Lent = PrivateAttr()

    def __init__(self, embedder: Lent, batch: int) -> None:
        super().__init__(model_name="crossover", embed_batch_size=batch)
        self._embedder = embedder

    def _get_query_embedding(self, query: str) -> Vector:
        return self._embedder.question(query)

    async def _aget_query_embedding(self, query: str) -> Vector:
        return await asyncio.to_thread(self._embedder.question, query)

    def _get_text_embedding(self, text: str) -> Vector:
        return self._embedder.passages([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Vector]:
        return self._embedder.passages(texts)


def chunk(passage: Passage, document: Document, about: Mapping[str, Any]) -> TextNode:
    """Put a passage into LlamaIndex's terms, its place in the metadata, its text alone to embed."""
    metadata = {**about, **place(passage)}
    return TextNode(
        id_=chunk_id(passage, document),
        text=passage.text,
        metadata=metadata,
        excluded_embed_metadata_keys=[*metadata, "score"],
        excluded_llm_metadata_keys=[*metadata, "score"],
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document)},
    )
