"""Strengths from a table of wins: maximum likelihood, unbounded where nothing bounds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def differences(wins: Floats) -> Floats:
    """Log-odds that one strategy beats another, for all pairs, from how often each did.

    ±inf where only one of them ever won, along any chain of comparisons; NaN where no chain
    connects them.
    """
    import numpy as np
    from scipy.sparse.csgraph import connected_components, shortest_path

    beaten = wins > 0
    if (beaten | np.eye(len(wins), dtype=bool)).all():
        strengths = _likeliest(wins)
        return np.asarray(strengths[:, None] - strengths[None, :])
    _, sets = connected_components(beaten, directed=True, connection="strong")
    reach = np.isfinite(shortest_path(beaten.astype(float), unweighted=True))
    apart = np.where(reach, np.inf, np.where(reach.T, -np.inf, np.nan))
    for number in np.unique(sets):
        members = np.flatnonzero(sets == number)
        strengths = _likeliest(wins[np.ix_(members, members)])
        apart[np.ix_(members, members)] = strengths[:, None] - strengths[None, :]
    return np.asarray(apart)


def _likeliest(wins: Floats) -> Floats:
    """Maximum-likelihood strengths within a connected set; the first is 0."""
    import numpy as np
    from scipy.optimize import minimize, root

    if len(wins) == 1:
        return np.zeros(1)
    games, won = wins + wins.T, wins.sum(1)

    def differences_at(free: Floats) -> Floats:
        strengths = np.concatenate([[0.0], free])
        return np.asarray(np.clip(strengths[:, None] - strengths[None, :], -500, 500))

    def loss(free: Floats) -> float:
        return float((wins * np.logaddexp(0, -differences_at(free))).sum())

    def slope(free: Floats) -> Floats:
        expected = (games / (1 + np.exp(-differences_at(free)))).sum(1)
        return np.asarray((expected - won)[1:])

    def curve(free: Floats) -> Floats:
        chance = 1 / (1 + np.exp(-differences_at(free)))
        spread = games * chance * (1 - chance)
        return np.asarray((np.diag(spread.sum(1)) - spread)[1:, 1:])

    start = np.log((won + 0.5) / (games.sum(1) - won + 0.5))
    found = root(slope, (start - start[0])[1:], jac=curve, tol=1e-10)
    if not found.success:
        found = minimize(loss, found.x * 0, jac=slope, hess=curve, method="trust-exact")
    return np.concatenate([[0.0], found.x])


def shares(apart: Floats) -> Floats:
    """Mean probability of beating the others, over those that can be compared."""
    import numpy as np
    from scipy.special import expit

    chance = expit(apart)
    known = ~np.isnan(chance) & ~np.eye(apart.shape[-1], dtype=bool)
    count = known.sum(-1)
    total = np.where(known, chance, 0.0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def unconnected(apart: Floats, names: Sequence[str]) -> list[str]:
    """Say which strategies no chain of comparisons connects."""
    import numpy as np
    from scipy.sparse.csgraph import connected_components

    count, sets = connected_components(~np.isnan(apart), directed=False)
    if count > 1:
        each = [", ".join(np.asarray(names)[sets == number]) for number in range(count)]
        said = "no comparisons connect these sets, so places mean nothing across them: "
        return [said + " | ".join(each)]
    pairs = np.argwhere(np.triu(np.isnan(apart)))
    return [f"no chain of comparisons tells {names[i]} from {names[j]}" for i, j in pairs]
