"""How the rows of a fit were distributed: what a drift alarm compares with."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.abstention import abstains
from crossover.experiments.routing.choosing import Choice, Forecast, quality_of
from crossover.experiments.routing.outcomes import Outcomes
from crossover.router.learner import Table
from crossover.router.watching.distributions import reference
from crossover.types import Answer


def reference_of(
    outcomes: Outcomes, chosen: Choice, *, cascade: bool, expected: Forecast | None = None
) -> dict[str, Any]:
    """What the drift alarm compares with, from the rows of a fit and its choices held out."""
    replies = outcomes.answered if cascade else [{}] * len(outcomes)
    rows = [{**a, **b} for a, b in zip(outcomes.asked, replies, strict=True)]
    names = [outcomes.strategies[at] for at in chosen.tolist()]
    declined = [_declines(outcomes.answers[name][at]) for at, name in enumerate(names)]
    hoped = None
    if expected is not None:
        hoped = np.take_along_axis(expected.quality, chosen[:, None], 1)[:, 0]
    quality = quality_of(outcomes, chosen)
    return reference(
        Table.of(rows), outcomes.groups, names, np.array(declined, dtype=float), hoped, quality
    )


def _declines(answer: Answer) -> float:
    return float(answer.outcome == "declined" or abstains(answer.text))
