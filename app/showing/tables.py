"""Summaries as tables that sort, shown with the report's own formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables

if TYPE_CHECKING:
    from pandas import DataFrame
    from pandas.io.formats.style import Styler

ENDS = {"low": "low end", "high": "high end"}


def styled(table: DataFrame) -> Styler:
    """Show a summary's numbers as the report does, still sortable where all are known."""
    shown: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for column in _tables.columns(table):
        for source in (column.source, *(ENDS if column.source == "score" else ())):
            title = ENDS.get(source, column.title)
            title = f"{title} ({source})" if title in shown else title
            unknown = table[source].isna().any()
            values[title] = table[source].map(column.show) if unknown else table[source]
            shown[title] = str if unknown else column.show
    if table["rough"].any():
        values["interval"] = table["rough"].map({True: "rough", False: ""})
    return table.from_dict(values).style.format(shown)
