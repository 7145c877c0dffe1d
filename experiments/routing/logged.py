"""Graded decisions of a router's log as rows to learn from; features are in the log, no text is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crossover.errors import DataError
from crossover.experiments.routing.outcomes import Outcomes
from crossover.router.artefact import Artefact
from crossover.router.objective import UNITS
from crossover.types import Answer

if TYPE_CHECKING:
    from pandas import DataFrame

    from crossover.router.watching.record import Logged

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Graded:
    """Logged rows to learn from; ``whole`` are those on which every strategy is graded."""

    outcomes: Outcomes
    whole: NDArray[np.bool_]


def logged_rows(rows: Sequence[Logged], artefact: Artefact) -> Graded:
    """Graded decisions as rows of outcomes; raises DataError where none can be learned from.

    What is not graded counts as the router expected it, corrected by how far that strategy's
    grades lie from what was expected on average. Costs are those that were seen, else expected.
    """
    cascade, names = artefact.policy == "cascade", artefact.strategies
    usable = [row for row in rows if _usable(row, artefact, cascade=cascade)]
    if not usable:
        raise DataError("the log holds no graded decision of this router's strategies")
    grades = _matrix(usable, names, lambda row, name: row.grades.get(name))
    hoped = _matrix(usable, names, lambda row, name: row.expected[name].quality)
    known = ~np.isnan(grades)
    apart = np.where(known, grades - hoped, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    quality = np.where(known, grades, np.clip(hoped + apart, 0, 1))
    tokens = np.exp([row.before.get("documents.log_tokens", math.nan) for row in usable])
    middle = float(np.median(tokens[np.isfinite(tokens)])) if np.isfinite(tokens).any() else 1.0
    outcomes = Outcomes(
        names,
        artefact.metric,
        _labels(usable),
        [row.before for row in usable],
        [row.after for row in usable],
        quality,
        _costs(usable, artefact),
        np.where(np.isfinite(tokens), tokens, middle),
        np.array([row.after.get("reply.declines", 0.0) > 0 for row in usable]),
        {name: [_stand_in(row) for row in usable] for name in names},
        ["" for _ in usable],
        [row.group for row in usable],
    )
    return Graded(outcomes, np.asarray(known.all(axis=1)))


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """The rows of several outcomes of the same strategies, in the order of the first."""
    import pandas as pd

    first = parts[0]
    same = [part.ordered(first.strategies) for part in parts]
    units = [unit for unit in first.costs if all(unit in part.costs for part in same)]
    answers = {
        name: [one for part in same for one in part.answers[name]] for name in first.strategies
    }
    return Outcomes(
        first.strategies,
        first.metric,
        pd.concat([part.labels for part in same], ignore_index=True),
        [row for part in same for row in part.asked],
        [row for part in same for row in part.answered],
        np.concatenate([part.quality for part in same]),
        {unit: np.concatenate([part.costs[unit] for part in same]) for unit in units},
        np.concatenate([part.tokens for part in same]),
        np.concatenate([part.declines for part in same]),
        answers,
        [text for part in same for text in part.questions],
        [text for part in same for text in part.texts],
    )


def _usable(row: Logged, artefact: Artefact, *, cascade: bool) -> bool:
    """Whether a row is graded, knows what was expected, and what the policy looks at."""
    known = all(
        name in row.expected and row.expected[name].quality is not None
        for name in artefact.strategies
    )
    graded = any(name in row.grades for name in artefact.strategies)
    return known and graded and bool(row.before) and (bool(row.after) or not cascade)


def _matrix(
    rows: Sequence[Logged], names: Sequence[str], value: Callable[[Logged, str], float | None]
) -> Numbers:
    table = [[value(row, name) for name in names] for row in rows]
    return np.array([[math.nan if v is None else v for v in row] for row in table], dtype=float)


def _costs(rows: Sequence[Logged], artefact: Artefact) -> Mapping[str, Numbers]:
    found = {}
    for unit in UNITS:

        def cost(row: Logged, name: str, unit: str = unit) -> float | None:
            seen = getattr(row.passes.get(name), unit, None)
            hoped = getattr(row.expected[name], unit)
            return hoped if seen is None else float(seen)

        table = _matrix(rows, artefact.strategies, cost)
        if np.isfinite(table).all():
            found[str(unit)] = table
    return found


def _labels(rows: Sequence[Logged]) -> DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "dataset": "log",
            "example": [row.id for row in rows],
            "group": [row.group for row in rows],
            "model": [row.model for row in rows],
        }
    )


def _stand_in(row: Logged) -> Answer:
    """An answer as long as the first one was: its text is not in the log."""
    words = math.expm1(row.after.get("reply.log_words", 0.0))
    declined = row.after.get("reply.declines", 0.0) > 0
    return Answer("word " * round(words), outcome="declined" if declined else "answered")
