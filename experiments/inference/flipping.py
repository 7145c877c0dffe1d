"""The paired test: would differences as large come of flipping whole documents' signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

FLIPS = 1 << 16
# signs drawn in all: with thousands of documents fewer patterns do
MOST_SIGNS = 1 << 25
BLOCK = 2048
TIE = 1e-9


def flipped_p(sums: Floats, sizes: Floats, seed: int = 0) -> Floats:
    """Two-sided p of a mean difference of 0, for many comparisons (columns) at once.

    ``sums`` and ``sizes`` are documents × comparisons: the sum of a document's differences, and how
    many there are (0 where it has none). The signs of whole documents are flipped, and the
    statistic is the studentised mean (CR2 variance): exact where differences are symmetric about
    0, as Fisher's test is, right in large samples where they are not, and, other than the bare
    sum, hardly held back by ties of rare wins and losses. On binary scores it is a clustered
    McNemar test (Obuchowski 1998) with a permutation null. Every pattern is tried where there
    are at most FLIPS of them, else as many as ``seed`` draws.
    """
    import numpy as np

    total = sizes.sum(axis=0)
    weights = 1 / np.maximum(1 - sizes / total, TIE)
    cross = weights * sizes * sums
    squares = (weights * sums**2).sum(axis=0)
    leverage = (weights * sizes**2).sum(axis=0)
    least = TIE * np.maximum(squares, TIE)

    def statistic(moved: Floats, crossed: Floats) -> Floats:
        mean = moved / total
        # in place: these arrays are the whole of the work
        variance = mean * leverage
        variance -= 2 * crossed
        variance *= mean
        variance += squares
        np.maximum(variance, least, out=variance)
        return np.asarray(np.divide(np.square(moved, out=mean), variance, out=variance))

    observed = statistic(sums.sum(axis=0), cross.sum(axis=0)) * (1 - TIE)
    exact = len(sums) <= FLIPS.bit_length() - 1
    both = np.hstack([sums, cross])
    patterns, as_far = 0, np.zeros(sums.shape[1])
    for signs in _all_signs(len(sums)) if exact else _drawn_signs(len(sums), seed):
        moved, crossed = np.hsplit(signs @ both, 2)
        as_far += (statistic(moved, crossed) >= observed).sum(axis=0)
        patterns += len(signs)
    found = as_far / patterns if exact else (as_far + 1) / (patterns + 1)
    return np.where((sizes > 0).sum(axis=0) < 2, 1.0, found)


def _all_signs(documents: int) -> Iterator[Floats]:
    """Half of all patterns: the other half are their mirrors, as far from 0."""
    import numpy as np

    count = 1 << max(documents - 1, 0)
    places = np.arange(documents)
    for start in range(0, count, BLOCK):
        numbers = np.arange(start, min(start + BLOCK, count))
        yield 1.0 - 2.0 * ((numbers[:, None] >> places) & 1)


def _drawn_signs(documents: int, seed: int) -> Iterator[Floats]:
    import numpy as np

    # the bits of integers(0, 2, dtype=int8), in a quarter of the time
    bits = np.random.default_rng(seed).bit_generator
    left = min(FLIPS, max(MOST_SIGNS // documents, BLOCK))
    # one block's memory serves them all
    block = np.empty((min(BLOCK, left), documents))
    while left > 0:
        signs = block[: min(BLOCK, left)]
        drawn = bits.random_raw(-(-signs.size // 8)).view(np.int8)[: signs.size]
        np.multiply(drawn.reshape(signs.shape) >= 0, 2.0, out=signs)
        yield np.subtract(signs, 1.0, out=signs)
        left -= len(signs)


def holm(p: Sequence[float] | Floats) -> Floats:
    """Adjust p values for being several (Holm 1979); NaN is no comparison and stays NaN."""
    import numpy as np

    numbers = np.asarray(p, dtype=float)
    adjusted = np.full(numbers.shape, np.nan)
    known = np.flatnonzero(~np.isnan(numbers))
    order = known[np.argsort(numbers[known], kind="stable")]
    steps = numbers[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted
