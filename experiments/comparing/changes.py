"""How much a measure changes between two runs on the same questions, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crossover.experiments.inference.power import settling
from crossover.experiments.statistics import ROUGH_BELOW, ROUNDING, Spread, sign_flip, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

Tail = Callable[[float, bool], float]
LEVEL = 0.95
ONE_SIDED = (1 - LEVEL) / 2
DRAWS = 2_000
# no relative change beyond this is looked for
FARTHEST = 1e6


@dataclass(frozen=True, slots=True)
class Change:
    """A measure before and after, its change with a 95 % interval, and what that rests on.

    Documents are clusters. ``p`` (two-sided) flips whole documents; ``detectable`` is the least
    true change from a limit that these questions find in four of five cases. ``tail`` is the
    one-sided p against a change above (True) or below (False) a limit.
    """

    before: float | None = None
    after: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None
    n: int = 0
    clusters: int = 0
    relative: bool = False
    tail: Tail | None = field(default=None, repr=False, compare=False)

    @property
    def rough(self) -> bool:
        """Whether too few documents stand behind the interval for it to be taken at its word."""
        return self.clusters < ROUGH_BELOW

    def beyond(self, limit: float, above: bool) -> float | None:
        """One-sided p against a change that lies beyond the limit; None where nothing can tell."""
        return None if self.tail is None else self.tail(limit, above)


def mean_change(
    before: Floats, after: Floats, groups: Sequence[str], *, share: bool, relative: bool = False
) -> Change:
    """The change of a mean, or with ``relative`` of the mean as a share of the one before.

    The interval is the one of ``statistics.clustered_mean`` on differences; a relative change's
    holds every share whose test by the same means doesn't say no (Fieller 1954). Differences that
    are the same for all questions have an interval where values are in 0-1 (``share``): each
    document counted once, what was not seen may lie at the far end. Other values that all change
    alike, as token counts may, are taken at their word.
    """
    import numpy as np

    if not len(before):
        return Change(relative=relative)
    first, second = float(before.mean()), float(after.mean())
    names, codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    found = Change(first, second, n=len(before), clusters=len(names), relative=relative)
    if relative and not first:
        return _from_nothing(found)
    unit, moved = (first, second / first) if relative else (1.0, 1.0)
    size = (second - first) / unit
    if len(names) < 2:
        return replace(found, change=size)
    found = replace(found, change=size, p=sign_flip(after - before, names[codes].astype(object)))
    apart = (after - moved * before) / unit
    certainty = spread(apart, codes)
    if certainty.error < ROUNDING:
        return _constant(found, size, bounded=share and not relative)
    plan = settling(size, certainty, np.bincount(codes))
    found = replace(found, detectable=plan.detectable)
    if relative:
        return _ratio(found, size, before / unit, after / unit, codes)
    return _student(found, size, certainty)


def quantile_change(
    before: Floats,
    after: Floats,
    groups: Sequence[str],
    at: float,
    *,
    relative: bool,
    seed: int = 0,
) -> Change:
    """The change of a quantile; the interval draws documents anew (percentile bootstrap)."""
    import numpy as np

    if not len(before):
        return Change(relative=relative)
    names, codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    first, second = float(np.quantile(before, at)), float(np.quantile(after, at))
    found = Change(first, second, n=len(before), clusters=len(names), relative=relative)
    if relative and not first:
        return _from_nothing(found)
    size = (second - first) / (first if relative else 1.0)
    if len(names) < 2:
        return replace(found, change=size)
    drawn = _drawn(before, after, codes, at, relative, seed)
    low, high = map(float, np.quantile(drawn, [ONE_SIDED, 1 - ONE_SIDED]))

    def tail(limit: float, above: bool) -> float:
        against = (drawn <= limit) if above else (drawn >= limit)
        return float((1 + against.sum()) / (DRAWS + 1))

    return replace(found, change=size, low=low, high=high, tail=tail)


def _from_nothing(found: Change) -> Change:
    """There was nothing before: the same after, or infinitely more."""
    size = math.inf if found.after else 0.0
    return _constant(found, size, bounded=False)


def _student(found: Change, size: float, certainty: Spread) -> Change:
    from scipy.stats import t

    half = float(t.ppf(1 - ONE_SIDED, certainty.freedom)) * certainty.error

    def tail(limit: float, above: bool) -> float:
        away = (size - limit if above else limit - size) / certainty.error
        return float(t.sf(away, certainty.freedom))

    return replace(found, change=size, low=size - half, high=size + half, tail=tail)


def _ratio(found: Change, size: float, before: Floats, after: Floats, codes: Codes) -> Change:
    """A ratio of means lies beyond a limit where what is above the limit does, in the mean."""

    def tail(limit: float, above: bool) -> float:
        from scipy.stats import t

        rest = after - (1 + limit) * before
        certainty = spread(rest, codes)
        away = float(rest.mean()) / max(certainty.error, ROUNDING)
        return float(t.sf(away if above else -away, certainty.freedom))

    low, high = (_where(tail, size, above) for above in (True, False))
    return replace(found, low=low, high=high, tail=tail)


def _where(tail: Tail, size: float, above: bool) -> float:
    """The end of the interval that a test leaves; infinite where it never says no."""
    from scipy.optimize import brentq

    side, step = (-1 if above else 1), 0.01
    while tail(size + side * step, above) > ONE_SIDED:
        step *= 2
        if step > FARTHEST:
            return side * math.inf
    return float(
        brentq(lambda limit: tail(limit, above) - ONE_SIDED, size, size + side * step, xtol=1e-9)
    )


def _constant(found: Change, size: float, *, bounded: bool) -> Change:
    """All documents change alike: of scores, documents not seen may go to either end."""
    reach = 1 - ONE_SIDED ** (1 / found.clusters) if bounded else 0.0
    down, up = (reach * (1 + size), reach * (1 - size)) if bounded else (0.0, 0.0)

    def tail(limit: float, above: bool) -> float:
        if (limit >= size) if above else (limit <= size):
            return 1.0
        if not bounded:
            return 0.0
        unseen = abs(size - limit) / (1 + size if above else 1 - size)
        return float(max(1 - unseen, 0.0) ** found.clusters)

    return replace(found, change=size, low=size - down, high=size + up, tail=tail)


def _drawn(
    before: Floats, after: Floats, codes: Codes, at: float, relative: bool, seed: int
) -> Floats:
    import numpy as np

    generator = np.random.default_rng(seed)
    rows = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    found = np.empty(DRAWS)
    for number in range(DRAWS):
        chosen = np.concatenate([rows[d] for d in generator.integers(0, len(rows), len(rows))])
        first, second = np.quantile(before[chosen], at), np.quantile(after[chosen], at)
        found[number] = second / max(first, ROUNDING) - 1 if relative else second - first
    return found
