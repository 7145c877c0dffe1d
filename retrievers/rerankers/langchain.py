"""Reranking by any of LangChain's document compressors, named by its import path."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.errors import ConfigError
from crossover.retrievers._imported import called, failures_named, imported, read_options
from crossover.roles import Model, Reranker
from crossover.types import Passage, Step, Usage

if TYPE_CHECKING:
    from langchain_core.documents import Document

NUMBER = "crossover_number"
SCORES = ("relevance_score", "score", "rerank_score")


@dataclass(frozen=True, slots=True)
class LangChainReranker(Reranker):
    """Any LangChain ``BaseDocumentCompressor`` that reorders, for instance FlashRank's or Cohere's.

    Scores are those of the metadata (``relevance_score``, ``score``); where a library gives none,
    one by the rank. Passages that it leaves out stay left out: many return 3 unless told
    otherwise (``options=dict(top_n=20)``).
    """

    path: str = field(
        metadata={"help": "import path of its class, function or instance", "imports": True}
    )
    options: str = field(
        default="", metadata={"help": "what it is called with: dict(name=value, …)"}
    )
    price: Annotated[float, Ge(0)] | None = field(
        default=None, metadata={"help": "dollars that one call costs; 0 for a local one"}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        read_options(self.options, "langchain")

    def rerank(self, query: str, passages: Sequence[Passage], model: Model) -> list[Passage]:
        """Return the passages that the compressor keeps, in its order; raises ProviderError."""
        from langchain_core.documents import Document

        if not passages:
            return []
        documents = [
            Document(passage.text, metadata={NUMBER: number, "document": passage.document})
            for number, passage in enumerate(passages)
        ]
        with meter.wait():
            compressor = self._compressor()
        started = time.perf_counter()
        with failures_named(self.path):
            kept = compressor.compress_documents(documents, query)
        seconds = time.perf_counter() - started
        detail = f"{len(kept)} of {len(passages)} passages kept by {self.path}"
        usage = Usage(calls=1, dollars=self.price, compute_seconds=seconds)
        meter.current().charge(usage, Step("passages reranked", seconds, detail))
        return _scored([passages[_number(one, documents, self.path)] for one in kept], kept)

    def _compressor(self) -> Any:
        found = imported(self.path, "langchain")
        # what stands ready is used as it is, whatever else can be done with it
        if hasattr(found, "compress_documents") and not isinstance(found, type):
            return found
        built = called(found, self.path, read_options(self.options, "langchain", {}))
        if not hasattr(built, "compress_documents"):
            raise ConfigError(f"langchain: {self.path} has no method compress_documents")
        return built


def _number(kept: Document, documents: Sequence[Document], path: str) -> int:
    """Which passage a document was: by its number, else by its text."""
    texts = [document.page_content for document in documents]
    number = kept.metadata.get(NUMBER)
    if isinstance(number, int) and texts[number : number + 1] == [kept.page_content]:
        return number
    if kept.page_content in texts:
        return texts.index(kept.page_content)
    raise ConfigError(f"langchain: {path} rewrites passages; a reranker only reorders them")


def _scored(passages: Sequence[Passage], kept: Sequence[Document]) -> list[Passage]:
    scores = [_score(document.metadata) for document in kept]
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return [replace(p, score=1 / rank) for rank, p in enumerate(passages, 1)]
    scored = [replace(p, score=score) for p, score in zip(passages, known, strict=True)]
    return sorted(scored, key=lambda passage: -passage.score)


def _score(metadata: Mapping[str, Any]) -> float | None:
    return next((float(metadata[name]) for name in SCORES if name in metadata), None)
