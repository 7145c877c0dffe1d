"""Scores over costs, or over the share of tokens kept, as an SVG in the page's colours."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.errors import MissingExtra
from crossover.experiments import _tables
from crossover.experiments._summary import cost_axis
from crossover.experiments.reporting.labels import FAINT, LONGEST_LABEL, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox
    from pandas import DataFrame, Series

# Stand-ins that the page's style sheet replaces: light, dark and print have colours of their own
INK = "#000001"
SERIES = [f"#0000{place:02x}" for place in range(16, 25)]
MARKERS = "osD^vPX*h"
# what compressors leave: the other axis that strategies are compared on
KEPT = "achieved_rate"
LATENCY = "seconds_p50"
MOST_LABELS = 40
INCHES = (8.0, 4.6)
LEGEND_LINE = 0.22
# the width of a letter in a legend, in points
LETTER = 6.8
LEAST_SPAN = 4.0
# How far apart the ends of the cost axis are, as a factor, and the ticks of a decade
TICKS = ((200.0, (1.0, 2.0, 5.0)), (3e4, (1.0, 3.0)), (math.inf, (1.0,)))
CLEANING = (
    (r'<g id="[^"]*"', "<g"),
    (r"<style[^>]*>[^<]*</style>", ""),
    (r" font-family: [^;]*;", ""),
    (r' transform="rotate\(-0 [^"]*"', ""),
    (r"\n *", "\n"),
)
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "crossover",
    "font.size": 11.5,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


def cost_title(column: str, table: DataFrame) -> str:
    """Say in words what an axis shows."""
    if column == "dollars_per_1000_priced":
        return f"dollars per 1,000 questions at the price of {table['price_as'].iloc[0]}"
    titles = {
        "dollars_per_1000": "dollars per 1,000 questions",
        "input_tokens": "input tokens per question",
        KEPT: "share of the tokens that is kept",
        LATENCY: "median seconds per question",
    }
    return titles[column]


def drawn(table: DataFrame, axis: str = "") -> DataFrame:
    """Keep the rows that a logarithmic axis can show: a known score, a known cost above 0."""
    return table[(table[axis or cost_axis(table)] > 0) & table["score"].notna()]


@dataclass(frozen=True)
class Plot:
    """A drawing, and the strategies that it has no room to name."""

    svg: str
    unnamed: tuple[str, ...]


def accuracy_cost(table: DataFrame, axis: str = "") -> Plot:
    """Draw one dataset's scores over their costs, or over another axis.

    Raises MissingExtra without matplotlib.
    """
    with canvas("the accuracy-cost plot") as figure:
        axes = figure.add_subplot()
        axis = axis or cost_axis(table)
        points = drawn(table, axis)
        _draw(axes, points, axis)
        if _several(points):
            _add_legend(figure, points)
        figure.draw_without_rendering()
        unnamed = _place_labels(axes, points, axis)
        return Plot(saved(figure), tuple(unnamed))


@contextmanager
def canvas(purpose: str, size: tuple[float, float] = INCHES) -> Iterator[Figure]:
    """A figure in the page's style; raises MissingExtra without matplotlib."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "report", purpose) from error

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # the reader's browser has glyphs that the font used for measuring lacks
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=size, dpi=72, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def saved(figure: Figure) -> str:
    """A figure as part of a page."""
    file = io.StringIO()
    plain = dict.fromkeys(["Date", "Creator", "Format", "Type"])
    figure.savefig(file, format="svg", metadata=plain, transparent=True)
    return _inline(file.getvalue())


# by what factor the cost axis reaches beyond the cheapest and the dearest
AIR = 1.35


def _draw(axes: Axes, table: DataFrame, axis: str) -> None:
    axes.set_xscale("log")
    for points, colour, marker in _series(table):
        low, high = (points[end].fillna(points["score"]) for end in ("low", "high"))
        reach = [(points["score"] - low).clip(lower=0), (high - points["score"]).clip(lower=0)]
        axes.errorbar(
            points[axis],
            points["score"],
            yerr=reach,
            fmt=marker,
            color=colour,
            markersize=7,
            elinewidth=1.2,
        )
    _draw_front(axes, table, axis)
    costs = table[axis]
    # set from the costs themselves: matplotlib warns of an axis on which all costs are one
    axes.set_xlim(*_widened(costs.min() / AIR, costs.max() * AIR))
    _dress(axes, cost_title(axis, table), str(table["metric"].iloc[0]))


def front(table: DataFrame, axis: str) -> DataFrame:
    """The rows that no other one beats: none is cheaper and scores as much, cheapest first."""
    ordered = table.sort_values([axis, "score"], ascending=[True, False], kind="stable")
    before = ordered["score"].cummax().shift()
    return ordered[before.isna() | (ordered["score"] > before)]


def _draw_front(axes: Axes, table: DataFrame, axis: str) -> None:
    """Join what no other strategy beats: a step up wherever paying more brings more."""
    best = front(table, axis)
    if len(best) > 1:
        axes.plot(
            best[axis],
            best["score"],
            drawstyle="steps-post",
            color=FAINT,
            linewidth=1.1,
            linestyle=(0, (4, 3)),
            zorder=0,
        )


def _several(points: DataFrame) -> bool:
    return bool(points["model"].nunique() > 1)


def _series(points: DataFrame) -> Iterator[tuple[DataFrame, str, str]]:
    """Of several models colour tells the model, shape the strategy; of one both tell its kind."""
    kind = points["strategy"].map(_kind)
    hues, shapes = (points["model"], points["strategy"]) if _several(points) else (kind, kind)
    hue, shape = _places(hues, SERIES), _places(shapes, MARKERS)
    for (one, other), some in points.groupby([hues.rename(0), shapes.rename(1)], sort=False):
        yield some, hue[one], shape[other]


def _kind(strategy: str) -> str:
    """A strategy's name, with its compressor's where it has one."""
    compressor = re.search(r"compressor=(\w+)", strategy)
    return strategy.partition("(")[0] + (f" {compressor[1]}" if compressor else "")


def _places(names: Series[Any], among: Sequence[str]) -> dict[Any, str]:
    return {name: among[at % len(among)] for at, name in enumerate(names.unique())}


def _told_by_legend(points: DataFrame) -> bool:
    """Whether colour and shape name every point, so that labels would only crowd the plot."""
    models, strategies = points["model"].nunique(), points["strategy"].nunique()
    return _several(points) and models <= len(SERIES) and strategies <= len(MARKERS)


def _add_legend(figure: Figure, points: DataFrame) -> None:
    from matplotlib.lines import Line2D

    hue, shape = _places(points["model"], SERIES), _places(points["strategy"], MARKERS)
    blank: dict[str, Any] = {"linestyle": "", "markersize": 7}
    entries = [Line2D([], [], color=c, marker="s", label=n, **blank) for n, c in hue.items()]
    if _told_by_legend(points):
        entries += [Line2D([], [], color=INK, marker=m, label=n, **blank) for n, m in shape.items()]
    labels = [_tables.name(entry.get_label(), LONGEST_LABEL) for entry in entries]
    # as many columns as names of this length leave room for
    columns = max(1, min(3, int(72 * INCHES[0] / (LETTER * max(map(len, labels)) + 50))))
    legend = figure.legend(entries, labels, loc="outside lower left", ncols=columns, frameon=False)
    figure.set_figheight(INCHES[1] + LEGEND_LINE * math.ceil(len(entries) / columns))
    for text in legend.get_texts():
        text.set_parse_math(False)


def _dress(axes: Axes, cost: str, metric: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.margins(y=0.1)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, -0.03), min(high, 1.03))
    axes.set_xlabel(f"{_tables.name(cost)} (logarithmic)", parse_math=False)
    title = f"{_tables.name(metric)}, with 95 % intervals"
    axes.set_title(title, loc="left", fontsize=11.5, parse_math=False)
    left, right = axes.get_xlim()
    steps = next(steps for span, steps in TICKS if right / left <= span)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=30))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tables.significant(value, 1)))
    axes.grid(color=FAINT, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _widened(left: float, right: float) -> tuple[float, float]:
    """Show near-equal costs as near-equal: the axis spans at least a factor of LEAST_SPAN."""
    stretch = max(1.0, math.sqrt(LEAST_SPAN / (right / left)))
    return left / stretch, right * stretch


def _place_labels(axes: Axes, points: DataFrame, axis: str) -> list[str]:
    """Write strategies beside their points; return those that would cover something anywhere."""
    if _told_by_legend(points):
        return []
    sheet = Sheet(axes, list(_obstacles(axes, points, axis)))
    rows = points.sort_values("score", ascending=False).to_dict("records")
    return [
        row["strategy"]
        for place, row in enumerate(rows)
        if place >= MOST_LABELS or not sheet.write(row["strategy"], (row[axis], row["score"]))
    ]


def _obstacles(axes: Axes, points: DataFrame, axis: str) -> Iterator[Bbox]:
    from matplotlib.transforms import Bbox

    for row in points.to_dict("records"):
        x, y = axes.transData.transform((row[axis], row["score"]))
        yield Bbox.from_extents(x - 7, y - 7, x + 7, y + 7)
        if not _tables.unknown(row["low"]):
            ends = [(row[axis], row[end]) for end in ("low", "high")]
            (x, bottom), (_, top) = axes.transData.transform(ends)
            yield Bbox.from_extents(x - 2, bottom, x + 2, top)


def _inline(svg: str) -> str:
    """Make a file's SVG part of a page: no prologue, no ids to clash, colours as variables."""
    svg = svg[svg.index("<svg") :]
    for pattern, instead in CLEANING:
        svg = re.sub(pattern, instead, svg)
    variables = {INK: "var(--ink)", FAINT: "var(--faint)"}
    variables |= {colour: f"var(--series-{place})" for place, colour in enumerate(SERIES)}
    for colour, variable in variables.items():
        svg = svg.replace(colour, variable)
    return svg
