"""The crossover point: from which length (or cost, or k) on one strategy overtakes another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crossover.errors import DataError
from crossover.experiments.inference.curve import Curve, fitted
from crossover.experiments.statistics import ROUGH_BELOW

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Verdict = Literal["crosses", "always", "never", "not settled"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a strategy's lead over another changes sign, over the range that was observed.

    ``verdict``: it ``crosses`` (leads on one side and trails on the other), leads ``always``,
    ``never`` (trails everywhere), or what there is is ``not settled``. A crossing, if there is
    one, lies from ``low`` to ``high``; both are None where none is possible. An end of the
    observed range as ``low`` or ``high`` says only that the data reach no further. ``estimate``
    is where the curve itself changes sign first. ``overtakes`` says whether the lead grows from
    behind as x grows (True), is lost (False) or neither is settled (None).
    """

    verdict: Verdict
    estimate: float | None
    low: float | None
    high: float | None
    overtakes: bool | None
    curve: Curve

    @property
    def rough(self) -> bool:
        """Whether too few documents stand behind the band for it to be taken at its word."""
        return self.curve.clusters < ROUGH_BELOW


def crossing(
    x: Sequence[float] | Floats,
    differences: Sequence[float] | Floats,
    groups: Sequence[str] | NDArray[Any],
    level: float = 0.95,
    *,
    knots: int | None = None,
    seed: int = 0,
) -> Crossing:
    """Find where the paired difference, as a function of ``x``, is 0.

    The curve is a linear spline in log x (in x itself where some x is not positive), fitted by
    least squares, straight where documents are few and with a bend more from each number of them
    in BENDS on. The crossover's interval is every x at which a band around the whole curve holds
    0: the inversion of a test, as Fieller's intervals are, so that it may be the whole range, one
    side of it, or nothing. The band is simultaneous (sup-t over the range), since "always" speaks
    of the whole curve; its covariance deletes one document at a time (CV3 of MacKinnon, Nielsen
    & Webb 2023). ``x`` may vary within
    documents or between them. NaN leave a question out. Raises DataError where nothing is left
    or all x are one.
    """
    import numpy as np

    places, apart = np.asarray(x, dtype=float), np.asarray(differences, dtype=float)
    names = np.asarray(groups, dtype=str)
    known = np.isfinite(places) & np.isfinite(apart)
    if len(np.unique(places[known])) < 2:
        raise DataError("a crossover point needs differences at two values of x at least")
    curve = fitted(places[known], apart[known], names[known], level, knots=knots, seed=seed)
    ahead, behind = curve.low > 0, curve.high < 0
    verdict = _verdict(ahead, behind)
    low, high = _where_zero(curve, ahead, behind)
    return Crossing(verdict, _root(curve), low, high, _direction(ahead, behind), curve)


def _verdict(ahead: NDArray[np.bool_], behind: NDArray[np.bool_]) -> Verdict:
    if ahead.all():
        return "always"
    if behind.all():
        return "never"
    return "crosses" if ahead.any() and behind.any() else "not settled"


def _direction(ahead: NDArray[np.bool_], behind: NDArray[np.bool_]) -> bool | None:
    """Whether it leads on the right of where it trails; None where it turns more than once."""
    import numpy as np

    if not (ahead.any() and behind.any()):
        return None
    leads, trails = np.flatnonzero(ahead), np.flatnonzero(behind)
    if leads[0] > trails[-1]:
        return True
    return False if trails[0] > leads[-1] else None


def _where_zero(
    curve: Curve, ahead: NDArray[np.bool_], behind: NDArray[np.bool_]
) -> tuple[float | None, float | None]:
    """The hull of the places at which the band holds 0, its ends interpolated."""
    import numpy as np

    possible = np.flatnonzero(~(ahead | behind))
    if not len(possible):
        return _between(curve, ahead) if ahead.any() and behind.any() else (None, None)
    first, last = int(possible[0]), int(possible[-1])
    return _end(curve, first, first - 1), _end(curve, last, last + 1)


def _between(curve: Curve, ahead: NDArray[np.bool_]) -> tuple[float, float]:
    """Two neighbours on the grid of which one leads and one trails: 0 lies between them."""
    import numpy as np

    turns = np.flatnonzero(np.diff(ahead.astype(int)))
    return float(curve.x[turns[0]]), float(curve.x[turns[-1] + 1])


def _end(curve: Curve, inside: int, outside: int) -> float:
    """Where the edge of the band passes 0 between a place inside the interval and one outside."""
    if not 0 <= outside < len(curve.x):
        return float(curve.x[inside])
    edge = curve.low if curve.low[outside] > 0 else curve.high
    share = edge[outside] / (edge[outside] - edge[inside])
    return _moved(curve, outside, inside, float(share))


def _root(curve: Curve) -> float | None:
    import numpy as np

    signs = np.sign(curve.difference)
    turns = np.flatnonzero(signs[1:] * signs[:-1] <= 0)
    if not len(turns) or not signs.any():
        return None
    left = int(turns[0])
    before, after = curve.difference[left], curve.difference[left + 1]
    return _moved(curve, left, left + 1, float(before / (before - after)) if before else 0.0)


def _moved(curve: Curve, start: int, end: int, share: float) -> float:
    a, b = float(curve.x[start]), float(curve.x[end])
    if curve.logarithmic:
        return math.exp(math.log(a) + share * (math.log(b) - math.log(a)))
    return a + share * (b - a)
