"""The whole cost of a run: answers, indexes, compression, verdicts; and by kinds of calls."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossover.experiments._tables import (
    Column,
    name,
    percent,
    seconds,
    significant,
    unknown,
    whole,
)
from crossover.types import Record, Usage

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_STEPS = 30
PER_DOCUMENT = ("indexing_tokens", "indexing_dollars", "indexing_seconds")
SUMS = {
    "calls": "calls",
    "input_tokens": "input_tokens",
    "cached_tokens": "cached_tokens",
    "output_tokens": "output_tokens",
    "dollars": "dollars",
    "compute": "compute_seconds",
    "compression": "compression_dollars",
    "compression_seconds": "compression_seconds",
}
JUDGED = ("calls", "input_tokens", "output_tokens", "dollars")


def cost_table(frame: DataFrame, judged: DataFrame | None = None) -> DataFrame:
    """What each strategy cost in all: sums over the run, unknown where one part is.

    Compression is a part of answering. An index counts once per document; ``total`` is answering,
    indexing and judging together, in dollars.
    """
    import pandas as pd

    keys = ["dataset", "model", "strategy"]
    judging = {} if judged is None else dict(iter(judged.groupby(keys, sort=False)))
    rows = []
    for key, cell in frame.groupby(keys, sort=False):
        row: dict[str, Any] = {**dict(zip(keys, key, strict=True)), **_sums(cell)}
        verdicts = judging.get(key)
        judge = {f"judge_{n}": _sum(verdicts, f"judge.{n}") for n in JUDGED}
        row |= judge if verdicts is not None else {}
        parts = [row["dollars"], row["indexing_dollars"], row.get("judge_dollars", 0.0)]
        row["cached_share"] = row["cached_tokens"] / (row["input_tokens"] or 1)
        rows.append(row | {"total": sum(float("nan") if unknown(p) else p for p in parts)})
    return pd.DataFrame(rows)


def cost_columns(table: DataFrame) -> list[Column]:
    """What the table of costs shows: columns without anything in them are left out."""
    columns = [
        Column("", "dataset", "dataset", name, False),
        Column("", "model", "model", name, False),
        Column("", "strategy", "strategy", name, False),
        Column("answering", "calls", "calls", whole),
        Column("answering", "tokens in", "input_tokens", whole),
        Column("answering", "of that cached", "cached_share", percent),
        Column("answering", "tokens out", "output_tokens", whole),
        Column("answering", "$", "dollars", significant),
        Column("of that compression", "$", "compression", significant),
        Column("of that compression", "seconds", "compression_seconds", seconds),
        Column("", "compute seconds", "compute", seconds),
        Column("indexing", "tokens", "indexing_tokens", whole),
        Column("indexing", "$", "indexing_dollars", significant),
        Column("indexing", "seconds", "indexing_seconds", seconds),
        Column("judging", "calls", "judge_calls", whole),
        Column("judging", "tokens in", "judge_input_tokens", whole),
        Column("judging", "$", "judge_dollars", significant),
        Column("", "total $", "total", significant),
    ]
    return [column for column in columns if _speaks(table, column)]


class StepCosts:
    """What each kind of call cost a strategy in all.

    The number in a step's name does not tell kinds apart: every worker is a worker.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], Usage] = defaultdict(Usage)

    def add(self, record: Record) -> None:
        """Take the next record."""
        for step in record.answer.trace:
            if step.usage is not None and step.usage != Usage():
                kind = re.sub(r"\s*\d+", "", step.name)
                self._found[record.dataset, record.model, record.strategy, kind] += step.usage

    def text(self) -> str:
        """The costs as JSON: what a frame carries along."""
        return json.dumps(
            [
                [*key, u.calls, u.input_tokens, u.output_tokens, u.dollars, u.compute_seconds]
                for key, u in self._found.items()
            ]
        )


def step_table(frame: DataFrame) -> DataFrame | None:
    """The costs by kind of call that the frame carries along; None where there is only one."""
    import pandas as pd

    rows = json.loads(str(frame.attrs.get("steps") or "[]"))
    names = [
        "dataset",
        "model",
        "strategy",
        "step",
        "calls",
        "input",
        "output",
        "dollars",
        "compute",
    ]
    table = pd.DataFrame(rows, columns=names)
    several = table.groupby(names[:3])["step"].transform("size") > 1
    return table[several] if several.any() else None


def step_columns(table: DataFrame) -> list[Column]:
    """What the table of calls shows."""
    columns = [
        *(Column("", n, n, name, False) for n in ("dataset", "model", "strategy", "step")),
        Column("", "calls", "calls", whole),
        Column("", "tokens in", "input", whole),
        Column("", "tokens out", "output", whole),
        Column("", "$", "dollars", significant),
        Column("", "compute seconds", "compute", seconds),
    ]
    return [column for column in columns if _speaks(table, column)]


def _speaks(table: DataFrame, column: Column) -> bool:
    if column.source not in table:
        return False
    values = table[column.source]
    if column.source == "total":
        return not values.equals(table["dollars"])
    if column.source in ("dataset", "model"):
        return bool(values.nunique() > 1)
    always = ("strategy", "step", "calls", "input_tokens", "input", "dollars")
    return column.source in always or bool((values.fillna(0) != 0).any())


def _sums(cell: DataFrame) -> Mapping[str, Any]:
    indexes = {n: _per_document(cell, n) for n in PER_DOCUMENT if n in cell}
    return {shown: _sum(cell, source) for shown, source in SUMS.items()} | indexes


def _sum(cell: DataFrame | None, column: str) -> float:
    """A sum, unknown where a part of it is; compression is empty where there was none."""
    import pandas as pd

    if cell is None or column not in cell:
        return float("nan")
    values = pd.to_numeric(cell[column])
    return float(values.sum(skipna=column.startswith("compression"), min_count=1))


def _per_document(cell: DataFrame, column: str) -> float:
    import pandas as pd

    values = pd.to_numeric(cell[column]).groupby(cell["group"], dropna=False).max()
    return float(values.sum(skipna=False))
