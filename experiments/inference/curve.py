"""A paired difference as a function of x, with a band that holds the whole curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

# documents from which on the line may bend once, and twice: needless bends cost precision
BENDS = (40, 80)
GRID = 161
DRAWS = 3000
# of the grid, every so manieth place stands for its neighbours where the band's reach is drawn
COARSE = 4
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Curve:
    """Plot data: the difference at each x of a grid, with its simultaneous band."""

    x: Floats
    difference: Floats
    low: Floats
    high: Floats
    logarithmic: bool
    knots: tuple[float, ...]
    n: int
    clusters: int


def fitted(
    x: Floats,
    differences: Floats,
    groups: NDArray[np.str_],
    level: float,
    *,
    knots: int | None,
    seed: int,
) -> Curve:
    """Fit the spline and its band; see ``crossing.crossing``."""
    import numpy as np

    logarithmic = bool((x > 0).all())
    places = np.log(x) if logarithmic else x
    names, codes = np.unique(groups, return_inverse=True)
    chosen = _knots(places, codes, knots)
    grid = np.union1d(np.linspace(places.min(), places.max(), GRID), chosen)
    basis, shown = _hats(places, chosen), _hats(grid, chosen)
    centre, covariance, freedom = _regression(basis, differences, codes, shown)
    half = _half_widths(shown, covariance, freedom, level, seed)
    middle = shown @ centre
    back = np.exp if logarithmic else np.asarray
    ends = back(grid)
    # exp(log(x)) is not x to the last digit
    ends[0], ends[-1] = x.min(), x.max()
    return Curve(
        ends,
        middle,
        middle - half,
        middle + half,
        logarithmic,
        tuple(float(one) for one in back(chosen)),
        len(x),
        len(names),
    )


def _knots(places: Floats, codes: Codes, wanted: int | None) -> Floats:
    """Ends of the range and, between, quantiles that documents (not questions) have equally."""
    import numpy as np

    documents = codes.max() + 1
    number = wanted or 2 + sum(documents >= enough for enough in BENDS)
    levels = np.unique(places)
    if number >= len(levels):
        return levels
    weights = 1 / np.bincount(codes)[codes]
    order = np.argsort(places, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    inner = [places[order][np.searchsorted(reached, s)] for s in np.linspace(0, 1, number)[1:-1]]
    return np.unique([places.min(), *inner, places.max()])


def _hats(places: Floats, knots: Floats) -> Floats:
    """Weights of the knots at each place: linear between neighbours."""
    import numpy as np

    eye = np.eye(len(knots))
    return np.stack([np.interp(places, knots, row) for row in eye], axis=1)


def _regression(
    basis: Floats, differences: Floats, codes: Codes, shown: Floats
) -> tuple[Floats, Floats, Floats]:
    """Coefficients, their delete-one-document covariance, degrees of freedom at each place."""
    import numpy as np

    documents, terms = codes.max() + 1, basis.shape[1]
    squares, moments = np.zeros((documents, terms, terms)), np.zeros((documents, terms))
    np.add.at(squares, codes, basis[:, :, None] * basis[:, None, :])
    np.add.at(moments, codes, basis * differences[:, None])
    whole, moment = squares.sum(axis=0), moments.sum(axis=0)
    # a little ridge: a knot that only one document knows is unknown without it, not an error
    ridge = SMALLEST * np.trace(whole) / terms * np.eye(terms)
    centre = np.linalg.solve(whole + ridge, moment)
    without = np.linalg.solve(whole - squares + ridge, (moment - moments)[..., None])[..., 0]
    moved = without - centre
    covariance = (documents - 1) / documents * moved.T @ moved
    freedom = _freedom(basis, squares, codes, whole + ridge, shown)
    return centre, covariance, freedom


def _freedom(basis: Floats, squares: Floats, codes: Codes, whole: Floats, shown: Floats) -> Floats:
    """Effective number of documents behind each place, less one (Satterthwaite's match).

    Each document's share of the variance is taken as if half of it was shared within documents.
    """
    import numpy as np

    totals = np.zeros((len(squares), basis.shape[1]))
    np.add.at(totals, codes, basis)
    pull = np.linalg.solve(whole, shown.T)
    shares = (totals @ pull) ** 2 + np.einsum("kp,gkl,lp->gp", pull, squares, pull)
    found = shares.sum(axis=0) ** 2 / (shares**2).sum(axis=0) - 1
    return np.asarray(np.clip(found, 1.0, len(squares) - 1))


def _half_widths(
    shown: Floats, covariance: Floats, freedom: Floats, level: float, seed: int
) -> Floats:
    """How far the band reaches, so that it holds the whole curve at once (sup-t)."""
    import numpy as np
    from scipy.stats import norm, t

    errors = np.sqrt(np.maximum(np.einsum("pk,kl,pl->p", shown, covariance, shown), SMALLEST**2))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    drawn = np.random.default_rng(seed).standard_normal((DRAWS, shown.shape[1]))
    largest = np.abs(drawn @ (shown @ root / errors[:, None])[::COARSE].T).max(axis=1)
    apart = 2 * norm.sf(np.quantile(largest, level))
    return np.asarray(t.isf(apart / 2, freedom) * errors)
