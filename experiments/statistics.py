"""Means with honest intervals: questions on one document are not independent of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

ROUGH_BELOW = 10
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval; None where the data cannot say (no value, a single cluster)."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int

    @property
    def rough(self) -> bool:
        """Whether too few clusters stand behind the interval for it to be taken at its word."""
        return self.clusters < ROUGH_BELOW


def clustered_mean(
    values: Sequence[float] | Floats,
    groups: Sequence[str] | NDArray[Any],
    level: float = 0.95,
    *,
    share: bool = True,
) -> Estimate:
    """Mean of ``values`` with a confidence interval that treats ``groups`` as clusters.

    The variance is the bias-reduced cluster-robust one (CR2, Bell & McCaffrey 2002), Student's t
    has the degrees of freedom of Imbens & Kolesar (2016): at most clusters - 1, fewer where
    clusters are unequal. With ``share``, values are scores in 0-1 and the interval is computed
    on the logit scale (Korn & Graubard 1999), which keeps it inside 0-1, its end towards 0.5 no
    nearer than Agresti & Coull's (1998); without, values may be anything, for instance differences.

    NaN values do not apply and are left out. There is no interval where there is one cluster or
    no spread between clusters; where every score is 0 (or every one 1) it is the exact binomial
    one, each cluster counted once. Raises DataError for a score outside 0-1.
    """
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    applies = ~np.isnan(numbers)
    _, codes = np.unique(np.asarray(groups, dtype=str)[applies], return_inverse=True)
    return coded_mean(numbers[applies], codes, level, share=share)


def coded_mean(
    numbers: Floats, codes: NDArray[np.intp], level: float = 0.95, *, share: bool = True
) -> Estimate:
    """The same of values without NaN whose clusters are numbered from 0, none left out."""
    if not len(numbers):
        return Estimate(None, None, None, 0, 0)
    if share:
        numbers = _scores(numbers)
    mean, clusters = float(numbers.mean()), int(codes.max()) + 1
    if clusters < 2:
        return Estimate(mean, None, None, len(numbers), clusters)
    half, quantile = _half_width(numbers, codes, level)
    low, high = _bounds(mean, half, quantile, clusters, level, share)
    return Estimate(mean, low, high, len(numbers), clusters)


def numbered(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number clusters from 0 in the order of their codes, which are not negative."""
    import numpy as np

    there = np.bincount(codes) > 0
    return np.asarray((np.cumsum(there) - 1)[codes])


def sign_flip(
    differences: Sequence[float] | Floats,
    groups: Sequence[str] | NDArray[Any],
    seed: int = 0,
) -> float | None:
    """Two-sided p of a mean difference of 0, by flipping the signs of whole clusters.

    The statistic is the studentised mean (see ``flipping.flipped_p``). Exact up to FLIPS sign
    patterns, beyond that over as many drawn by ``seed``. None where there are no differences.
    """
    import numpy as np

    numbers = np.asarray(differences, dtype=float)
    applies = ~np.isnan(numbers)
    _, codes = np.unique(np.asarray(groups, dtype=str)[applies], return_inverse=True)
    return sign_flips([(numbers[applies], codes)], seed)[0]


def sign_flips(
    several: Sequence[tuple[Floats, NDArray[np.intp]]], seed: int = 0
) -> list[float | None]:
    """``sign_flip`` of many comparisons: differences without NaN, clusters numbered from 0.

    Those on as many clusters are flipped together: the signs are the same ones.
    """
    import numpy as np

    from crossover.experiments.inference.flipping import flipped_p

    found: list[float | None] = [1.0 if len(numbers) else None for numbers, _ in several]
    together: dict[int, list[Any]] = {}
    for place, (numbers, codes) in enumerate(several):
        sums = np.asarray(np.bincount(codes, numbers), dtype=float)
        sizes = np.asarray(np.bincount(codes), dtype=float)
        if len(sums) > 1 and sums.any():
            together.setdefault(len(sums), []).append((place, sums, sizes))
    for own in together.values():
        sums, sizes = (np.stack([one[at] for one in own], axis=1) for at in (1, 2))
        p = flipped_p(sums, sizes, seed).tolist()
        for (place, _, _), value in zip(own, p, strict=True):
            found[place] = value
    return found


@dataclass(frozen=True, slots=True)
class Spread:
    """How sure a clustered mean is: its standard error and what that rests on."""

    error: float
    freedom: float
    alike: float


def spread(numbers: Floats, codes: NDArray[np.intp]) -> Spread:
    """Find the CR2 standard error, its degrees of freedom and the correlation within clusters.

    ``codes`` number the clusters from 0; there are at least two.
    """
    import numpy as np

    sizes = np.bincount(codes).astype(float)
    total = sizes.sum()
    weights = 1 / (1 - sizes / total)
    residuals = np.bincount(codes, numbers) - sizes * numbers.mean()
    variance = float((weights * residuals**2).sum() / total**2)
    alike = _within_correlation(numbers, codes, sizes)
    return Spread(math.sqrt(variance), _degrees_of_freedom(sizes, weights, alike), alike)


def _scores(numbers: Floats) -> Floats:
    import numpy as np

    wrong = numbers[(numbers < -ROUNDING) | (numbers > 1 + ROUNDING)]
    if wrong.size:
        raise DataError(f"a score is {wrong[0]:g}, but scores lie in 0-1")
    return np.clip(numbers, 0.0, 1.0)


def _bounds(
    mean: float, half: float, quantile: float, clusters: int, level: float, share: bool
) -> tuple[float | None, float | None]:
    from scipy.special import expit, logit

    if share and mean in (0.0, 1.0):
        reach = 1 - ((1 - level) / 2) ** (1 / clusters)
        return (0.0, reach) if mean == 0.0 else (1 - reach, 1.0)
    if half < ROUNDING:
        return None, None
    if not share:
        return mean - half, mean + half
    reach = half / (mean * (1 - mean))
    low, high = float(expit(logit(mean) - reach)), float(expit(logit(mean) + reach))
    inner = _inner_end(mean, half, quantile)
    return (min(low, inner), high) if mean > 0.5 else (low, max(high, inner))


def _inner_end(mean: float, half: float, quantile: float) -> float:
    """The end towards 0.5 with two more right and two more wrong answers (Agresti & Coull 1998).

    Of so many as would be as sure were they independent. Near 0 and 1 the few documents that
    differ may not be among those drawn, and the spread that was seen is then too small.
    """
    from scipy.special import expit, logit

    number = mean * (1 - mean) * (quantile / half) ** 2
    middle = (mean * number + 2) / (number + 4)
    reach = quantile / math.sqrt(middle * (1 - middle) * (number + 4))
    return float(expit(logit(middle) + (-reach if mean > 0.5 else reach)))


def _half_width(numbers: Floats, codes: NDArray[np.intp], level: float) -> tuple[float, float]:
    """Half the interval's width, and the quantile of Student's t in it."""
    from scipy.stats import t

    found = spread(numbers, codes)
    quantile = float(t.ppf((1 + level) / 2, found.freedom))
    return quantile * found.error, quantile


def _within_correlation(numbers: Floats, codes: NDArray[np.intp], sizes: Floats) -> float:
    """Estimate how alike the scores of one cluster are (one-way analysis of variance)."""
    import numpy as np

    total, clusters = sizes.sum(), len(sizes)
    means = np.bincount(codes, numbers) / sizes
    between = (sizes * (means - numbers.mean()) ** 2).sum() / (clusters - 1)
    within = ((numbers - means[codes]) ** 2).sum() / max(total - clusters, 1)
    typical = (total - (sizes**2).sum() / total) / (clusters - 1)
    shared = max(0.0, (between - within) / typical)
    return float(shared / (shared + within)) if shared + within > 0 else 0.0


def _degrees_of_freedom(sizes: Floats, weights: Floats, correlation: float) -> float:
    """Satterthwaite's match of the CR2 variance under equally correlated scores in a cluster.

    The cluster residuals' covariance is diagonal plus a matrix of rank two, so that no matrix
    over all clusters is ever built.
    """
    import numpy as np

    total = sizes.sum()
    spread = sizes * (1 - correlation) + correlation * sizes**2
    factors = np.stack([sizes, spread])
    core = np.array([[spread.sum() / total**2, -1 / total], [-1 / total, 0.0]])
    low_rank = np.einsum("ig,ij,jg->g", factors, core, factors)
    trace = (weights * (spread + low_rank)).sum()
    product = core @ (factors * weights) @ factors.T
    squares = np.trace(product @ product)
    squares += (weights**2 * ((spread + low_rank) ** 2 - low_rank**2)).sum()
    return float(trace**2 / squares)
