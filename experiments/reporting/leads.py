"""A strategy's lead over another as a curve with its band: where it crosses 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables
from crossover.experiments.reporting.labels import FAINT
from crossover.experiments.reporting.plot import INK, SERIES, canvas, saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crossover.experiments.inference.crossing import Crossing

WIDTH, HEIGHT, ACROSS = 4.0, 2.7, 2


def lead_plot(panels: Sequence[tuple[Sequence[str], Crossing]], over: str) -> str:
    """Draw panels of one curve each, as SVG; raises MissingExtra without matplotlib."""
    down = -(-len(panels) // ACROSS)
    with canvas("the crossover plot", (WIDTH * ACROSS, HEIGHT * down)) as figure:
        for place, (title, found) in enumerate(panels):
            axes = figure.add_subplot(down, ACROSS, place + 1)
            _draw(axes, found)
            shown = "\n".join(_tables.name(line, 46) for line in title)
            axes.set_title(shown, loc="left", fontsize=10, parse_math=False)
            axes.set_xlabel(_tables.name(over, 40), parse_math=False)
        return saved(figure)


def _draw(axes: Axes, found: Crossing) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    curve, colour = found.curve, SERIES[0]
    if curve.logarithmic:
        axes.set_xscale("log")
    # every fourth point draws the same curve in a quarter of the space
    some = sorted({*range(0, len(curve.x), 4), len(curve.x) - 1})
    x, middle, low, high = (v[some] for v in (curve.x, curve.difference, curve.low, curve.high))
    axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, middle, color=colour, linewidth=1.8)
    axes.axhline(0, color=INK, linewidth=0.9)
    if found.verdict in ("crosses", "not settled") and found.low is not None:
        line: dict[str, Any] = {"color": FAINT, "linewidth": 1.0, "linestyle": (0, (3, 3))}
        for end in filter(None, (found.low, found.high)):
            axes.axvline(end, **line)
    ticks = [float(curve.x[at]) for at in (0, len(curve.x) // 2, -1)]
    axes.set_xticks(ticks)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tables.significant(value, 2)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.3g}"))
    axes.grid(color=FAINT, alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
