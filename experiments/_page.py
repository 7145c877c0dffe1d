"""The comparison as one small HTML page that asks nothing of any other host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crossover.errors import MissingExtra
from crossover.experiments import _tables
from crossover.experiments._plot import KEPT, accuracy_cost, cost_title, drawn
from crossover.experiments._summary import cost_axis, failures, tags_of
from crossover.experiments._traces import Trace, traces

if TYPE_CHECKING:
    from jinja2 import Template
    from pandas import DataFrame

MOST_ROWS = 150
LONGEST_CONFIG = 20_000


@dataclass(frozen=True)
class Grid:
    """A table ready to be written: headings over labels, rows of text."""

    columns: Sequence[_tables.Column]
    rows: Sequence[Sequence[str]]
    left_out: int = 0

    @property
    def headings(self) -> list[tuple[str, int]]:
        """Every heading with the number of columns that it stands over."""
        return [(text, len(list(run))) for text, run in groupby(c.heading for c in self.columns)]


def page(frame: DataFrame, tables: Mapping[str, DataFrame], remarks: Sequence[str]) -> str:
    """Write a run's comparison as HTML: tables, plots, failures, slices and the grid."""
    config = str(frame.attrs.get("config") or "")
    slices = tables.get("slices")
    return _template().render(
        run=_tables.name(frame.attrs.get("run") or "run"),
        sections=[_section(name, table) for name, table in _tables.datasets(tables["report"])],
        slices=[] if slices is None else [_slice(*cut) for cut in _tables.datasets(slices)],
        tags=[_tables.name(tag) for tag in tags_of(frame)],
        failures=_failures(frame),
        traces=_traces(frame),
        remarks=remarks,
        config=config[:LONGEST_CONFIG],
        config_cut=len(config) > LONGEST_CONFIG,
    )


def _section(dataset: str, table: DataFrame) -> dict[str, Any]:
    compressed = KEPT in table and table[KEPT].notna().any()
    axes = [cost_axis(table), *([KEPT] if compressed else [])]
    return _slice(dataset, table) | {"plots": [_plot(table, axis) for axis in axes]}


def _slice(dataset: str, table: DataFrame) -> dict[str, Any]:
    return {
        "name": _tables.name(dataset),
        "setting": _tables.setting(table),
        "table": _grid(table),
        "notes": _tables.notes(table),
    }


def _plot(table: DataFrame, axis: str) -> dict[str, Any]:
    """Draw what can be drawn and say in words what cannot."""
    from markupsafe import Markup

    cost = cost_title(axis, table)
    shown = drawn(table, axis)
    hidden = [
        row for at, row in zip(table.index, _labels(table), strict=True) if at not in shown.index
    ]
    said = [f"Not drawn, since {cost} or the score is unknown or 0: {', '.join(hidden)}."] * bool(
        hidden
    )
    if shown.empty:
        return {"svg": "", "title": "", "said": said}
    try:
        plot = accuracy_cost(table, axis)
    except MissingExtra as missing:
        return {"svg": "", "title": "", "said": [f"There is no plot: {missing}."]}
    if plot.unnamed:
        said.append(f"Drawn without room for a name: {_some(map(_tables.name, plot.unnamed))}.")
    # the SVG is matplotlib's, which escapes the text in it
    svg = Markup(plot.svg)  # noqa: S704
    return {"svg": svg, "title": f"Score over {cost}", "said": said}


def _some(names: Iterable[str]) -> str:
    """List names, the first twenty of them."""
    listed = list(names)
    more = f" and {len(listed) - 20} more" if len(listed) > 20 else ""
    return ", ".join(listed[:20]) + more


def _labels(table: DataFrame) -> list[str]:
    several = table["model"].nunique() > 1
    return [
        _tables.name(row["strategy"]) + (f" with {_tables.name(row['model'])}" if several else "")
        for row in table.to_dict("records")
    ]


def _grid(table: DataFrame) -> Grid:
    chosen = _tables.columns(table)
    shown = table.head(MOST_ROWS)
    return Grid(chosen, _tables.texts(shown, chosen), len(table) - len(shown))


def _traces(frame: DataFrame) -> list[tuple[str, list[Trace]]]:
    """Every dataset with the traces of its strategies."""
    runs = groupby(traces(frame), key=lambda trace: trace.dataset)
    return [(_tables.name(dataset), list(run)) for dataset, run in runs]


def _failures(frame: DataFrame) -> Grid:
    table = failures(frame)
    words = [("dataset", "dataset"), ("model", "model"), ("strategy", "strategy")]
    chosen = [
        *(_tables.Column("", label, source, _tables.name, False) for label, source in words),
        _tables.Column("", "outcome", "outcome", _tables.name, False),
        _tables.Column("", "questions", "count", _tables.whole),
        _tables.Column("", "share", "share", _tables.percent),
    ]
    shown = table.head(MOST_ROWS)
    return Grid(chosen, _tables.texts(shown, chosen), len(table) - len(shown))


@cache
def _template() -> Template:
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    source = files("crossover.experiments").joinpath("report.html").read_text(encoding="utf-8")
    settings = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    settings.filters["shown"] = _tables.name
    return settings.from_string(source)
