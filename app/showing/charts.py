"""Plots in colours that colour-blind readers tell apart, on light and on dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossover.experiments import _tables
from crossover.experiments.report import cost_axis
from crossover.experiments.reporting.plot import cost_title, drawn

if TYPE_CHECKING:
    from altair import FacetChart, LayerChart
    from pandas import DataFrame

GREY = "#8c8c8c"
NUMBERS = ("score", "low", "high", "cost")
# Okabe and Ito's colours
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", GREY, "#7a4fd0"]


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
