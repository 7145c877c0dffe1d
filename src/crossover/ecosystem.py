"""Crossover's retrievers in other libraries: as LangChain's and as LlamaIndex's BaseRetriever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover import catalog
from crossover.errors import ConfigError, MissingExtra
from crossover.pipelines.rag import Rag
from crossover.roles import Chunker, Model, Reranker, Retriever, Selector
from crossover.types import Document, Passage, Question

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever as LangChainRetriever
    from llama_index.core.retrievers import BaseRetriever as LlamaIndexRetriever

__all__ = ["as_langchain", "as_llama_index"]


def as_langchain(
    retriever: str | Retriever,
    documents: Iterable[object],
    *,
    k: int = 8,
    chunker: str | Chunker = "tokens",
    reranker: str | Reranker | None = None,
    selector: str | Selector = "top",
    candidates: int | None = None,
    model: str | Model = "reader",
) -> LangChainRetriever:
    """Return a LangChain ``BaseRetriever`` over these documents.

    ``documents`` are Crossover's, LangChain's or LlamaIndex's. Options mean what they mean to the
    strategy ``rag``; ``model`` is the one that retrievers ask which need one. The index is built on
    the first search, and shared; cost goes to the meter that is open around a search. Passages
    carry document, start, end and score in their metadata, beside their document's own. Raises
    ConfigError: an unknown component or option, two documents of one id.
    """
    from crossover.retrievers._as_langchain import CrossoverRetriever

    rag = _rag(retriever, k, chunker, reranker, selector, candidates)
    source = _source(rag, documents, model)
    return CrossoverRetriever(find=source.find, about=source.about)


def as_llama_index(
    retriever: str | Retriever,
    documents: Iterable[object],
    *,
    k: int = 8,
    chunker: str | Chunker = "tokens",
    reranker: str | Reranker | None = None,
    selector: str | Selector = "top",
    candidates: int | None = None,
    model: str | Model = "reader",
) -> LlamaIndexRetriever:
    """Return a LlamaIndex ``BaseRetriever`` over these documents; all as in ``as_langchain``."""
    try:
        from crossover.retrievers._as_llama_index import CrossoverRetriever
    except ImportError:
        raise MissingExtra("llama-index-core", "rag", "as_llama_index") from None
    rag = _rag(retriever, k, chunker, reranker, selector, candidates)
    source = _source(rag, documents, model)
    return CrossoverRetriever(source.find, source.documents, source.about)


@dataclass(frozen=True, slots=True)
class _Source:
    """Documents by id, what their owner's library knows of them, and how they are searched."""

    rag: Rag
    model: Model
    documents: Mapping[str, Document]
    about: Mapping[str, Mapping[str, Any]]

    def find(self, query: str) -> list[Passage]:
        """Find passages, best first."""
        question = Question("search", query, tuple(self.documents.values()))
        return self.rag.retrieve(question, self.model)


def _rag(
    retriever: str | Retriever,
    k: int,
    chunker: str | Chunker,
    reranker: str | Reranker | None,
    selector: str | Selector,
    candidates: int | None,
) -> Rag:
    if k < 1 or (candidates or 1) < 1:
        raise ConfigError(f"k={k} and candidates={candidates} must be at least 1")
    return Rag(
        retriever=catalog.load(Retriever, retriever),
        k=k,
        chunker=catalog.load(Chunker, chunker),
        reranker=None if reranker is None else catalog.load(Reranker, reranker),
        selector=catalog.load(Selector, selector),
        candidates=candidates,
    )


def _source(rag: Rag, documents: Iterable[object], model: str | Model) -> _Source:
    known: dict[str, Document] = {}
    about: dict[str, Mapping[str, Any]] = {}
    for given in documents:
        document, metadata = _read(given, known)
        if document.id in known:
            raise ConfigError(f"two documents have the id {document.id!r}; give each its own")
        known[document.id], about[document.id] = document, metadata
    return _Source(rag, catalog.load(Model, model), known, about)


def _read(given: Any, known: Mapping[str, Document]) -> tuple[Document, Mapping[str, Any]]:
    """Take a document of any of the three libraries, known by what only it has."""
    if isinstance(given, Document):
        return given, given.metadata
    if hasattr(given, "page_content"):
        name = given.id or str(given.metadata.get("source", "document"))
        return Document(
            name if given.id else _free(name, known), given.page_content
        ), given.metadata
    if hasattr(given, "node_id"):
        return Document(given.node_id, given.get_content()), given.metadata
    raise ConfigError(
        f"a {type(given).__name__} is no document of Crossover's, LangChain's or LlamaIndex's"
    )


def _free(name: str, known: Mapping[str, Document]) -> str:
    """Return the name, or it with a number: the pages of a file share their source."""
    free, number = name, 1
    while free in known:
        number += 1
        free = f"{name} ({number})"
    return free
