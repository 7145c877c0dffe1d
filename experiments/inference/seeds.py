"""Several seeds: how much of the variance is luck of the draw, and an interval that counts it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError
from crossover.experiments.statistics import Estimate, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    Floats = NDArray[np.float64]

SEED = "seed"


@dataclass(frozen=True, slots=True)
class Seeds:
    """The mean over seeds, with variance components of a single score.

    ``estimate`` is for any seed, not only for those that ran. ``document`` is what questions of a
    document share, ``question`` what answers to a question share beyond that, ``seed`` what
    answers of a seed share, ``residual`` the rest: one question's answer changing with the seed.
    A component that cannot be told (one seed, one document) is None.
    """

    estimate: Estimate
    seeds: int
    document: float | None
    question: float | None
    seed: float | None
    residual: float | None


def over_seeds(
    scores: Sequence[Sequence[float]] | Floats,
    groups: Sequence[str] | NDArray[Any],
    level: float = 0.95,
) -> Seeds:
    """Split the variance of questions × seeds, documents (``groups``) being clusters of questions.

    Components are Henderson's by analysis of variance, never below 0. The interval's variance is
    the clustered one of the questions' means plus the seeds' own, its degrees of freedom
    Satterthwaite's. Questions that a seed lacks (NaN) are left out. Raises DataError for no
    question that all seeds answered.
    """
    import numpy as np

    table = np.asarray(scores, dtype=float)
    known = ~np.isnan(table).any(axis=1)
    if not known.any():
        raise DataError("no question has a score for every seed")
    table = table[known]
    names, codes = np.unique(np.asarray(groups, dtype=str)[known], return_inverse=True)
    seed, residual, question, document = _components(table, codes)
    clusters, (questions, seeds) = len(names), table.shape
    mean = float(table.mean())
    low = high = None
    if clusters > 1:
        half = _half(table, codes, level)
        low, high = (mean - half, mean + half) if half > 0 else (None, None)
    estimate = Estimate(mean, low, high, questions, clusters)
    return Seeds(estimate, seeds, document, question, seed, residual)


def _components(
    table: Floats, codes: NDArray[np.intp]
) -> tuple[float | None, float | None, float | None, float | None]:
    import numpy as np

    questions, seeds = table.shape
    means = table.mean(axis=1)
    residual = seed = None
    if seeds > 1 and questions > 1:
        columns = table.mean(axis=0)
        left = table - means[:, None] - columns + table.mean()
        residual = float((left**2).sum() / ((questions - 1) * (seeds - 1)))
        seed = max(0.0, float(columns.var(ddof=1)) - residual / questions)
    sizes = np.bincount(codes).astype(float)
    inside = np.bincount(codes, means) / sizes
    if len(sizes) < 2 or questions == len(sizes):
        return seed, residual, None, None
    within = float(((means - inside[codes]) ** 2).sum() / (questions - len(sizes)))
    between = float((sizes * (inside - means.mean()) ** 2).sum() / (len(sizes) - 1))
    typical = (questions - (sizes**2).sum() / questions) / (len(sizes) - 1)
    document = max(0.0, (between - within) / typical)
    question = None if residual is None else max(0.0, within - residual / seeds)
    return seed, residual, question, document


def _half(table: Floats, codes: NDArray[np.intp], level: float) -> float:
    from scipy.stats import t

    seeds = table.shape[1]
    found = spread(table.mean(axis=1), codes)
    parts = [(found.error**2, found.freedom)]
    if seeds > 1:
        # the residual's share of it is left in: with few seeds, less would often be nothing
        parts.append((float(table.mean(axis=0).var(ddof=1)) / seeds, float(seeds - 1)))
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return 0.0
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    return float(t.ppf((1 + level) / 2, freedom)) * math.sqrt(variance)


def seeds_table(frame: DataFrame, metric: str | None = None, level: float = 0.95) -> DataFrame:
    """One row per dataset, model and strategy of a frame whose column ``seed`` tells runs apart.

    ``mean`` with ``low`` and ``high`` counts the luck of the seeds; ``variance.*`` are its
    components. Without the column, the rows are of one seed. Build such a frame from runs of one
    grid under several seeds with ``together``.
    """
    import pandas as pd

    from crossover.experiments._summary import KEYS

    rows = []
    for key, cell in frame.groupby([*KEYS], sort=False):
        measure = metric or frame.attrs["metrics"][key[0]][0]
        seed = cell[SEED] if SEED in cell else pd.Series(0, index=cell.index)
        numbers = pd.to_numeric(cell[measure]).astype(float)
        table = numbers.groupby([cell["example"], seed]).mean().unstack()
        groups = cell.groupby("example")["group"].first().loc[table.index]
        found = over_seeds(table.to_numpy(), groups.to_numpy(object), level)
        rows.append(dict(zip(KEYS, key, strict=True)) | {"metric": measure} | _shown(found))
    return pd.DataFrame(rows)


def _shown(found: Seeds) -> dict[str, object]:
    parts = {name: getattr(found, name) for name in ("document", "question", "seed", "residual")}
    return {
        "n": found.estimate.n,
        "clusters": found.estimate.clusters,
        "seeds": found.seeds,
        "mean": found.estimate.mean,
        "low": found.estimate.low,
        "high": found.estimate.high,
        "rough": found.estimate.rough,
        **{f"variance.{name}": part for name, part in parts.items()},
    }


def together(frames: Mapping[int, DataFrame]) -> DataFrame:
    """Join the result frames of one grid that ran under several seeds, keyed by seed."""
    import pandas as pd

    if not frames:
        raise DataError("no run is given to join")
    joined = pd.concat([f.assign(**{SEED: seed}) for seed, f in frames.items()], ignore_index=True)
    joined.attrs = dict(next(iter(frames.values())).attrs)
    return joined
