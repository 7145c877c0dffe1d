"""Numbers on a judge, each with an interval over documents or questions drawn as clusters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables
from crossover.experiments.judging.bradley_terry import RESAMPLES, widened_tail
from crossover.experiments.statistics import clustered_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its interval over ``n`` cases; None where there is nothing to measure."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    meaning: str = ""

    def text(self) -> str:
        """The number with its interval, as people read it."""
        if self.value is None or math.isnan(self.value):
            return _tables.UNKNOWN
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_of(name: str, values: Any, groups: Any, meaning: str, share: bool = True) -> Measure:
    """A mean with its interval clustered by group."""
    import numpy as np

    found = clustered_mean(np.asarray(values, dtype=float), groups, share=share)
    return Measure(name, found.mean, found.low, found.high, found.n, meaning)


def measure(
    name: str, found: tuple[float, float | None, float | None], n: int, meaning: str
) -> Measure:
    """A measure of what ``resampled`` found; a NaN is nothing measured."""
    value, low, high = found
    return Measure(name, None if math.isnan(value) else value, low, high, n, meaning)


def resampled(
    statistic: Callable[[Floats], float], groups: Any
) -> tuple[float, float | None, float | None]:
    """A statistic of weights per record, with its percentiles over groups drawn again."""
    import numpy as np

    if not len(groups):
        return math.nan, None, None
    names, codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    value = statistic(np.ones(len(codes)))
    if len(names) < 2 or math.isnan(value):
        return value, None, None
    share = np.full(len(names), 1 / len(names))
    weights = np.random.default_rng(0).multinomial(len(names), share, size=RESAMPLES)
    drawn = np.array([statistic(each[codes].astype(float)) for each in weights])
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return value, None, None
    tail = widened_tail(0.95, len(names))
    return value, float(np.quantile(drawn, tail)), float(np.quantile(drawn, 1 - tail))


def kappa_of(labels: Floats, levels: Floats, weights: Floats, kind: str | None) -> float:
    """Cohen's kappa of weighted records, as scikit-learn weighs disagreement; NaN on one level."""
    import numpy as np
    from sklearn.metrics import cohen_kappa_score

    there = weights > 0
    known = np.unique(np.concatenate([labels[there], levels[there]]))
    if len(known) < 2:
        return math.nan
    return float(
        cohen_kappa_score(
            labels[there].astype(int),
            levels[there].astype(int),
            weights=kind,
            sample_weight=weights[there],
        )
    )


def spearman_of(labels: Floats, values: Floats, weights: Floats) -> float:
    """Spearman's correlation of weighted records; NaN where either side is constant."""
    import numpy as np
    from scipy.stats import spearmanr

    drawn = np.repeat(np.arange(len(labels)), weights.astype(int))
    if len(drawn) < 2 or min(np.ptp(labels[drawn]), np.ptp(values[drawn])) == 0:
        return math.nan
    return float(spearmanr(labels[drawn], values[drawn]).statistic)
