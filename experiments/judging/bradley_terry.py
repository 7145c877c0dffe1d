"""Bradley-Terry: a ranking of strategies from comparisons of two, with honest intervals.

A tie counts as half a win for each (Glickman's and Elo's convention; Davidson's tie parameter is
not fitted). Strengths are maximum likelihood (Bradley & Terry 1952) by scipy's optimiser; they are
finite within a set of strategies that each beat and lose to one another along some chain (Ford
1957), and unbounded across: a strategy that was never beaten is infinitely far above, which is
what its interval says. Intervals resample whole documents; their percentiles are widened for few
documents (Hesterberg 2015).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.errors import DataError
from crossover.experiments.judging.strengths import differences, shares, unconnected
from crossover.experiments.statistics import ROUGH_BELOW, ROUNDING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ends = tuple[float | None, float | None]

RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """``result`` is 1 where ``first`` won, 0 where ``second`` did, and between for a tie."""

    first: str
    second: str
    result: float
    group: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A strategy's place.

    ``share`` is the mean probability of winning against each other strategy, ``strength`` the
    log-odds of winning against the anchor; each with its interval, None where the comparisons say
    nothing or documents do not differ, infinite where nothing bounds it; the other end of a
    strategy that was never beaten allows for as many upsets as would go unseen. ``best`` and
    ``worst`` bound the ``place``.
    """

    strategy: str
    share: float | None
    low: float | None
    high: float | None
    strength: float | None
    strength_low: float | None
    strength_high: float | None
    place: int
    best: int
    worst: int
    wins: float
    ties: float
    losses: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Strategies, best first, against one ``anchor``; ``notes`` say what can't be compared."""

    anchor: str
    ranked: tuple[Ranked, ...]
    clusters: int
    notes: tuple[str, ...] = ()

    @property
    def rough(self) -> bool:
        """Whether too few documents stand behind the intervals to take them at their word."""
        return self.clusters < ROUGH_BELOW


def rank(
    comparisons: Sequence[Comparison],
    anchor: str = "",
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Ranking:
    """Rank strategies; ``anchor`` is by default the first that was compared.

    Raises DataError where there is no comparison, one of a strategy with itself, a result outside
    0-1, or an anchor that was never compared.
    """
    names = _names(comparisons)
    anchor = anchor or names[0]
    if anchor not in names:
        raise DataError(f"the anchor {anchor} is in no comparison; there is: {', '.join(names)}")
    by_group = _tables(comparisons, names)
    apart = differences(by_group.sum(0))
    draws = _Draws(
        apart,
        _resampled(by_group, resamples, seed, apart),
        differences(_softened(by_group, level)),
        widened_tail(level, len(by_group)),
    )
    counts = _counts(comparisons)
    ranked = [
        _ranked(name, at, names.index(anchor), draws, counts[name]) for at, name in enumerate(names)
    ]
    ranked.sort(key=lambda each: -1.0 if each.share is None else each.share, reverse=True)
    return Ranking(anchor, tuple(ranked), len(by_group), tuple(unconnected(apart, names)))


class _Draws:
    """Differences as found, in each resample, and with as many upsets as nobody has seen yet."""

    def __init__(self, apart: Floats, drawn: Floats, softened: Floats, tail: float) -> None:
        self.apart, self.drawn, self.softened, self.tail = apart, drawn, softened, tail
        self.shares, self.drawn_shares = shares(apart), shares(drawn)
        self.places, self.drawn_places = _places(self.shares[None])[0], _places(self.drawn_shares)

    @property
    def settled(self) -> bool:
        """Whether there was anything to resample."""
        return len(self.drawn) > 1

    def strength(self, at: int, anchor: int) -> Ends:
        """The interval of a strength; unseen upsets bound the end that no resample bounds."""
        if not self.settled or at == anchor or math.isnan(self.apart[at, anchor]):
            return None, None
        low, high = _bounds(self.drawn[:, at, anchor], self.tail, -math.inf, math.inf)
        unseen = float(self.softened[at, anchor])
        if low == math.inf:
            return unseen, high
        return (low, unseen) if high == -math.inf else _open_where_equal(low, high)

    def share(self, at: int) -> Ends:
        """The interval of a share."""
        if not self.settled or math.isnan(self.shares[at]):
            return None, None
        low, high = _bounds(self.drawn_shares[:, at], self.tail, 0.0, 1.0)
        unseen = float(shares(self.softened)[at])
        if low == 1.0:
            return unseen, high
        return (low, unseen) if high == 0.0 else _open_where_equal(low, high)

    def place(self, at: int) -> tuple[int, int, int]:
        """The place, the best and the worst it may be."""
        drawn = self.drawn_places[:, at]
        best, worst = _bounds(drawn, self.tail, 1, len(self.apart))
        return int(self.places[at]), int(best), int(worst)


def _ranked(
    name: str, at: int, anchor: int, draws: _Draws, counts: tuple[float, float, float]
) -> Ranked:
    low, high = draws.share(at)
    strength_low, strength_high = draws.strength(at, anchor)
    place, best, worst = draws.place(at)
    wins, ties, losses = counts
    return Ranked(
        strategy=name,
        share=_known(draws.shares[at]),
        low=low,
        high=high,
        strength=_known(draws.apart[at, anchor]),
        strength_low=strength_low,
        strength_high=strength_high,
        place=place,
        best=min(best, place),
        worst=max(worst, place),
        wins=wins,
        ties=ties,
        losses=losses,
        note=_note(draws.apart, at),
    )


def _softened(by_group: Floats, level: float) -> Floats:
    """Wins and losses with a share turned round: as many upsets as would still go unseen.

    The exact binomial bound of a share that was never seen, each document counted once.
    """
    wins = by_group.sum(0)
    unseen = 1 - ((1 - level) / 2) ** (1 / len(by_group))
    found: Floats = (1 - unseen) * wins + unseen * wins.T
    return found


def _open_where_equal(low: float, high: float) -> Ends:
    """No interval where every resample says the same: no spread between documents."""
    return (None, None) if high - low < ROUNDING else (low, high)


def _names(comparisons: Sequence[Comparison]) -> list[str]:
    for each in comparisons:
        if each.first == each.second:
            raise DataError(f"{each.first} is compared with itself")
        if not 0 <= each.result <= 1:
            raise DataError(f"a comparison's result is {each.result:g}, but results lie in 0-1")
    names = list(dict.fromkeys(name for each in comparisons for name in (each.first, each.second)))
    if not names:
        raise DataError("there is no comparison to rank by")
    return names


def _tables(comparisons: Sequence[Comparison], names: Sequence[str]) -> Floats:
    """Per document, how often each strategy beat each other one."""
    import numpy as np

    place = {name: at for at, name in enumerate(names)}
    groups = {name: at for at, name in enumerate(sorted({each.group for each in comparisons}))}
    found = np.zeros((len(groups), len(names), len(names)))
    for each in comparisons:
        first, second, group = place[each.first], place[each.second], groups[each.group]
        found[group, first, second] += each.result
        found[group, second, first] += 1 - each.result
    return found


def _resampled(by_group: Floats, resamples: int, seed: int, apart: Floats) -> Floats:
    """The differences over documents drawn with replacement; those given where there is one."""
    import numpy as np

    if len(by_group) < 2:
        return apart[None]
    chance = np.random.default_rng(seed)
    share = np.full(len(by_group), 1 / len(by_group))
    weights = chance.multinomial(len(by_group), share, size=resamples)
    return np.stack([differences(np.tensordot(each, by_group, 1)) for each in weights])


def widened_tail(level: float, clusters: int) -> float:
    """What to cut off each side of a bootstrap's draws, widened for few clusters (Hesterberg 2015).

    Percentiles alone are too narrow by what Student's t adds and by sqrt((n - 1) / n).
    """
    from scipy.stats import norm, t

    if clusters < 2:
        return 0.0
    stretch = math.sqrt(clusters / (clusters - 1))
    return float(norm.cdf(stretch * t.ppf((1 - level) / 2, clusters - 1)))


def _bounds(drawn: Floats, tail: float, least: float, most: float) -> tuple[float, float]:
    """Percentiles; a resample that says nothing may be anything from ``least`` to ``most``."""
    import numpy as np

    low = np.where(np.isnan(drawn), least, drawn)
    high = np.where(np.isnan(drawn), most, drawn)
    return (
        float(np.quantile(low, tail, method="inverted_cdf")),
        float(np.quantile(high, 1 - tail, method="inverted_cdf")),
    )


def _places(shares: Floats) -> Floats:
    import numpy as np

    known = np.where(np.isnan(shares), 0.5, shares)
    # shares that differ by rounding alone are one place
    found: Floats = 1.0 + (known[:, None, :] > known[:, :, None] + ROUNDING).sum(-1)
    return found


def _counts(comparisons: Sequence[Comparison]) -> dict[str, tuple[float, float, float]]:
    """Wins, ties and losses; a result between is partly a tie."""
    found: dict[str, list[float]] = {}
    for each in comparisons:
        for name, won in ((each.first, each.result), (each.second, 1 - each.result)):
            row = found.setdefault(name, [0.0, 0.0, 0.0])
            row[0] += max(2 * won - 1, 0.0)
            row[1] += 1 - abs(2 * won - 1)
            row[2] += max(1 - 2 * won, 0.0)
    return {name: (row[0], row[1], row[2]) for name, row in found.items()}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _note(apart: Floats, at: int) -> str:
    import numpy as np

    others = np.delete(apart[at], at)
    others = others[~np.isnan(others)]
    if len(others) and (others == np.inf).all():
        return "never beaten: unbounded above"
    if len(others) and (others == -np.inf).all():
        return "never won: unbounded below"
    return ""
