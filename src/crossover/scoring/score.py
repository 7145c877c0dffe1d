"""Scores of a prediction file: by sample, their mean, and the figure that the benchmark shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import fmean

from crossover import catalog
from crossover.metrics._benchmarks import said
from crossover.scoring._sheet import Sheet
from crossover.scoring.files import read_predictions

PERCENT = 100


@dataclass(frozen=True, slots=True)
class MetricScore:
    """One metric on one file.

    ``values`` are the samples' scores in 0–1, None where the metric does not apply; ``mean`` is
    theirs (or the benchmark's own aggregate) and ``shown`` the same as the benchmark shows it.
    """

    metric: str
    values: tuple[float | None, ...]
    mean: float | None
    digits: int

    @property
    def shown(self) -> float | None:
        """Percents, rounded as the benchmark does."""
        return self._percent(self.mean)

    @property
    def shown_values(self) -> list[float | None]:
        """Percents of every sample, rounded alike."""
        return [self._percent(value) for value in self.values]

    @property
    def n(self) -> int:
        """Samples in the denominator."""
        return sum(value is not None for value in self.values)

    def _percent(self, value: float | None) -> float | None:
        return None if value is None else round(PERCENT * value, self.digits)


@dataclass(frozen=True, slots=True)
class FileScores:
    """One prediction file, scored; ``empty`` counts the answers without text, which score 0.

    ``groups`` are the samples' documents, none where the file does not name them.
    """

    file: str
    format: str
    task: str
    n: int
    empty: int
    groups: tuple[str, ...]
    scores: tuple[MetricScore, ...]


def score_file(
    path: Path,
    *,
    format: str = "",
    task: str = "",
    metrics: Sequence[str] = (),
    fields: Mapping[str, str] | None = None,
) -> FileScores:
    """Score a file by the metrics that are named, else by those that its benchmark uses.

    Raises DataError that names file and line, UnknownName, ConfigError, MissingExtra.
    """
    found, sheet = read_predictions(path, format, task, fields)
    scores = [_score(sheet, metric) for metric in metrics or sheet.metrics]
    if sheet.headline and not metrics:
        scores.append(_headline(sheet, scores))
    groups = tuple(one.example.group for one in sheet.samples)
    return FileScores(
        str(path),
        found,
        sheet.task,
        len(sheet.samples),
        sum(not said(one.answer) for one in sheet.samples),
        groups if all(groups) else (),
        tuple(scores),
    )


def _score(sheet: Sheet, metric: str) -> MetricScore:
    function = catalog.metric(metric)
    values = tuple(function(one.example, one.answer) for one in sheet.samples)
    return MetricScore(function.text, values, _mean(sheet, values), sheet.digits)


def _mean(sheet: Sheet, values: Sequence[float | None]) -> float | None:
    """The mean of the parts' means; parts are the whole but where a benchmark averages them."""
    parts: dict[int, list[float]] = {}
    for one, value in zip(sheet.samples, values, strict=True):
        if value is not None:
            parts.setdefault(one.part, []).append(value)
    return fmean(fmean(part) for part in parts.values()) if parts else None


def _headline(sheet: Sheet, scores: Sequence[MetricScore]) -> MetricScore:
    """The geometric mean of the headline metrics' means; no sample has one."""
    means = [one.mean or 0.0 for one in scores if one.metric in sheet.headline]
    mean = prod(means) ** (1 / len(means))
    return MetricScore("geometric mean", (), mean, sheet.digits)
