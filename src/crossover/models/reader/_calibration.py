"""How the network's logits become probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.models.reader._reading import Reading


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted on documents that were not trained on.

    ``weighing`` is what counts beside a span's own odds: its sentence's relevance, its window's
    answerability. The others are the weights of logistic regressions, the constant last.
    """

    weighing: tuple[float, ...]
    answerable: tuple[float, ...]
    span: tuple[float, ...]
    relevance: tuple[float, ...]


def features(reading: Reading) -> list[float]:
    """What answerability rests on: the surest window, the best span, how many windows tried."""
    surest = max(window[2] for window in reading.windows)
    best = max((span.odds for span in reading.spans), default=NO_SPAN)
    return [surest, best, math.log(len(reading.windows))]


def doubts(reading: Reading, support: float) -> list[float]:
    """What a span's probability rests on: its lead over the next other span, answerability."""
    first = reading.spans[0]
    other = (s.score for s in reading.spans if (s.passage, s.start) != (first.passage, first.start))
    return [min(first.score - next(other, -math.inf), LEAD), support]


def logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    """Weights · values + constant, the constant last."""
    *slopes, constant = weights
    return sum(w * v for w, v in zip(slopes, values, strict=True)) + constant


def probability(logit: float) -> float:
    """The logistic function."""
    return 1 / (1 + math.exp(-logit)) if logit > -500 else 0.0


# log odds where there is no span at all, and the lead beyond which more says nothing
NO_SPAN, LEAD = -20.0, 10.0
