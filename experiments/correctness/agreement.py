"""How well scores agree with the judged table: gaps, signs and levels, with intervals."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossover.experiments.correctness.cells import Answers

Array = Any
Pair = tuple[int, int]
FULL, RAG = "full", "rag"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How cells of scores follow the judged ones.

    Spearman of the full−rag gaps over all cells and ``within`` each task, the share of the same
    ``signs``, Spearman of the ``levels`` per arm, and the mean errors in points.
    """

    gaps: float
    signs: float
    within: dict[str, float]
    levels: dict[str, float]
    level_error: float
    gap_error: float


def agreement(answers: Answers, scores: Array, rows: Array | None = None) -> Agreement:
    """Compare the cells' mean scores with their judged accuracies, of some answers or of all."""
    import numpy as np

    used = np.arange(len(scores)) if rows is None else rows
    means = _means(answers.cell[used], scores[used], len(answers.cells))
    target, pairs = answers.target, _pairs(answers)
    full, rag = (np.array([pair[at] for pair in pairs]) for at in (0, 1))
    found, wanted = means[full] - means[rag], target[full] - target[rag]
    tasks = np.array([answers.cells[one][2] for one in full])
    return Agreement(
        _spearman(found, wanted),
        float(np.mean(np.sign(found) == np.sign(wanted))),
        {t: _spearman(found[tasks == t], wanted[tasks == t]) for t in sorted(set(tasks))},
        {arm: _spearman(means[at], target[at]) for arm, at in ((FULL, full), (RAG, rag))},
        100 * float(np.mean(np.abs(means - target)[np.concatenate((full, rag))])),
        100 * float(np.mean(np.abs(found - wanted))),
    )


def resampled(answers: Answers, scores: Array, times: int, seed: int = 0) -> list[Agreement]:
    """Draw documents with replacement and compare again; the judged table stays as it is."""
    import numpy as np

    generator = np.random.default_rng(seed)
    order = np.argsort(answers.document, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(answers.document))[:-1])
    return [
        agreement(answers, scores, np.concatenate([groups[at] for at in drawn]))
        for drawn in generator.integers(0, len(groups), (times, len(groups)))
    ]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of what resampling gave."""
    import numpy as np

    low, high = np.nanquantile(values, (0.025, 0.975))
    return float(low), float(high)


def gaps(answers: Answers, scores: Array) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Measured and judged gap of each cell, in points."""
    means = _means(answers.cell, scores, len(answers.cells))
    target = answers.target
    return {
        answers.cells[full][:3]: (
            100 * float(means[full] - means[rag]),
            100 * float(target[full] - target[rag]),
        )
        for full, rag in _pairs(answers)
    }


def _pairs(answers: Answers) -> list[Pair]:
    """The places of both arms of every judged cell."""
    places = {cell: at for at, cell in enumerate(answers.cells) if cell in answers.judged}
    full = [cell for cell in places if cell[3] == FULL and (*cell[:3], RAG) in places]
    return [(places[cell], places[*cell[:3], RAG]) for cell in full]


def _means(cell: Array, scores: Array, cells: int) -> Array:
    import numpy as np

    sizes = np.bincount(cell, minlength=cells)
    return np.bincount(cell, scores, minlength=cells) / np.where(sizes, sizes, 1)


def _spearman(one: Array, other: Array) -> float:
    from scipy.stats import spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant side has no correlation: NaN says so
        return float(spearmanr(one, other).statistic)
