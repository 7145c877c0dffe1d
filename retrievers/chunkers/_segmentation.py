"""SAGE's segmentation model: whether a sentence belongs to the chunk of the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float32]]

WEIGHTS = Path(__file__).with_name("sage.safetensors")
# pairs scored at once: their features take 6 kB each
BLOCK = 4096


def features(one: Floats, other: Floats) -> Floats:
    """[x1, x2, x1 − x2, x1 · x2] of unit vectors, scaled so that their components are near 1."""
    import numpy as np

    scale = one.shape[1] ** 0.5
    one, other = one * scale, other * scale
    return np.concatenate([one, other, one - other, one * other], axis=1)


def same_chunk(vectors: Floats) -> Floats:
    """Score every sentence but the first: how probably it goes on in its predecessor's chunk."""
    import numpy as np

    one, other, weights = vectors[:-1], vectors[1:], load()
    parts = [
        scores(weights, features(one[at : at + BLOCK], other[at : at + BLOCK]))
        for at in range(0, len(other), BLOCK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype="float32")


def scores(weights: Mapping[str, Floats], rows: Floats) -> Floats:
    """Run the network: one hidden layer, then a logistic."""
    import numpy as np

    hidden = np.maximum(rows @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
    logits = hidden @ weights["out.weight"][0] + weights["out.bias"][0]
    return np.asarray(1 / (1 + np.exp(-logits)), dtype="float32")


@cache
def load(path: Path = WEIGHTS) -> Mapping[str, Floats]:
    """Load the shipped weights; raises ConfigError where they are missing or damaged."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError:
        raise MissingExtra("safetensors", "rag", "sage") from None
    try:
        return {name: tensor.astype("float32") for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise ConfigError(f"sage: cannot read its weights {path}: {error}; reinstall") from None
