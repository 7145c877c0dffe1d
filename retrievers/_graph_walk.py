"""Personalised PageRank by conjugate gradients on a sparse matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

TOLERANCE = 5e-7
"""How far all ranks together may be from the exact ones."""


# taking out the rows of one node in so many costs less than going over all of them
SPARSE = 10


class Walk(NamedTuple):
    """Where walks go: link weights over the roots of both ends' degrees, and these roots."""

    links: csr_matrix
    roots: np.ndarray[Any, Any]


def walk_on(links: csr_matrix) -> Walk:
    """Prepare walks over symmetric link weights."""
    import numpy as np
    from scipy.sparse import csr_matrix, diags

    degrees = np.asarray(links.sum(axis=0)).ravel()
    roots = np.sqrt(np.where(degrees > 0, degrees, 1.0))
    scale = diags(1 / roots)
    return Walk(csr_matrix(scale @ links @ scale), roots)


def pagerank(
    walk: Walk, seeds: np.ndarray[Any, Any], restart: float, tolerance: float = TOLERANCE
) -> np.ndarray[Any, Any]:
    """Probability of each node in a walk that begins anew at the seeds with ``restart``.

    ``seeds`` are probabilities. A walk at a node without links begins anew, as in igraph's
    ``personalized_pagerank`` with damping 1 − restart. Conjugate gradients on the symmetric form
    of the equations need about half the steps of a power iteration, fewer where restarts are rare.
    """
    import numpy as np

    residual = seeds / walk.roots
    direction = residual.copy()
    found = np.zeros_like(seeds)
    length = _product(residual, residual)
    # an error in the sum of ranks is at most that of the equations over the restart
    while _product(walk.roots, np.abs(residual)) > (
        tolerance * restart * max(_product(walk.roots, found), 1.0)
    ):
        image = _along(walk.links, direction)
        image *= restart - 1
        image += direction
        step = length / _product(direction, image)
        found += step * direction
        image *= step
        residual -= image
        length, before = _product(residual, residual), length
        direction *= length / before
        direction += residual
    ranks: np.ndarray[Any, Any] = np.maximum(walk.roots * found, 0.0)
    ranks /= ranks.sum()
    return ranks


def _along(links: csr_matrix, direction: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Go along the links once; near the seeds, where the walk has come to few nodes, from these."""
    import numpy as np

    reached = np.flatnonzero(direction)
    few = len(reached) * SPARSE < len(direction)
    image: np.ndarray[Any, Any]
    image = links[reached].T @ direction[reached] if few else links @ direction
    return image


def _product(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Inner product on this thread: BLAS would wake others for it, and sum in their order."""
    import numpy as np

    return float(np.einsum("i,i", one, other))
