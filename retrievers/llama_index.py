"""Any index, vector store or retriever of LlamaIndex's, named by its import path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.errors import MissingExtra
from crossover.retrievers._imported import imported, read_options
from crossover.retrievers._placed import set_name
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document


@dataclass(frozen=True, slots=True)
class LlamaIndex(Retriever):
    """Any LlamaIndex index, vector store or retriever by its import path.

    A vector store's class is put behind a VectorStoreIndex and given the chunks as nodes and an
    embedder; another class or a function is given those that it has parameters for (``nodes``,
    ``embed_model``). What takes no ``nodes``, or is an instance, holds its data already: nothing is
    indexed, and what it finds is placed in the documents by its metadata or its exact text.
    """

    path: str = field(
        default="llama_index.core.VectorStoreIndex",
        metadata={"help": "import path of a class, function or instance", "imports": True},
    )
    options: str = field(
        default="",
        metadata={"help": "dict(name=value, …) to call it with; {documents} names the set"},
    )
    embeddings: str = field(
        default="dense",
        metadata={
            "help": "import path of a BaseEmbedding, or dense(…)",
            "imports": True,
        },
    )
    embedding_price: Annotated[float, Ge(0)] | None = field(
        default=None, metadata={"help": "dollars per million tokens of those embeddings"}
    )
    batch: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "chunks added at once", "operational": True}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        read_options(self.options, "llama_index")

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Give the documents' chunks to an index, or open what holds its data already."""
        with meter.wait():
            try:
                from crossover.retrievers._llama_index_stores import Source, embedder
            except ImportError:
                raise MissingExtra("llama-index-core", "rag", "llama_index") from None
            found = imported(self.path, "llama_index")
        options = read_options(self.options, "llama_index", {"documents": set_name(documents)})
        embeds = embedder(self.embeddings, self.embedding_price)
        return Source(self.path, found, options, embeds).index(documents, chunker, self.batch)
