"""Small models for token pruning: loaded once per process, used by one thread at a time."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from crossover import precision, tokens
from crossover.compressors._packaged import PACKAGED, packaged_causal, packaged_classifier
from crossover.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from crossover.compressors._lingua_causal import CausalPruner
    from crossover.compressors._lingua_classifier import ClassifierPruner

running = Lock()
_loading = Lock()
ENCODING = "cl100k_base"


def causal(name: str) -> CausalPruner:
    """Load a causal language model and the library around it.

    Raises ConfigError where it cannot be loaded, MissingExtra where a package is missing.
    """
    with _loading:
        return _causal(name)


def classifier(name: str) -> ClassifierPruner:
    """Load a keep/drop classifier and the library around it; raises like ``causal``."""
    with _loading:
        return _classifier(name)


@lru_cache(maxsize=2)
def _causal(name: str) -> CausalPruner:
    _prepare("llmlingua")
    from crossover.compressors._lingua_causal import CausalPruner

    return CausalPruner(str(packaged_causal()) if name == PACKAGED else name)


@lru_cache(maxsize=2)
def _classifier(name: str) -> ClassifierPruner:
    _prepare("llmlingua2")
    from crossover.compressors._lingua_classifier import ClassifierPruner

    return ClassifierPruner(str(packaged_classifier()) if name == PACKAGED else name)


def _prepare(component: str) -> None:
    # the library asks for this encoding when it is built: it is not to be downloaded
    tokens.encoding(ENCODING)
    try:
        import llmlingua  # noqa: F401
    except ImportError as error:
        raise MissingExtra(str(error.name), "compress", component) from None


def pretrained(name: str, kind: str) -> tuple[Any, Any, Any]:
    """Load a model of a transformers Auto class, its tokenizer and its configuration."""
    import transformers

    from crossover.models import _huggingface_files as files

    config = files.config(name)
    tokenizer = files.loaded(name, transformers.AutoTokenizer.from_pretrained)
    if not tokenizer.is_fast:
        raise ConfigError(f"{name}: its tokenizer does not say where its tokens stand")
    # texts are read in windows: that they are longer than one is no mistake
    tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True
    model, told = files.loaded(
        name, getattr(transformers, kind).from_pretrained, output_loading_info=True
    )
    missing = sorted(told["missing_keys"])
    if missing:
        head = kind.removeprefix("AutoModelFor")
        raise ConfigError(f"{name}: no model for {head}: {missing[0]} is missing")
    device = precision.device()
    return (model.float() if device == "cpu" else model.to(device)).eval(), tokenizer, config


class Counting:
    """The encoding in which the library counts, for any text: markers are text, runs no trap."""

    def encode(self, text: str) -> list[int]:
        """Encode a text."""
        encoding = tokens.encoding(ENCODING)
        return [one for piece in tokens.pieces(text) for one in encoding.encode_ordinary(piece)]
