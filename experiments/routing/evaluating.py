"""A router's file judged on runs, its own training documents told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crossover.errors import DataError, UnknownName
from crossover.experiments.routing.choosing import careful, forecast
from crossover.experiments.routing.fitting import table_of
from crossover.experiments.routing.judging import by_label, verdict
from crossover.experiments.routing.outcomes import TAG, Outcomes, outcomes_of
from crossover.router.artefact import Artefact
from crossover.router.features.gathering import known

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    Choice = NDArray[np.intp]


@dataclass(frozen=True)
class Evaluation:
    """The verdict on all rows (under the name "") and on each value of a label."""

    tables: dict[str, DataFrame]
    warnings: list[str]


def evaluated(path: Path, frames: Sequence[DataFrame], by: str = "") -> Evaluation:
    """Judge a router on the rows of runs whose documents it was not fitted on.

    Where it was fitted on all of them, on these, with a warning. Raises UnknownName for a label
    that the runs lack.
    """
    artefact = Artefact.load(path)
    metric = "" if artefact.metric == "headline" else artefact.metric
    rows = outcomes_of(frames, artefact.strategies, metric).ordered(artefact.strategies)
    rows, warnings = _unseen(rows, artefact)
    chosen = choices(artefact, rows)
    cascade = artefact.policy == "cascade"
    tables = {"": verdict(rows, chosen, cascade=cascade)}
    if by:
        label = by if by in rows.labels.columns else TAG + by
        if label not in rows.labels.columns:
            labels = [str(name).removeprefix(TAG) for name in rows.labels.columns]
            raise UnknownName(by, "the labels of these runs", labels)
        tables |= by_label(rows, chosen, label, cascade=cascade)
    return Evaluation(tables, warnings)


def choices(artefact: Artefact, rows: Outcomes) -> Choice:
    """What the router chooses on each row, its own cautions included."""
    cascade = artefact.policy == "cascade"
    stage = "after" if cascade else "before"
    table = table_of(rows, artefact.traits, artefact.meaning)
    texts = np.array([known(row) for row in rows.asked])
    seen = artefact.learners[stage].predict(table)
    blind = artefact.learners[f"{stage} without texts"].predict(table)
    none = np.zeros(len(artefact.strategies))
    shift = np.array([artefact.offsets.get(model, none) for model in rows.models])
    quality = np.where(texts[:, None], seen, blind) + shift
    expected = forecast(rows, quality, artefact.costs, cascade)
    chosen = expected.chosen(artefact.prices)
    if artefact.caution is None:
        return chosen
    worth = expected.worth(artefact.prices)
    return careful(chosen, worth, rows.strategies, artefact.caution)


def _unseen(rows: Outcomes, artefact: Artefact) -> tuple[Outcomes, list[str]]:
    fitted_on = set(artefact.documents)
    new = np.array([text not in fitted_on for text in rows.texts])
    if new.all():
        return rows, []
    if not new.any():
        return rows, [
            "WARNING: the router was fitted on all of these documents: what follows is too good. "
            "See `crossover router show` for its figures on documents held out."
        ]
    left = rows.rows(new)
    if not len(left):
        raise DataError("no row is left to judge the router on")
    return left, [
        f"{int((~new).sum()):,} of {len(new):,} rows are on documents that the router was fitted "
        "on and are left out"
    ]
