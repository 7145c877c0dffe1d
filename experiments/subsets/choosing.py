"""A cheap subset: the few questions that tell systems apart as the whole set does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

STARTS = 8
ROUNDS = 100
RANDOM_SUBSETS = 50
LEAST_SYSTEMS = 3


@dataclass(frozen=True, slots=True)
class Subset:
    """Chosen questions (rows of the score table) and the share of the whole each stands for."""

    places: tuple[int, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well subsets stand for the whole, on systems that had no part in choosing them.

    ``rank_correlation`` is Spearman's of the systems' scores, each estimated on a subset chosen
    without it, with their scores on all questions; ``error`` is the mean absolute difference of
    the two. ``random_*`` are the same for plain random subsets of as many questions.
    """

    systems: int
    rank_correlation: float
    error: float
    random_rank_correlation: float
    random_error: float


def choose(scores: Floats, n: int, *, features: Floats | None = None, seed: int = 0) -> Subset:
    """Choose ``n`` questions from past scores, questions × systems.

    Follows tinyBenchmarks (Polo et al. 2024) and MiniLongBench (2025): questions that systems
    answer alike are clustered (k-medoids, seeded as k-means++ is), the medoid of each cluster is
    kept and weighs as much as its cluster. ``features`` (embeddings of the questions, a row each)
    count as much as the scores do. Raises ConfigError for fewer than 2 questions asked for, or
    more than there are.
    """
    import numpy as np

    if not 2 <= n <= len(scores):
        raise ConfigError(f"a subset has 2 to {len(scores)} of these questions; {n} asked for")
    apart = _apart(_filled(scores))
    if features is not None:
        apart = apart + _apart(np.asarray(features, dtype=float))
    generator = np.random.default_rng(seed)
    tries = [_medoids(apart, n, generator) for _ in range(STARTS)]
    medoids = min(tries, key=lambda chosen: float(apart[:, chosen].min(axis=1).sum()))
    medoids = np.sort(medoids)
    counts = np.bincount(apart[:, medoids].argmin(axis=1), minlength=n)
    return Subset(tuple(map(int, medoids)), tuple(float(c) / len(scores) for c in counts))


def estimated(scores: Floats, subset: Subset) -> Floats:
    """Estimate each system's (column's) mean over all questions from its scores on a subset."""
    import numpy as np

    return np.asarray(np.array(subset.weights) @ scores[list(subset.places)])


def held_out(scores: Floats, n: int, *, features: Floats | None = None, seed: int = 0) -> Agreement:
    """Leave out one system at a time, choose by the others, and estimate the one left out.

    Raises DataError for fewer than LEAST_SYSTEMS systems: there is no ranking to speak of.
    """
    import numpy as np

    filled = _filled(scores)
    systems = filled.shape[1]
    if systems < LEAST_SYSTEMS:
        raise DataError(f"a rank correlation needs {LEAST_SYSTEMS} systems; there are {systems}")
    whole, guessed = filled.mean(axis=0), np.zeros(systems)
    for left in range(systems):
        rest = np.delete(filled, left, axis=1)
        subset = choose(rest, n, features=features, seed=seed)
        guessed[left] = estimated(filled, subset)[left]
    generator = np.random.default_rng(seed)
    drawn = [generator.choice(len(filled), n, replace=False) for _ in range(RANDOM_SUBSETS)]
    by_chance = [filled[places].mean(axis=0) for places in drawn]
    return Agreement(
        systems,
        _rank_correlation(guessed, whole),
        float(np.abs(guessed - whole).mean()),
        float(np.mean([_rank_correlation(found, whole) for found in by_chance])),
        float(np.mean([np.abs(found - whole).mean() for found in by_chance])),
    )


def past_scores(frames: Sequence[DataFrame]) -> Iterator[tuple[str, DataFrame]]:
    """Per dataset, questions × systems (strategy on model) by the headline metric, over runs.

    Questions that a system was not asked are left out; a failed answer has its score 0.
    """
    import pandas as pd

    datasets = list(dict.fromkeys(name for f in frames for name in f["dataset"].unique()))
    for dataset in datasets:
        parts = [_systems(f, dataset) for f in frames if dataset in set(f["dataset"])]
        table = pd.concat(parts, axis=1, join="inner")
        table = table.loc[:, ~table.columns.duplicated()].dropna()
        if table.empty:
            raise DataError(f"the runs share no question of {dataset} that every system answered")
        yield dataset, table


def _systems(frame: DataFrame, dataset: str) -> DataFrame:
    import pandas as pd

    cell = frame[frame["dataset"] == dataset]
    numbers = pd.to_numeric(cell[frame.attrs["metrics"][dataset][0]]).astype(float)
    mean = numbers.groupby([cell["example"], cell["strategy"], cell["model"]]).mean()
    return pd.DataFrame(mean.unstack([1, 2]))


def _filled(scores: Floats) -> Floats:
    """A system's missing score is the question's mean over the others."""
    import numpy as np

    table = np.asarray(scores, dtype=float)
    if np.isnan(table).all(axis=1).any():
        raise DataError("a question has no score by any system")
    return np.where(np.isnan(table), np.nanmean(table, axis=1, keepdims=True), table)


def _apart(rows: Floats) -> Floats:
    """Squared distances between rows, on a scale of 1 between typical ones."""
    import numpy as np

    squares = (rows**2).sum(axis=1)
    found = np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0.0)
    typical = found.mean()
    return np.asarray(found / typical if typical > 0 else found)


def _medoids(apart: Floats, n: int, generator: np.random.Generator) -> Places:
    """Alternate between nearest medoids and the middle of each cluster, from spread-out starts."""
    import numpy as np

    chosen = _spread_out(apart, n, generator)
    for _ in range(ROUNDS):
        nearest = apart[:, chosen].argmin(axis=1)
        # among equals a medoid belongs to itself
        nearest[chosen] = np.arange(n)
        moved = np.array([_middle(apart, np.flatnonzero(nearest == at)) for at in range(n)])
        if (moved == chosen).all():
            break
        chosen = moved
    return chosen


def _middle(apart: Floats, members: Places) -> int:
    return int(members[apart[members[:, None], members].sum(axis=1).argmin()])


def _spread_out(apart: Floats, n: int, generator: np.random.Generator) -> Places:
    import numpy as np

    chosen = [int(generator.integers(len(apart)))]
    free = np.ones(len(apart), dtype=bool)
    free[chosen] = False
    while len(chosen) < n:
        reach = np.where(free, apart[:, chosen].min(axis=1), 0.0)
        chance = reach if reach.sum() > 0 else free.astype(float)
        one = int(generator.choice(len(apart), p=chance / chance.sum()))
        free[one] = False
        chosen.append(one)
    return np.array(chosen)


def _rank_correlation(one: Floats, other: Floats) -> float:
    import numpy as np
    from scipy.stats import rankdata

    a, b = (rankdata(side) for side in (one, other))
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
