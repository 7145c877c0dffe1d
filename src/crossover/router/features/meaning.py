"""What a question is about: its embedding, cut down to the directions in which questions vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
DIRECTIONS = 24


@dataclass(frozen=True, slots=True)
class Meaning:
    """Principal directions of training questions; ``features`` are a question's places on them."""

    mean: Vectors
    directions: Vectors

    @classmethod
    def of(cls, vectors: Vectors, most: int = DIRECTIONS) -> Meaning:
        """Find the directions in which these vectors vary most; signs are fixed."""
        mean = vectors.mean(0)
        _, _, found = np.linalg.svd(vectors - mean, full_matrices=False)
        found = found[:most]
        largest = found[np.arange(len(found)), np.abs(found).argmax(1)]
        return cls(mean, found * np.sign(largest)[:, None])

    def features(self, vector: Vectors) -> dict[str, float]:
        """Where a question stands on each direction."""
        places = self.directions @ (vector - self.mean)
        return {f"meaning.{at}": float(place) for at, place in enumerate(places)}

    def to_json(self) -> dict[str, Any]:
        """Lists of numbers only, rounded to what decides nothing."""
        return {
            "mean": np.round(self.mean, 5).tolist(),
            "directions": np.round(self.directions, 5).tolist(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Meaning:
        """Read what ``to_json`` wrote."""
        mean = np.array(stored["mean"], dtype=np.float32)
        return cls(mean, np.array(stored["directions"], dtype=np.float32))


def embedded(texts: Sequence[str]) -> Vectors:
    """Unit vectors of texts by the packaged MiniLM; raises MissingExtra without its needs."""
    from crossover.retrievers.dense import Dense

    vectors, _ = Dense().embed(texts, "question embedded")
    return np.asarray(vectors, dtype=np.float32)
