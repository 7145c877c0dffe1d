"""Decisions as columns, in order of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crossover.router.learner import Table

if TYPE_CHECKING:
    from crossover.router.watching.record import Logged

Numbers = NDArray[np.float64]
DAY = 86_400.0


@dataclass(frozen=True)
class Stream:
    """Decisions in order of time, as the alarm takes them; grades are NaN where there are none.

    ``days`` are days since any beginning; ``groups`` name the documents, ``models`` who answered.
    """

    days: Numbers
    table: Table
    groups: Sequence[str]
    chosen: Sequence[str]
    declined: Numbers
    expected: Numbers
    quality: Numbers
    models: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.days)

    def rows(self, which: NDArray[np.bool_]) -> Stream:
        """Some of the decisions."""
        at = np.flatnonzero(which).tolist()
        return Stream(
            self.days[at],
            Table(self.table.columns, self.table.values[at]),
            [self.groups[n] for n in at],
            [self.chosen[n] for n in at],
            self.declined[at],
            self.expected[at],
            self.quality[at],
            [self.models[n] for n in at] if self.models else (),
        )


def stream_of(rows: Sequence[Logged]) -> Stream:
    """Logged decisions as a stream."""
    expected = [row.expected.get(row.strategy) for row in rows]
    return Stream(
        np.array([row.time.timestamp() / DAY for row in rows]),
        Table.of([row.before | row.after for row in rows]),
        [row.group for row in rows],
        [row.strategy for row in rows],
        np.array([math.nan if row.declined is None else row.declined for row in rows], dtype=float),
        _floats([one.quality if one else None for one in expected]),
        _floats([row.grades.get(row.strategy) for row in rows]),
        [row.model for row in rows],
    )


def _floats(values: Sequence[float | None]) -> Numbers:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
