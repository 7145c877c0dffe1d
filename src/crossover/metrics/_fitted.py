"""The constants of ``correctness``, as ``python -m crossover.experiments.correctness`` fits them.

Fitted to 84 judged accuracies: LaRA's main table, seven models by two lengths, three tasks that
have an answer, and two arms.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from crossover.metrics._signals import Signals


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal adds to the log-odds of being right."""

    bias: float
    signals: Signals

    def score(self, found: Signals) -> float:
        """Return the probability of being right."""
        weighed = zip(astuple(self.signals), astuple(found), strict=True)
        return 1 / (1 + math.exp(-(self.bias + sum(w * value for w, value in weighed))))


ALL = Weights(-25.148, Signals(0.0, 10.353, 13.300, 11.669, 4.846))
LEXICAL_ALONE = Weights(-13.560, Signals(4.532, 8.572, 15.543))
