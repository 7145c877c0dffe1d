"""The dashboard: one page over the results of finished runs.

``streamlit run`` executes this file; the run directories follow ``--``. Names come from data that
nobody vouches for, so they are shown by elements that read neither Markdown nor HTML.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crossover.errors import CrossoverError
from crossover.experiments import _tables
from crossover.experiments._summary import TAG
from crossover.experiments.report import cost_axis, load_frame, summarise, tags_of
from crossover.experiments.reporting.plot import cost_title, drawn

if TYPE_CHECKING:
    from altair import FacetChart, LayerChart
    from pandas import DataFrame
    from pandas.io.formats.style import Styler

WHOLE = "all questions"
ENDS = {"low": "low end", "high": "high end"}
GREY = "#8c8c8c"
NUMBERS = ("score", "low", "high", "cost")
# Okabe and Ito's colours, which colour-blind readers tell apart on light and on dark
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", GREY, "#7a4fd0"]


def main(folders: Sequence[str]) -> None:
    """Draw the page for these run directories."""
    import streamlit as st

    st.set_page_config(page_title="Crossover", layout="wide")
    st.title("Crossover")
    if not folders:
        st.info("Name the directories of finished runs after two dashes.")
        return
    folder = folders[0]
    if len(folders) > 1:
        folder = st.sidebar.selectbox("Run", folders, format_func=_tables.name)
    try:
        _show(load_frame(folder))
    except CrossoverError as error:
        st.error("These results cannot be shown.")
        st.text(str(error))


def _show(frame: DataFrame) -> None:
    import streamlit as st

    st.text(_tables.name(frame.attrs.get("run") or "run"))
    by = st.sidebar.multiselect("Slice by", tags_of(frame), format_func=_tables.name)
    whole = summarise(frame)
    sliced = summarise(frame, by) if by else whole
    slices = dict(_tables.datasets(sliced))
    for place, (dataset, table) in enumerate(_tables.datasets(whole)):
        st.divider()
        st.text(f"{_tables.name(dataset)}: {_tables.setting(slices[dataset])}")
        st.dataframe(styled(slices[dataset]), hide_index=True, width="stretch")
        notes = [*_tables.failed(slices[dataset]), *_tables.notes(slices[dataset])]
        if notes:
            st.text("\n".join(notes))
        _plot(_chosen(table, slices[dataset], by, place))


def _chosen(whole: DataFrame, sliced: DataFrame, by: Sequence[str], place: int) -> DataFrame:
    """Let the reader pick the slice that the plot shows."""
    import streamlit as st

    if not by:
        return whole
    tags = [TAG + tag for tag in by]
    parts = {", ".join(map(_tables.name, key)): part for key, part in _by(sliced, tags)}
    picked = st.selectbox("Plot of", [WHOLE, *parts], key=f"slice {place}")
    return whole if picked == WHOLE else parts[picked]


def _by(table: DataFrame, tags: list[str]) -> Any:
    return table.groupby(tags, sort=False, dropna=False)


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


def _plot(table: DataFrame) -> None:
    import streamlit as st

    points = drawn(table)
    if len(points) < len(table):
        st.text(f"{len(table) - len(points)} not drawn: the score or the cost is unknown or 0.")
    if len(points):
        st.altair_chart(accuracy_cost(table), width="stretch")


def accuracy_cost(table: DataFrame) -> LayerChart | FacetChart:
    """Draw scores with their intervals over a logarithmic cost axis."""
    import altair as alt

    cost = cost_axis(table)
    points = drawn(table)[["strategy", "model", "score", "low", "high", cost]]
    points = points.rename(columns={cost: "cost"})
    for name in ("strategy", "model"):
        points[name] = points[name].map(_tables.name)
    metric = _tables.name(table["metric"].iloc[0])
    height = alt.Scale(zero=False)
    base = alt.Chart(points, height=420).encode(
        x=alt.X("cost:Q", title=_tables.name(cost_title(cost, table)))
        .scale(type="log", nice=False, padding=30)
        .axis(tickCount=4),
        color=alt.Color("strategy:N", sort=None).scale(range=COLOURS).legend(labelLimit=400),
        tooltip=["strategy:N", "model:N", *(f"{name}:Q" for name in NUMBERS)],
    )
    intervals = base.mark_rule(strokeWidth=1.5).encode(
        y=alt.Y("low:Q", title=metric, scale=height), y2="high:Q"
    )
    markers = base.mark_point(size=110, filled=True, opacity=1).encode(
        y=alt.Y("score:Q", title=metric, scale=height),
        shape=alt.Shape("model:N", sort=None).legend(symbolFillColor=GREY, symbolStrokeColor=GREY),
    )
    return alt.layer(intervals, markers)


if __name__ == "__main__":
    main(sys.argv[1:])
