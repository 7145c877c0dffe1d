"""Tests that hold with few events, related questions and many looks; numpy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Codes = NDArray[np.intp]
# fewest events expected in a bin of the smaller sample; neighbours are joined until there are
EXPECTED = 5.0
STAKES = (0.05, 0.1, 0.2, 0.4, 0.7)


def effective_rows(codes: Codes, groups: Codes, bins: int) -> float:
    """How many independent rows the shares of the bins are worth where rows come in groups.

    Rows divided by the mean design effect of the shares (Rao and Scott 1984), which is at least 1.
    """
    rows, count = len(codes), int(groups.max()) + 1 if len(groups) else 0
    shares = np.bincount(codes, minlength=bins) / rows
    sizes = np.bincount(groups, minlength=count)
    if count < 2 or (shares > 0).sum() < 2 or sizes.max() == 1:
        return float(rows if count >= 2 else 1)
    held = np.bincount(groups * bins + codes, minlength=count * bins).reshape(count, bins)
    apart = ((held - np.outer(sizes, shares)) ** 2).sum(0) * count / (count - 1)
    used = shares > 0
    effect = float((apart[used] / (rows * shares[used])).sum() / (used.sum() - 1))
    return rows / max(effect, 1.0)


def likelihood_ratio(ours: Numbers, theirs: Numbers, n: float, m: float) -> float:
    """The p-value that two samples' shares come from one distribution (G test)."""
    ours, theirs = _joined(ours, theirs, n, m)
    if len(ours) < 2:
        return 1.0
    pooled = (n * ours + m * theirs) / (n + m)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = n * ours * np.log(ours / pooled), m * theirs * np.log(theirs / pooled)
    statistic = 2 * sum(float(np.where(np.isfinite(part), part, 0.0).sum()) for part in parts)
    return chi_square_beyond(statistic, len(ours) - 1)


def chi_square_beyond(value: float, freedom: int) -> float:
    """The chance that chi-square with whole degrees of freedom exceeds a value (exact sums)."""
    half = max(value, 0.0) / 2
    if half == 0:
        return 1.0
    if freedom % 2:
        total, start = math.erfc(math.sqrt(half)), 0.5
    else:
        total, start = 0.0, 0.0
    for step in range(freedom // 2):
        power = start + step
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(total, 1.0)


def _joined(ours: Numbers, theirs: Numbers, n: float, m: float) -> tuple[Numbers, Numbers]:
    """The shares with neighbouring bins joined until each holds enough of both together."""
    pooled, least = (n * ours + m * theirs) / (n + m), EXPECTED / min(n, m)
    found: list[list[float]] = []
    mine = its = both = 0.0
    for a, b, share in zip(ours, theirs, pooled, strict=True):
        mine, its, both = mine + float(a), its + float(b), both + float(share)
        if both >= least:
            found.append([mine, its])
            mine = its = both = 0.0
    if found:
        found[-1] = [found[-1][0] + mine, found[-1][1] + its]
    table = np.array(found or [[1.0, 1.0]])
    return table[:, 0], table[:, 1]


def holm(chances: Mapping[str, float], rate: float) -> list[str]:
    """Which tests hold at a rate of any false one among all (Holm 1979)."""
    found = []
    for done, name in enumerate(sorted(chances, key=lambda name: chances[name])):
        if chances[name] * (len(chances) - done) > rate:
            break
        found.append(name)
    return found


def evidence_of_rise(residuals: Numbers, days: Codes, allowed: float) -> Numbers:
    """For each day, how strongly what came since speaks for a mean above ``allowed``.

    Residuals lie in −1 to 1, in order of time. A bet against each: the stake grows where they lie
    above (e-process, Waudby-Smith and Ramdas 2024). Where their mean is not above, the largest
    value that a day's bet ever reaches exceeds x with a chance of at most 1/x, however often one
    looks (Ville 1939). Returned is the largest so far.
    """
    last = int(days.max()) + 1 if len(days) else 0
    found = np.zeros(last)
    # a bet may lose no more than it holds
    most = 1.0 + max(allowed, 0.0)
    gains = np.log1p(np.outer(STAKES, (residuals - allowed) / most))
    for day in range(last):
        here = gains[:, days >= day]
        if here.shape[1]:
            wealth = np.logaddexp.reduce(np.cumsum(here, axis=1), axis=0) - math.log(len(STAKES))
            found[day] = float(np.exp(min(wealth.max(), 700.0)))
    return found


def numbered(names: Sequence[str]) -> Codes:
    """Names as whole numbers from 0."""
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.intp)
