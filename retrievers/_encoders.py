"""Text encoders that run here: texts longer than the window, and how encoders are loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from crossover import meter, precision
from crossover.errors import ConfigError, MissingExtra
from crossover.retrievers._embedding import Computed, unit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    Matrix = Any

Offsets = list[tuple[int, int]]
PACKAGED = "minilm"
HUB_SECONDS = 5
WEIGHTS = (".json", ".txt", ".safetensors", ".bin", ".model")
EXPORTS = ("onnx", "openvino")
# a window that begins or ends within a word has a few tokens more when it is encoded by itself
SPARE = 16
running = Lock()


class Encoder(Protocol):
    """Makes vectors of texts that fit its window of ``room`` tokens, special ones not counted."""

    room: int

    def offsets(self, texts: Sequence[str]) -> list[Offsets]:
        """Where every token of every text stands."""

    def encode(self, texts: Sequence[str], batch: int) -> Matrix:
        """Embed texts."""

    def states(self, texts: Sequence[str], batch: int) -> list[tuple[Matrix, Offsets]]:
        """Return the last layer's state of every token, and its place."""

    def finish(self, pooled: Matrix) -> Matrix:
        """Do with pooled states what the model does after pooling; unit vectors."""


def embed(encoder: Encoder, texts: Sequence[str], prefix: str, batch: int) -> Computed:
    """Embed texts after a prefix; those that exceed the window are averaged over windows."""
    import numpy as np

    with precision.inference():
        clock = meter.Meter()
        places, before = encoder.offsets(texts), encoder.offsets([prefix])[0]
        room = max(1, encoder.room - len(before))
        windows = [_windows(text, found, room) for text, found in zip(texts, places, strict=True)]
        found = encoder.encode([prefix + part for parts in windows for part in parts], batch)
        owner = np.repeat(np.arange(len(texts)), [len(parts) for parts in windows])
        vectors = np.zeros((len(texts), found.shape[1]), dtype="float32")
        np.add.at(vectors, owner, found.astype("float32"))
        seconds = clock.elapsed()
    tokens = [
        len(found) + len(before) * len(parts) for found, parts in zip(places, windows, strict=True)
    ]
    return Computed(unit(vectors), tokens, seconds)


def window_of(room: int) -> int:
    """How many tokens of a longer text go into a window of that many."""
    return max(1, room - min(SPARE, room // SPARE))


def _windows(text: str, places: Offsets, room: int) -> list[str]:
    if len(places) <= room:
        return [text]
    room = window_of(room)
    starts = range(0, len(places), room)
    return [text[places[s][0] : places[min(s + room, len(places)) - 1][1]] for s in starts]


class Sentences(Encoder):
    """Any sentence-transformers model."""

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model
        self.room = (model.max_seq_length or 512) - model.tokenizer.num_special_tokens_to_add()

    def offsets(self, texts: Sequence[str]) -> list[Offsets]:
        """Where every token of every text stands."""
        found: list[Offsets] = self._tokenised(texts, add_special_tokens=False)["offset_mapping"]
        return found

    def encode(self, texts: Sequence[str], batch: int) -> Matrix:
        """Embed texts, sorted by length as the library does."""
        return self.model.encode(list(texts), batch_size=batch, show_progress_bar=False)

    def states(self, texts: Sequence[str], batch: int) -> list[tuple[Matrix, Offsets]]:
        """Return the last layer's state of every token, and its place."""
        found: list[tuple[Matrix, Offsets]] = []
        for first in range(0, len(texts), batch):
            some = self._tokenised(
                texts[first : first + batch],
                truncation=True,
                max_length=self.model.max_seq_length,
                padding=True,
                return_special_tokens_mask=True,
                return_tensors="pt",
            )
            places, special = some.pop("offset_mapping"), some.pop("special_tokens_mask")
            states = self.model[0](some.to(self.model.device))["token_embeddings"]
            for mine, where, apart in zip(states.float().cpu(), places, special, strict=True):
                kept = apart == 0
                found.append((mine[kept].numpy(), [(a, b) for a, b in where[kept].tolist()]))
        return found

    def finish(self, pooled: Matrix) -> Matrix:
        """Run the modules that come after pooling."""
        import torch

        kinds = [type(module).__name__ for module in self.model]
        found = {"sentence_embedding": torch.from_numpy(pooled).to(self.model.device)}
        for module in list(self.model)[kinds.index("Pooling") + 1 :]:
            found = module(found)
        return found["sentence_embedding"].float().cpu().numpy()

    def _tokenised(self, texts: Sequence[str], **how: Any) -> Any:
        how = {"truncation": False, "verbose": False, **how}
        try:
            return self.model.tokenizer(list(texts), return_offsets_mapping=True, **how)
        except NotImplementedError:
            name = type(self.model.tokenizer).__name__
            raise ConfigError(f"dense: {name} does not say where its tokens stand") from None


@lru_cache(maxsize=2)
def load(name: str) -> Encoder:
    """Load the packaged MiniLM or a sentence-transformers model, from here or from the hub.

    Raises ConfigError where there is none, MissingExtra where a package is.
    """
    try:
        found = _packaged() if name == PACKAGED else Sentences(_sentence_transformer(name))
    except ImportError as error:
        raise MissingExtra(str(error.name), "rag", "dense") from None
    with precision.inference():
        # what the libraries set up on first use is no part of any text's time
        found.encode(["warm up"], 1)
    return found


def _packaged() -> Encoder:
    from crossover.retrievers import _minilm

    return _minilm.MiniLm()


def _sentence_transformer(name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    precision.quiet()
    try:
        # what is here or cached is used as it is: the hub is asked for nothing
        return SentenceTransformer(name, device=precision.device(), local_files_only=True)
    except (OSError, ValueError) as error:
        if Path(name).exists():
            raise ConfigError(f"dense: cannot load the embedder {name!r}: {_line(error)}") from None
        return _from_hub(name)


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


@lru_cache(maxsize=16)
def fingerprint(name: str) -> str:
    """Tell an embedder's files from others of the same name: their hash, or the hub's commit."""
    folder = precision.minilm_folder() if name == PACKAGED else Path(name)
    if folder.is_dir():
        return _hash(folder)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtra(str(error.name), "rag", "dense") from None
    try:
        return Path(snapshot_download(name, local_files_only=True)).name
    except (LocalEntryNotFoundError, ValueError):
        load(name)
        return Path(snapshot_download(name, local_files_only=True)).name


def _hash(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in WEIGHTS and not set(path.relative_to(folder).parts) & set(EXPORTS):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            found.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return found.hexdigest()
