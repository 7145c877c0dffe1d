"""Curves with intervals: a line for each family of strategies, told by colour and by shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossover.app.showing.charts import COLOURS, GREY
from crossover.experiments import _tables

if TYPE_CHECKING:
    from altair import FacetChart, LayerChart
    from pandas import DataFrame

SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
HEIGHT = 380


def curves(
    table: DataFrame,
    x: str,
    *,
    over: str,
    measure: str,
    family: str = "family",
    percent: bool = False,
    logarithmic: bool = False,
) -> LayerChart | FacetChart:
    """Draw ``score`` with its interval over the column ``x``; points of a family are joined."""
    import altair as alt

    points = table[[x, "score", "low", "high", "strategy"]].rename(columns={x: "x"})
    points["family"] = _families(table, family)
    points["strategy"] = [_tables.name(name) for name in points["strategy"]]
    points = points[points["x"].notna() & points["score"].notna()]
    horizontal = alt.X("x:Q", title=over).axis(format="%" if percent else "~s", tickCount=6)
    if logarithmic:
        horizontal = horizontal.scale(type="log", nice=False, padding=20)
    else:
        horizontal = horizontal.scale(zero=percent, padding=20)
    title = _tables.name(measure)
    # the legend below leaves the plot its width on a phone
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=320, title=None)
    names = list(dict.fromkeys(points["family"]))
    base = alt.Chart(points, height=HEIGHT + 20 * len(names)).encode(
        x=horizontal,
        color=alt.Color("family:N", sort=names, legend=legend).scale(range=COLOURS),
        tooltip=["strategy:N", "x:Q", "score:Q", "low:Q", "high:Q"],
    )
    vertical = alt.Scale(domain=[0, 1])
    intervals = base.mark_rule(strokeWidth=1.5).encode(
        y=alt.Y("low:Q", title=title, scale=vertical), y2="high:Q"
    )
    markers = base.mark_point(size=90, filled=True, opacity=1).encode(
        y=alt.Y("score:Q", title=title, scale=vertical),
        shape=alt.Shape("family:N", sort=names, legend=legend).scale(range=SHAPES),
    )
    lines = base.mark_line().encode(y=alt.Y("score:Q", title=title, scale=vertical), order="x:Q")
    return alt.layer(lines, intervals, markers)


def against_asked(table: DataFrame) -> LayerChart | FacetChart:
    """Draw the share of tokens that was kept over the one asked for, with the line of equals."""
    import altair as alt
    import pandas as pd

    points = table[["compression_rate", "achieved_rate", "strategy"]].copy()
    points["family"] = _families(table, "family")
    points["strategy"] = [_tables.name(name) for name in points["strategy"]]
    names = list(dict.fromkeys(points["family"]))
    most = float(max(1.0, points["achieved_rate"].max()))
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=320, title=None)
    share = alt.Scale(domain=[0, most])
    markers = (
        alt.Chart(points, height=HEIGHT + 20 * len(names))
        .mark_point(size=90, filled=True, opacity=1)
        .encode(
            x=alt.X("compression_rate:Q", title="kept, asked for", scale=share).axis(format="%"),
            y=alt.Y("achieved_rate:Q", title="kept, achieved", scale=share).axis(format="%"),
            color=alt.Color("family:N", sort=names, legend=legend).scale(range=COLOURS),
            shape=alt.Shape("family:N", sort=names, legend=legend).scale(range=SHAPES),
            tooltip=["strategy:N", "compression_rate:Q", "achieved_rate:Q"],
        )
    )
    ends = pd.DataFrame({"x": [0, most], "y": [0, most]})
    equal = alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 4]).encode(x="x:Q", y="y:Q")
    return alt.layer(equal, markers)


def _families(table: DataFrame, column: str) -> list[str]:
    several = table["model"].nunique() > 1
    pairs = zip(table[column], table["model"], strict=True)
    return [
        _tables.name(name) + (f" with {_tables.name(model, 60)}" if several else "")
        for name, model in pairs
    ]
