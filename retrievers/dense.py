"""Dense retrieval: sentence embeddings searched by inner product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from crossover import meter, precision
from crossover.errors import ConfigError, MissingExtra
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage, Step, Usage

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from sentence_transformers import SentenceTransformer

PACKAGED = "minilm"
HUB_SECONDS = 5
_encoding = Lock()


@dataclass(frozen=True, slots=True)
class Dense(Retriever):
    """Embeddings by any sentence-transformers model, searched exactly with FAISS (flat, cosine).

    A passage longer than the embedder's window is embedded window by window and averaged, so that
    nothing of it is silently cut off.
    """

    model: str = field(
        default=PACKAGED,
        metadata={"help": "`minilm` (packaged), a folder, or a sentence-transformers hub id"},
    )
    batch: Annotated[int, Ge(1)] = field(
        default=32, metadata={"help": "texts embedded at once", "operational": True}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Embed the documents' passages and put the vectors into a flat index."""
        try:
            import faiss
        except ImportError:
            raise MissingExtra("faiss-cpu", "rag", "dense") from None
        passages = [passage for document in documents for passage in chunker.chunk(document)]
        if not passages:
            return DenseIndex(self, [], None)
        vectors, tokens = self.embed([passage.text for passage in passages], "passages embedded")
        meter.current().charge(Usage(input_tokens=tokens))
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        return DenseIndex(self, passages, flat)

    def embed(self, texts: Sequence[str], step: str) -> tuple[np.ndarray[Any, Any], int]:
        """Unit vectors (len(texts) × dimensions, float32) and the tokens embedded.

        The time goes to the open meter; loading the embedder, once per process, does not.
        """
        import numpy as np

        with meter.wait():
            encoder = _encoder(self.model)
        windows, tokens = _windows(texts, encoder)
        flat = [window for part in windows for window in part]
        precision.set_threads(self.threads)
        with meter.turn(_encoding), precision.inference():
            clock = meter.Meter()
            found = encoder.encode(flat, batch_size=self.batch, show_progress_bar=False)
            seconds = clock.elapsed()
        owner = np.repeat(np.arange(len(texts)), [len(part) for part in windows])
        vectors = np.zeros((len(texts), found.shape[1]), dtype="float32")
        np.add.at(vectors, owner, found.astype("float32"))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        detail = f"{len(texts)} texts by {self.model}"
        meter.current().charge(Usage(compute_seconds=seconds), Step(step, seconds, detail))
        return vectors / np.where(norms == 0, 1, norms), tokens


class DenseIndex(Index):
    """Passages and their vectors."""

    def __init__(
        self, retriever: Dense, passages: list[Passage], flat: faiss.IndexFlatIP | None
    ) -> None:
        self.retriever, self.passages, self.flat = retriever, passages, flat

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages whose cosine with the query is highest."""
        if self.flat is None:
            return []
        vector, _ = self.retriever.embed([query], "question embedded")
        scores, found = self.flat.search(vector, min(k, len(self.passages)))
        pairs = zip(found[0], scores[0], strict=True)
        return [replace(self.passages[at], score=float(score)) for at, score in pairs]


@lru_cache(maxsize=2)
def _encoder(name: str) -> SentenceTransformer:
    try:
        precision.quiet()
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingExtra("sentence-transformers", "rag", "dense") from None
    path = str(precision.minilm_folder()) if name == PACKAGED else name
    try:
        # what is here or cached is used as it is: the hub is asked for nothing
        encoder = SentenceTransformer(path, device=precision.device(), local_files_only=True)
    except (OSError, ValueError) as error:
        if Path(path).exists():
            raise ConfigError(f"dense: cannot load the embedder {name!r}: {_line(error)}") from None
        encoder = _from_hub(name)
    if name == PACKAGED:
        # its card says 256, its positions reach 512; the default chunk of 300 tokens needs them
        encoder.max_seq_length = 512
    return encoder


def _from_hub(name: str) -> SentenceTransformer:
    """Download an embedder; fails within seconds where the hub has none or is out of reach."""
    from huggingface_hub import HfApi
    from sentence_transformers import SentenceTransformer

    try:
        HfApi().model_info(name, timeout=HUB_SECONDS)
        return SentenceTransformer(name, device=precision.device())
    # the libraries raise errors of many kinds here, and all mean that there is no embedder
    except Exception as error:
        raise ConfigError(
            f"dense: no embedder {name!r} here or on the Hugging Face hub: {_line(error)}"
        ) from None


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _windows(texts: Sequence[str], encoder: SentenceTransformer) -> tuple[list[list[str]], int]:
    """Cut texts that exceed the embedder's window into pieces that fit; count the tokens."""
    room = (encoder.max_seq_length or 512) - encoder.tokenizer.num_special_tokens_to_add()
    encoded = encoder.tokenizer(
        list(texts),
        add_special_tokens=False,
        return_offsets_mapping=True,
        truncation=False,
        verbose=False,
    )["offset_mapping"]
    cut = [
        [
            text[spans[s][0] : spans[min(s + room, len(spans)) - 1][1]]
            for s in range(0, len(spans), room)
        ]
        for text, spans in zip(texts, encoded, strict=True)
    ]
    return [part or [text] for part, text in zip(cut, texts, strict=True)], sum(map(len, encoded))
