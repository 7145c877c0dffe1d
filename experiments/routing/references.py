"""How the rows of a fit were distributed: what a drift alarm compares with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossover.abstention import abstains
from crossover.experiments.routing.choosing import Choice, Forecast, quality_of
from crossover.experiments.routing.outcomes import Outcomes
from crossover.router.learner import Table
from crossover.router.watching.distributions import introduced, reference
from crossover.types import Answer

Numbers = NDArray[np.float64]


def reference_of(
    outcomes: Outcomes, chosen: Choice, *, cascade: bool, expected: Forecast | None = None
) -> dict[str, Any]:
    """What the drift alarm compares with, from the rows of a fit and its choices held out."""
    hoped = None
    if expected is not None:
        hoped = np.take_along_axis(expected.quality, chosen[:, None], 1)[:, 0]
    quality, seen = quality_of(outcomes, chosen), _seen(outcomes, chosen, cascade=cascade)
    return reference(*seen, hoped, quality, outcomes.models)


def with_model(
    known: Mapping[str, Any], own: Outcomes, chosen: Choice, *, cascade: bool
) -> dict[str, Any]:
    """The same with the answers of a model that was introduced later, all of ``own`` rows."""
    if not known.get("features"):
        return dict(known)
    return introduced(known, own.models[0], *_seen(own, chosen, cascade=cascade))


def _seen(
    outcomes: Outcomes, chosen: Choice, *, cascade: bool
) -> tuple[Table, list[str], list[str], Numbers]:
    """Features, documents, what was chosen, and whether the answers to it decline."""
    replies = outcomes.answered if cascade else [{}] * len(outcomes)
    rows = [{**a, **b} for a, b in zip(outcomes.asked, replies, strict=True)]
    names = [outcomes.strategies[at] for at in chosen.tolist()]
    declined = [_declines(outcomes.answers[name][at]) for at, name in enumerate(names)]
    return Table.of(rows), outcomes.groups, names, np.array(declined, dtype=float)


def _declines(answer: Answer) -> float:
    return float(answer.outcome == "declined" or abstains(answer.text))
