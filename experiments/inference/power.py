"""What a comparison could have seen, and how many more questions would settle it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.experiments.statistics import Spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL, POWER = 0.95, 0.8
# more documents than this are nobody's plan
MOST_DOCUMENTS = 10_000_000


@dataclass(frozen=True, slots=True)
class Settling:
    """What would make a difference of this size stand out with the power asked for.

    ``detectable`` is the least difference that these questions find with that power.
    ``documents`` and ``questions`` are in all, of the kind there are, with as many questions each;
    ``questions_here`` are in all on the documents there are, None where no number would do.
    ``documents`` is None where the difference is 0 and thus nothing to find.
    """

    detectable: float
    documents: int | None
    questions: int | None
    questions_here: int | None


def settling(
    difference: float,
    found: Spread,
    sizes: NDArray[np.intp],
    *,
    level: float = LEVEL,
    power: float = POWER,
) -> Settling:
    """Plan a paired comparison from one that was made; ``sizes`` are the documents' questions.

    More documents shrink the standard error by their root, and bring degrees of freedom; more
    questions on the same documents shrink only what varies within documents.
    """
    reach = _reach(found.freedom, level, power)
    detectable = reach * found.error
    documents = _documents(abs(difference), found, len(sizes), level, power)
    if documents is None:
        return Settling(detectable, None, None, None)
    questions = math.ceil(documents * sizes.mean())
    here = _questions_here(abs(difference) / reach, found, sizes)
    return Settling(detectable, documents, questions, here)


def _reach(freedom: float, level: float, power: float) -> float:
    """How many standard errors away from 0 a difference is found with this power."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2) + stdtrit(freedom, power))


def _documents(
    difference: float, found: Spread, documents: int, level: float, power: float
) -> int | None:
    """Least number of documents for which the difference is as far off as its reach."""

    def enough(number: int) -> bool:
        scale = number / documents
        error = found.error / math.sqrt(scale)
        freedom = max(found.freedom * scale, 1.0)
        return difference >= _reach(freedom, level, power) * error

    if difference <= 0 or not enough(MOST_DOCUMENTS):
        return None
    low, high = 1, MOST_DOCUMENTS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _questions_here(error: float, found: Spread, sizes: NDArray[np.intp]) -> int | None:
    """Questions that bring the standard error down to ``error`` on the same documents."""
    total = float(sizes.sum())
    # with the same shares of questions the part between documents stays as it is
    shared = found.alike * float((sizes.astype(float) ** 2).sum()) / total**2
    single = (1 - found.alike) / total
    if shared + single <= 0:
        return None
    between = found.error**2 * shared / (shared + single)
    within = found.error**2 - between
    room = error**2 - between
    if room <= 0:
        return None
    return math.ceil(max(total * within / room, 1.0))
