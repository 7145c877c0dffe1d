"""What a report is computed from: the frame, its summary and the paired comparisons, once each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.experiments._summary import TAG, cost_axis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

# with more strategies than this each is compared with the best one alone, not all with all
ALL_PAIRS = 10
SURE = 0.05
# a tag with more values than this names questions rather than kinds of them
MOST_VALUES = 12
MOST_TAGS = 6


@dataclass(frozen=True)
class Cell:
    """The answers of one dataset and model, with its summary's rows and its comparisons."""

    dataset: str
    model: str
    frame: DataFrame
    rows: DataFrame
    pairs: DataFrame
    metric: str

    @property
    def axis(self) -> str:
        """The cost that strategies are compared on."""
        return cost_axis(self.rows)

    @cached_property
    def best(self) -> str | None:
        """The strategy with the highest score, of equal ones the cheapest."""
        known = self.rows[self.rows["score"].notna()]
        if known.empty:
            return None
        ordered = known.sort_values(["score", self.axis], ascending=[False, True], kind="stable")
        return str(ordered["strategy"].iloc[0])

    @cached_property
    def scores(self) -> tuple[DataFrame, NDArray[np.intp]]:
        """Questions × strategies, and the number of each question's document."""
        from crossover.experiments.inference.paired import score_table

        return score_table(self.frame, self.metric)

    def row(self, strategy: str) -> Mapping[Any, Any]:
        """A strategy's summary."""
        return dict(self.rows[self.rows["strategy"] == strategy].iloc[0])

    def between(self, one: str, other: str) -> Mapping[Any, Any] | None:
        """The comparison of two strategies, its difference being ``one`` minus ``other``."""
        found = self.pairs
        straight = found[(found["strategy"] == one) & (found["against"] == other)]
        if len(straight):
            return dict(straight.iloc[0])
        turned = found[(found["strategy"] == other) & (found["against"] == one)]
        if turned.empty:
            return None
        row = dict(turned.iloc[0])
        ends = {"low": _minus(row["high"]), "high": _minus(row["low"])}
        return row | ends | {"difference": _minus(row["difference"])}


@dataclass(frozen=True)
class Facts:
    """A run's frame and what is computed from it; ``folder`` is where more of the run lies."""

    frame: DataFrame
    summary: DataFrame
    folder: Path | None = None

    @cached_property
    def pairs(self) -> DataFrame:
        """Every two strategies of a dataset and model; of many, each against the best."""
        from crossover.experiments.inference.paired import paired_table

        if self.frame["strategy"].nunique() <= ALL_PAIRS:
            return paired_table(self.frame)
        return self._against_best()

    @cached_property
    def all_pairs(self) -> bool:
        """Whether every strategy is compared with every other."""
        return int(self.frame["strategy"].nunique()) <= ALL_PAIRS

    @cached_property
    def cells(self) -> list[Cell]:
        """The run by dataset and model."""
        return list(self._cells(self.pairs))

    def _cells(self, pairs: DataFrame) -> Iterator[Cell]:
        for (dataset, model), part in self.frame.groupby(["dataset", "model"], sort=False):
            part.attrs = {**self.frame.attrs, "traces": ""}
            rows, own = (
                table[(table["dataset"] == dataset) & (table["model"] == model)]
                for table in (self.summary, pairs)
            )
            metric = self.frame.attrs["metrics"][dataset][0]
            yield Cell(str(dataset), str(model), part, rows, own, metric)

    def _against_best(self) -> DataFrame:
        import pandas as pd

        from crossover.experiments.inference.flipping import holm
        from crossover.experiments.inference.paired import COLUMNS, paired_table

        none = pd.DataFrame(columns=["dataset", "model", *COLUMNS])
        tables = [
            paired_table(cell.frame, cell.best)
            for cell in self._cells(none)
            if cell.best is not None
        ]
        found = pd.concat(tables, ignore_index=True) if tables else none
        for _, rows in found.groupby("dataset", sort=False):
            found.loc[rows.index, "p_holm"] = holm(rows["p"].to_numpy(float))
        return found


def settled(pair: Mapping[Any, Any] | None) -> bool:
    """Whether a difference is shown: adjusted p and interval both exclude 0."""
    if pair is None or not pair["p_holm"] < SURE:
        return False
    return bool(pair["low"] > 0 or pair["high"] < 0)


def usable_tags(frame: DataFrame) -> list[str]:
    """The tag columns that tell kinds of questions: a few values each, more than one."""
    tags = [str(name) for name in frame.columns if str(name).startswith(TAG)]
    return [tag for tag in tags if 2 <= frame[tag].nunique() <= MOST_VALUES][:MOST_TAGS]


def _minus(value: Any) -> Any:
    return None if value is None else -value
