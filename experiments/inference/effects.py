"""How large a difference is: against the spread of differences, or as an odds ratio."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

# added to wins and to losses (Haldane 1956): a ratio where one of them is 0
HALF = 0.5
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect size with its interval; None where the data cannot say."""

    kind: str
    size: float | None
    low: float | None
    high: float | None


def standardised(differences: Floats, codes: Codes, freedom: float, level: float = 0.95) -> Effect:
    """Mean difference over the standard deviation of the questions' differences (Cohen's d_z).

    The interval deletes one document at a time (the jackknife, CV3 of MacKinnon et al. 2023) and
    so knows the error of both.
    """
    import numpy as np

    counts = np.bincount(codes).astype(float)
    sums = np.stack([counts, np.bincount(codes, differences), np.bincount(codes, differences**2)])

    def ratio(found: Floats) -> Floats:
        mean = found[1] / found[0]
        return np.asarray(mean / np.sqrt(np.maximum(found[2] / found[0] - mean**2, SMALLEST)))

    if differences.std() ** 2 <= 2 * SMALLEST:
        return Effect("standardised", None, None, None)
    return Effect("standardised", *_jackknifed(ratio, sums, freedom, level))


def odds_ratio(differences: Floats, codes: Codes, freedom: float, level: float = 0.95) -> Effect:
    """Questions won for each one lost: the conditional odds ratio of paired binary scores.

    Half a question is added to both; the interval is the jackknife's by document, of the logarithm,
    and never narrower than that of as many independent questions would be.
    """
    import numpy as np

    wins, losses = (np.bincount(codes, side) for side in (differences > 0, differences < 0))

    def log_odds(found: Floats) -> Floats:
        return np.asarray(np.log((found[0] + HALF) / (found[1] + HALF)))

    if not (wins.any() or losses.any()):
        return Effect("odds ratio", None, None, None)
    sums = np.stack([wins, losses]).astype(float)
    least = float((1 / (sums.sum(axis=1) + HALF)).sum())
    found = _jackknifed(log_odds, sums, freedom, level, least)
    size, low, high = (None if number is None else math.exp(number) for number in found)
    return Effect("odds ratio", size, low, high)


def _jackknifed(
    statistic: Callable[[Floats], Floats],
    sums: Floats,
    freedom: float,
    level: float,
    least: float = 0.0,
) -> tuple[float, float | None, float | None]:
    """A statistic of sums over documents with an interval; its variance is ``least`` or more."""
    from scipy.stats import t

    total = sums.sum(axis=1)
    documents = sums.shape[1]
    centre = float(statistic(total))
    if documents < 2:
        return centre, None, None
    without = statistic(total[:, None] - sums)
    variance = (documents - 1) / documents * float(((without - centre) ** 2).sum())
    error = math.sqrt(max(variance, least))
    if error <= SMALLEST:
        return centre, None, None
    half = float(t.ppf((1 + level) / 2, freedom)) * error
    return centre, centre - half, centre + half
