"""LangChain's stores and retrievers: built, filled and asked. Imported only where they are used."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore, VectorStoreRetriever

from crossover import meter
from crossover.errors import ConfigError
from crossover.retrievers._as_langchain import CrossoverEmbeddings, chunk
from crossover.retrievers._foreign import Ask, ForeignIndex
from crossover.retrievers._imported import (
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
from crossover.types import Document


def embedder(text: str, price: float | None) -> Lent:
    """Load the embeddings that a text names: ``dense`` with its options, or an import path."""
    if "." not in text.partition("(")[0]:
        return LentDense(text)
    path, options = read_call(text, "langchain: embeddings", {})
    found = imported(path, "langchain")
    made = called(found, path, options) if callable(found) else found
    if not isinstance(made, Embeddings):
        raise ConfigError(f"{path} gives {kind(made)} where LangChain's Embeddings are needed")
    return LentForeign(made.embed_documents, made.embed_query, path, price)


@dataclass(frozen=True, slots=True)
class Source:
    """What an import path names, and what it is called with."""

    path: str
    found: Any
    options: Mapping[str, Any]
    embedder: Lent

    def index(self, documents: Sequence[Document], chunker: Chunker, batch: int) -> ForeignIndex:
        """Give it the chunks where it takes any, and put it behind an index."""
        build = self._build()
        if not (callable(build) and takes(build, "documents")):
            holder = self._called() if callable(build) else build
            return self._behind(holder, documents, None)
        passages = Passages.cut(documents, chunker)
        if not len(passages):
            return ForeignIndex(self.path, None, documents, 0, self.embedder)
        known = {document.id: document for document in documents}
        step = batch if _is_store(self.found) else len(passages)
        holder = self._called(documents=[chunk(p, known[p.document]) for p in passages[:step]])
        for done in range(step, len(passages), step):
            meter.working("passages added", done, len(passages))
            with failures_named(self.path):
                part = passages[done : done + step]
                holder.add_documents([chunk(p, known[p.document]) for p in part])
        return self._behind(holder, documents, len(passages))

    def _build(self) -> Any:
        """Return what is to be called: a class's ``from_documents`` where it has one."""
        if not inspect.isclass(self.found):
            return self.found
        if not issubclass(self.found, VectorStore | BaseRetriever):
            raise ConfigError(f"{self.path} is neither a LangChain VectorStore nor a BaseRetriever")
        return getattr(self.found, "from_documents", self.found)

    def _called(self, **documents: list[LangChainDocument]) -> Any:
        embeddings = CrossoverEmbeddings(self.embedder)
        offered = {"embedding": embeddings, "embeddings": embeddings, **documents}
        return called(self._build(), self.path, self.options, **offered)

    def _behind(
        self, holder: object, documents: Sequence[Document], count: int | None
    ) -> ForeignIndex:
        ask = _asking(holder)
        if ask is None:
            raise ConfigError(
                f"{self.path} gives {kind(holder)} where a LangChain VectorStore or BaseRetriever "
                "is needed"
            )
        return ForeignIndex(self.path, ask, documents, count, self.embedder)


def _is_store(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, VectorStore)


def _asking(holder: object) -> Ask | None:
    if isinstance(holder, VectorStore):
        return lambda query, k: _from_store(holder, query, k)
    if isinstance(holder, BaseRetriever):
        return lambda query, k: _from_retriever(holder, query, k)
    return None


def _from_store(store: VectorStore, query: str, k: int) -> list[Hit]:
    try:
        found = store.similarity_search_with_score(query, k=k)
    except NotImplementedError:
        return [_hit(document) for document in store.similarity_search(query, k=k)]
    return [
        Hit(document.page_content, document.metadata, float(score)) for document, score in found
    ]


def _from_retriever(retriever: BaseRetriever, query: str, k: int) -> list[Hit]:
    """Ask for k where the retriever can be told how many; else it returns as many as it does."""
    if isinstance(retriever, VectorStoreRetriever) or takes(retriever._get_relevant_documents, "k"):
        return [_hit(document) for document in retriever.invoke(query, k=k)]
    if "k" in type(retriever).model_fields:
        retriever = retriever.model_copy(update={"k": k})
    return [_hit(document) for document in retriever.invoke(query)]


def _hit(document: LangChainDocument) -> Hit:
    about = document.metadata
    score = next((about[key] for key in ("relevance_score", "score") if key in about), None)
    return Hit(document.page_content, about, score if isinstance(score, float) else None)
