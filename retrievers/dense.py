"""Dense retrieval: embeddings searched by inner product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.errors import ConfigError, DamagedIndex
from crossover.models._clients import checked_url
from crossover.retrievers import _nearest
from crossover.retrievers._embedders import Embedder, Local, Remote
from crossover.retrievers._embedding import Embedded
from crossover.retrievers._encoders import PACKAGED
from crossover.retrievers._endpoints import Endpoint, is_endpoint
from crossover.retrievers._passages import Passages
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage, Step, Usage

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PACKAGED", "Dense", "DenseIndex"]
OPERATIONAL = {"operational": True}


@dataclass(frozen=True, slots=True)
class Dense(Retriever):
    """Embeddings by any sentence-transformers model or provider, searched with FAISS (cosine).

    A passage longer than a model's window is embedded window by window and averaged, so that
    nothing of it is silently cut off; a provider refuses it. ``late`` embeds the whole document
    and averages each passage's tokens (late chunking, arXiv 2409.04701). No text is embedded
    twice: vectors are kept by content. Providers' failures are ModelErrors.
    """

    model: str = field(
        default=PACKAGED,
        metadata={"help": "`minilm` (packaged), a folder, a hub id, or provider:model"},
    )
    base_url: str = field(default="", metadata={"help": "address of an OpenAI-style server"})
    key_env: str = field(default="", metadata={"help": "environment variable with the key"})
    dimensions: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "shorter vectors, where the provider offers them"}
    )
    query_prefix: str = field(default="", metadata={"help": "what the model wants before queries"})
    passage_prefix: str = field(default="", metadata={"help": "… and before passages"})
    late: bool = field(default=False, metadata={"help": "embed passages within their document"})
    index_type: _nearest.Kind = field(
        default="auto", metadata={"help": "FAISS index; auto: flat, or ivf where vectors are many"}
    )
    flat_up_to: Annotated[int, Ge(0)] = field(
        default=200_000, metadata={"help": "vectors that auto searches exactly"}
    )
    batch: Annotated[int, Ge(1)] = field(
        default=32, metadata={"help": "texts embedded at once, or in a request", **OPERATIONAL}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", **OPERATIONAL}
    )
    timeout: Annotated[float, Ge(0)] = field(
        default=60.0, metadata={"help": "seconds for one request", **OPERATIONAL}
    )
    attempts: Annotated[int, Ge(1)] = field(
        default=5, metadata={"help": "tries before a passing failure is final", **OPERATIONAL}
    )
    version: ClassVar[int] = 3

    def __post_init__(self) -> None:
        endpoint = is_endpoint(self.model)
        for name in ("base_url", "key_env", "dimensions"):
            if getattr(self, name) and not endpoint:
                raise ConfigError(f"dense: {name} goes with a provider:model, not {self.model!r}")
        if self.late and endpoint:
            raise ConfigError(f"dense: late chunking needs a model that runs here: {self.model!r}")
        if endpoint:
            checked_url(self.base_url)

    def embedder(self) -> Embedder:
        """Return what makes the vectors; nothing is loaded yet."""
        if not is_endpoint(self.model):
            return Local(self.model, self.batch, self.threads)
        where = (self.model, self.base_url, self.key_env, self.dimensions)
        return Remote(Endpoint(*where, self.timeout, self.attempts), self.batch)

    def fingerprint(self) -> str:
        """What indexes depend on beside the options."""
        return self.embedder().identity

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Embed the documents' passages and put the vectors into an index."""
        _nearest.library()
        passages = Passages.cut(documents, chunker)
        if not len(passages):
            return DenseIndex(self, passages, None)
        embedder = self.embedder()
        if self.late and isinstance(embedder, Local):
            found = embedder.late(passages, self.passage_prefix)
        else:
            found = embedder.embed([passage.text for passage in passages], self.passage_prefix)
        self._charge(found, "passages embedded", len(passages))
        meter.current().charge(Usage(input_tokens=found.tokens))
        return DenseIndex(
            self, passages, _nearest.build(found.vectors, self.index_type, self.flat_up_to)
        )

    def load(
        self, folder: Path, documents: Sequence[Document], chunker: Chunker, model: Model
    ) -> Index:
        """Open the index that was saved in a folder, its vectors mapped into memory."""
        passages = Passages.load(folder, documents)
        if not len(passages):
            return DenseIndex(self, passages, None)
        nearest = _nearest.Nearest.load(folder)
        if len(nearest) != len(passages):
            raise DamagedIndex(f"{len(nearest)} vectors stand for {len(passages)} passages")
        return DenseIndex(self, passages, nearest)

    def embed(
        self, texts: Sequence[str], step: str, prefix: str = ""
    ) -> tuple[np.ndarray[Any, Any], int | None]:
        """Unit vectors (len(texts) × dimensions, float32) and the tokens embedded, where known.

        Time and dollars go to the open meter as if no vector had been kept; loading does not.
        """
        found = self.embedder().embed(texts, prefix)
        self._charge(found, step, len(texts))
        return found.vectors, found.tokens

    def _charge(self, found: Embedded, step: str, texts: int) -> None:
        detail = f"{texts} texts by {self.model}, {found.new} of them now"
        usage = Usage(dollars=self.embedder().dollars(found.tokens), compute_seconds=found.seconds)
        meter.current().charge(usage, Step(step, found.seconds, detail))


class DenseIndex(Index):
    """Passages and their vectors."""

    def __init__(
        self, retriever: Dense, passages: Passages, nearest: _nearest.Nearest | None
    ) -> None:
        self.retriever, self.passages, self.nearest = retriever, passages, nearest

    def size(self) -> int:
        """Bytes of the vectors and of what leads to them."""
        return 0 if self.nearest is None else self.nearest.size()

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        self.passages.save(folder)
        if self.nearest is not None:
            self.nearest.save(folder)

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages whose cosine with the query is highest."""
        if self.nearest is None:
            return []
        retriever = self.retriever
        vectors, tokens = retriever.embed([query], "question embedded", retriever.query_prefix)
        if is_endpoint(retriever.model):
            meter.current().charge(Usage(input_tokens=tokens))
        pairs = self.nearest.search(vectors, k)
        return [replace(self.passages[at], score=score) for at, score in pairs]
