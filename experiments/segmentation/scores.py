"""What the trained model reaches on texts it was not trained on, beside trivial baselines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.experiments.segmentation.train import Samples, boundary_f1

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float32]]

THRESHOLDS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """How well a method tells boundaries from neighbours that belong together."""

    method: str
    accuracy: float
    precision: float
    recall: float
    f1: float


def row(method: str, samples: Samples, cut: np.ndarray[Any, np.dtype[np.bool_]]) -> Row:
    """Compare what was cut with where the boundaries are."""
    real = samples.same == 0
    hits = float((cut & real).sum())
    precision, recall = hits / max(int(cut.sum()), 1), hits / max(int(real.sum()), 1)
    f1 = 2 * hits / max(int(cut.sum() + real.sum()), 1)
    return Row(method, float((cut == real).mean()), precision, recall, f1)


def table(
    weights: dict[str, Floats], tuned: Samples, held: Samples, threshold: float
) -> Iterator[Row]:
    """Yield the model's row on held-out texts, then the baselines'.

    The cosine's threshold is the best one on the tuning texts.
    """
    import numpy as np

    yield row("sage", held, held.scores(weights) < threshold)
    yield row("never cut", held, np.zeros(len(held.pairs), dtype=bool))
    yield row("always cut", held, np.ones(len(held.pairs), dtype=bool))
    known, cosines = cosine(tuned), cosine(held)
    best = max(np.linspace(-1, 1, THRESHOLDS), key=lambda at: boundary_f1(tuned.same, known, at))
    yield row(f"cosine < {best:.2f}", held, cosines < best)


def recall_by_kind(
    weights: dict[str, Floats], held: Samples, threshold: float
) -> Iterator[tuple[str, int, float]]:
    """Yield every kind of pair, how many there are, and the share that is cut."""
    import numpy as np

    cut, kinds = held.scores(weights) < threshold, np.array([pair.kind for pair in held.pairs])
    for kind in sorted(set(kinds.tolist())):
        yield kind, int((kinds == kind).sum()), float(cut[kinds == kind].mean())


def cosine(samples: Samples) -> Floats:
    """Cosine of the two sentences' vectors."""
    found: Floats = (samples.one * samples.other).sum(axis=1)
    return found
