"""Runs as the dashboard opens them: numbers in memory, texts on disk until they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.experiments._summary import TAG, natural, summarise
from crossover.experiments.report import RESULTS, load_frame
from crossover.experiments.reporting.facts import Facts

if TYPE_CHECKING:
    from pandas import DataFrame

KEYS = ("dataset", "model", "strategy", "outcome")


@dataclass(frozen=True)
class Filter:
    """Which rows are looked at: the values wanted of a column; a column not named lets all through.

    Columns are dataset, model, strategy, outcome and tags by their names alone.
    """

    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.wanted.items())))

    def __bool__(self) -> bool:
        return any(self.wanted.values())

    def rows(self, frame: DataFrame) -> DataFrame:
        """The rows that fit, with the frame's attributes; values are compared as texts."""
        found = frame
        for name, values in self.wanted.items():
            if values:
                found = found[found[column_of(name)].astype(str).isin(values)]
        found.attrs = frame.attrs
        return found


@dataclass(frozen=True)
class Opened:
    """One run's results without their texts; ``changed`` is when they were written.

    Raises DataError where there are none.
    """

    folder: Path
    changed: int = 0

    @classmethod
    def of(cls, folder: str | Path) -> Opened:
        """The run as it is now: the same object serves until its results are written again."""
        path = Path(folder) / RESULTS
        return cls(Path(folder), path.stat().st_mtime_ns if path.is_file() else 0)

    @cached_property
    def frame(self) -> DataFrame:
        """The result frame but for answers and messages."""
        return load_frame(self.folder, texts=False)

    @property
    def name(self) -> str:
        """What the run calls itself."""
        return str(self.frame.attrs.get("run") or self.folder.name)

    @cached_property
    def tags(self) -> dict[str, list[str]]:
        """The tags with their values, in a natural order."""
        columns = [str(name) for name in self.frame.columns if str(name).startswith(TAG)]
        return {
            name.removeprefix(TAG): sorted(
                map(str, self.frame[name].dropna().unique()), key=natural
            )
            for name in columns
        }

    def values(self, name: str) -> list[str]:
        """The values of dataset, model, strategy or outcome, in the order of the run."""
        return [str(value) for value in self.frame[column_of(name)].unique()]

    def facts(self, chosen: Filter, by: Sequence[str] = ()) -> Facts:
        """What a report of the rows that fit is computed from; ``by`` slices its summary.

        Raises DataError where no row fits.
        """
        rows = chosen.rows(self.frame)
        return Facts(rows, summarise(rows, by), self.folder)


def column_of(name: str) -> str:
    """The frame's column of a name that people read."""
    return name if name in KEYS else TAG + name
