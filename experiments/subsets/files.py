"""The file of a cheap subset: question ids with weights, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError
from crossover.types import Example

if TYPE_CHECKING:
    from pandas import DataFrame

Weights = Mapping[str, Mapping[str, float]]
"""Per dataset, the weight of each question that is kept."""


def read_subset(path: str | Path) -> Weights:
    """Read ids and weights as `crossover subset` writes them; a missing weight is 1.

    Raises DataError that names the line.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the subset cannot be read: {error}") from None
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _row(line, f"{path} line {number}")
            found.setdefault(row[0], {})[row[1]] = row[2]
    if not found:
        raise DataError(f"{path}: the subset names no question")
    return found


def kept(examples: Iterable[Example], dataset: str, subset: Weights) -> Iterator[Example]:
    """Keep the examples of a dataset that the subset names; DataError where it names none."""
    named = subset.get(dataset)
    if named is None:
        there = ", ".join(subset)
        raise DataError(f"the subset names no question of {dataset}; its datasets: {there}")
    return (example for example in examples if example.question.id in named)


def weighted_means(frame: DataFrame, subset: Weights) -> DataFrame:
    """Estimate each system's score on the whole dataset from its answers to a subset.

    Raises DataError where a system lacks a question of the subset.
    """
    import pandas as pd

    from crossover.experiments._summary import KEYS

    rows: list[dict[str, Any]] = []
    for key, cell in frame.groupby([*KEYS], sort=False):
        weights = pd.Series(subset.get(str(key[0]), {}), dtype=float)
        metric = frame.attrs["metrics"][key[0]][0]
        scores = pd.to_numeric(cell[metric]).groupby(cell["example"]).mean().reindex(weights.index)
        if scores.isna().any() or not len(scores):
            raise DataError(f"{key[2]} lacks scores of the subset's questions of {key[0]}")
        mean = float((scores * weights).sum() / weights.sum())
        rows.append(dict(zip(KEYS, key, strict=True)) | {"n": len(scores), "estimate": mean})
    return pd.DataFrame(rows)


def _row(line: str, place: str) -> tuple[str, str, float]:
    try:
        row = json.loads(line)
        found = str(row["dataset"]), str(row["question"]), float(row.get("weight", 1.0))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f'{place}: expected {{"dataset": …, "question": …, "weight": …}}') from None
    if not found[2] > 0:
        raise DataError(f"{place}: a weight is above 0, not {found[2]:g}")
    return found
