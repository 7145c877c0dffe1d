"""What is ours as LangChain's: retriever, embeddings, chunks. Imported only where used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever

from crossover.retrievers._lent import Lent
from crossover.retrievers._placed import chunk_id, place
from crossover.types import Document, Passage


class CrossoverRetriever(BaseRetriever):
    """Finds passages as Crossover does; the cost goes to the meter open around the call.

    ``about`` is metadata by document id that its passages carry beside document, start, end and
    score.
    """

    find: Callable[[str], list[Passage]]
    about: Mapping[str, Mapping[str, Any]] = {}

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return [
            LangChainDocument(
                passage.text,
                metadata={
                    **self.about.get(passage.document, {}),
                    **place(passage),
                    "score": passage.score,
                },
            )
            for passage in self.find(query)
        ]


class CrossoverEmbeddings(Embeddings):
    """An embedder of ours for LangChain's stores."""

    def __init__(self, embedder: Lent) -> None:
        self.embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed passages."""
        return self.embedder.passages(texts)

    def embed_query(self, text: str) -> list[float]:
        """Embed a question."""
        return self.embedder.question(text)


def chunk(passage: Passage, document: Document) -> LangChainDocument:
    """Put a passage into LangChain's terms, its place in the metadata."""
    return LangChainDocument(
        passage.text,
        id=chunk_id(passage, document),
        metadata={**document.metadata, **place(passage)},
    )
