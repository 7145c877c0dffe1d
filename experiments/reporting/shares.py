"""How much of one strategy's score another one reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.experiments import _tables
from crossover.experiments.statistics import clustered_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import Series


@dataclass(frozen=True)
class Share:
    """How much of one strategy's score another one reaches, with its interval."""

    mean: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{percent(self.mean)} [{_tables.UNKNOWN}]"
        return f"{percent(self.mean)} [{percent(max(self.low, 0))}, {percent(self.high)}]"


def share_of(
    own: Series[float], base: Series[float], codes: NDArray[np.intp], level: float = 0.95
) -> Share | None:
    """The ratio of two means on the same questions, linearised, documents as clusters."""
    both = (own.notna() & base.notna()).to_numpy()
    first, second = own.to_numpy(float)[both], base.to_numpy(float)[both]
    if not len(first) or second.mean() <= 0:
        return None
    ratio = float(first.mean() / second.mean())
    moved = ratio + (first - ratio * second) / second.mean()
    found = clustered_mean(moved, codes[both].astype(str), level, share=False)
    return Share(ratio, found.low, found.high)


def percent(value: float) -> str:
    """A share as a percentage, without a decimal that would say nothing."""
    return f"{100 * value:.0f} %" if value >= 0.02 or value == 0 else f"{100 * value:.2g} %"
