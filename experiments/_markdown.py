"""The comparison as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from crossover.experiments import _tables

if TYPE_CHECKING:
    from pandas import DataFrame

SPECIAL = re.compile(r"[\\`*<>&|]")


def markdown(
    frame: DataFrame,
    tables: Mapping[str, DataFrame],
    remarks: Sequence[str],
    answer: Sequence[str] = (),
) -> str:
    """Write a run's comparison as Markdown: the answer, every table, its notes and the grid."""
    run = _escaped(_tables.name(frame.attrs.get("run") or "run"))
    said = "\n".join(f"- {_escaped(line.strip())}" for line in answer)
    parts = [f"# Comparison: {run}", said, *remarks]
    for name, summary in tables.items():
        for dataset, table in _tables.datasets(summary):
            sliced = ", sliced" if name == "slices" else ""
            parts.append(f"## {_escaped(_tables.name(dataset))}{sliced}")
            parts.append(f"{_escaped(_tables.setting(table))}.")
            parts.append(markdown_table(table, _tables.columns(table)))
            parts.append("\n".join(f"- {_escaped(line)}" for line in _tables.failed(table)))
            parts.extend(map(_escaped, _tables.notes(table)))
    config = str(frame.attrs.get("config") or "").strip()
    return "\n\n".join(filter(None, [*parts, *_markdown_config(config)])) + "\n"


def markdown_table(table: DataFrame, chosen: list[_tables.Column]) -> str:
    """Write the chosen columns of a table."""
    import pandas as pd

    rows = [[_escaped(text) for text in row] for row in _tables.texts(table, chosen)]
    shown = pd.DataFrame(rows, columns=[_escaped(column.title) for column in chosen])
    sides = ["right" if column.numeric else "left" for column in chosen]
    return shown.to_markdown(index=False, disable_numparse=True, colalign=sides)


def _markdown_config(config: str) -> Iterable[str]:
    if not config:
        return []
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", config)), default=0))
    return ["## The grid of this run", f"{fence}yaml\n{config}\n{fence}"]


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\g<0>", text).replace("](", "]\\(")
