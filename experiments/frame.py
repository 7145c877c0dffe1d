"""The result frame: one row per dataset × example × strategy × model."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from crossover import catalog
from crossover.experiments._traces import ChosenTraces
from crossover.experiments.grid import Grid, Job
from crossover.experiments.reporting.costs import StepCosts
from crossover.experiments.reporting.reproduction import versions
from crossover.roles import Dataset
from crossover.types import Answer, Compression, Record

# rows that are kept as mappings before they become a part of the frame
ROWS_TOGETHER = 20_000
COLUMNS = ("dataset", "example", "group", "strategy", "model", "outcome")


def record(job: Job, answer: Answer, run: str) -> Record:
    """Score an answer: a record is an answer beside its gold side."""
    return Record(
        run,
        job.source.name,
        job.example.question.id,
        job.example.group,
        catalog.spec(job.strategy),
        catalog.spec(job.model),
        answer,
        {metric.text: metric(job.example, answer) for metric in job.source.metrics},
        job.example.tags,
    )


class Rows:
    """Takes records one by one and keeps of each what stands in the frame."""

    def __init__(self) -> None:
        self._full: list[pd.DataFrame] = []
        self._last: list[Mapping[str, Any]] = []
        self._traces, self._steps = ChosenTraces(), StepCosts()

    def add(self, item: Record) -> None:
        """Take the next record."""
        self._traces.add(item)
        self._steps.add(item)
        self._last.append(_row(item))
        if len(self._last) == ROWS_TOGETHER:
            self._full.append(pd.DataFrame(self._last))
            self._last = []

    def frame(self, grid: Grid) -> pd.DataFrame:
        """The frame; ``attrs`` say which metrics lead, what run it is and how it was made."""
        found = _joined([*self._full, *([pd.DataFrame(self._last)] if self._last else [])])
        carried = {"traces": self._traces.text(), "steps": self._steps.text()}
        found.attrs = _about(grid)
        found.attrs.update(carried)
        return found


def frame(grid: Grid, records: Iterable[Record]) -> pd.DataFrame:
    """Build the frame of records; see ``Rows``."""
    rows = Rows()
    for item in records:
        rows.add(item)
    return rows.frame(grid)


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames below one another; a column that is empty in one of them takes the others' type."""
    if len(parts) < 2:
        return parts[0] if parts else pd.DataFrame()
    columns = list(dict.fromkeys(name for part in parts for name in part.columns))
    spoken = [part.dropna(axis="columns", how="all") for part in parts]
    joined = pd.concat(spoken, ignore_index=True)
    empty = {name: None for name in columns if name not in joined}
    return joined.assign(**empty)[columns]


def _about(grid: Grid) -> dict[Hashable | None, Any]:
    return {
        "metrics": {s.name: [metric.text for metric in s.metrics] for s in grid.sources},
        "aggregates": {s.name: [*of] for s in grid.sources if (of := _aggregates(s.dataset))},
        "price_as": grid.price_as,
        "run": grid.name,
        "config": grid.config,
        "versions": versions(),
        "skipped": {s.name: len(skipped(s.dataset)) for s in grid.sources if skipped(s.dataset)},
    }


def _aggregates(dataset: Dataset) -> Sequence[str]:
    """The tags over whose values a benchmark's official score is a mean of means."""
    return tuple(getattr(dataset, "aggregates", ()))


def skipped(dataset: Dataset) -> list[str]:
    """The lines on records that the dataset left out as bad, where it was told to skip them."""
    told = getattr(dataset, "skipped", None)
    return list(told()) if told else []


def _row(item: Record) -> Mapping[str, Any]:
    answer, usage = item.answer, item.answer.usage
    row: dict[str, Any] = {name: getattr(item, name) for name in COLUMNS[:-1]}
    row |= {"outcome": answer.outcome} | dict(item.scores)
    row |= {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "dollars": usage.dollars,
        "seconds": answer.seconds,
        "critical_seconds": answer.critical_seconds,
        "first_token_seconds": answer.first_token_seconds,
        "calls": usage.calls,
        "compute_seconds": usage.compute_seconds,
        "indexing_seconds": answer.indexing.compute_seconds,
        "indexing_tokens": answer.indexing.input_tokens,
        "indexing_dollars": answer.indexing.dollars,
        **_compression(answer.compression),
        "answer_words": len(answer.text.split()),
        "message": answer.message,
        "cut": answer.cut,
        "answer": answer.text,
    }
    row |= {f"figure.{name}": value for name, value in answer.figures.items()}
    return row | {f"tag.{name}": value for name, value in item.tags.items()}


def _compression(done: Compression | None) -> Mapping[str, Any]:
    """Columns on a compressor's work, empty where there was none."""
    return {
        "compression_rate": done and done.rate,
        "achieved_rate": done and done.achieved,
        "compression_seconds": done and done.seconds,
        "compression_tokens": done and done.usage.input_tokens,
        "compression_dollars": done and done.usage.dollars,
    }
