"""The sections of the page: each one's tables, drawings and what it has to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError, MissingExtra
from crossover.experiments import _tables
from crossover.experiments._summary import cost_axis
from crossover.experiments.reporting import costs, curves, outcomes, pairs, slices, verdicts
from crossover.experiments.reporting.facts import Cell, Facts
from crossover.experiments.reporting.leads import lead_plot
from crossover.experiments.reporting.plot import KEPT, LATENCY, accuracy_cost, cost_title, drawn

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_ROWS = 150
MOST_PLOTS = 24
# panels in one drawing, so that it fits a printed page
TOGETHER = 4


@dataclass(frozen=True)
class Grid:
    """A table ready to be written: headings over labels, rows of text."""

    columns: Sequence[_tables.Column]
    rows: Sequence[Sequence[str]]
    label: str = ""
    left_out: int = 0

    @property
    def headings(self) -> list[tuple[str, int]]:
        """Every heading with the number of columns that it stands over."""
        return [(text, len(list(run))) for text, run in groupby(c.heading for c in self.columns)]


def datasets(facts: Facts) -> Iterator[dict[str, Any]]:
    """Every dataset's table of strategies with its plots."""
    left = MOST_PLOTS
    for name, table in _tables.datasets(facts.summary):
        compressed = KEPT in table and table[KEPT].notna().any()
        axes = [cost_axis(table), LATENCY, *([KEPT] if compressed else [])]
        plots = [_plot(table, axis, left > place) for place, axis in enumerate(axes)]
        left -= sum(bool(plot["svg"]) for plot in plots)
        yield comparison(name, table) | {"plots": plots}


def comparison(dataset: str, table: DataFrame) -> dict[str, Any]:
    """A table of strategies, what its rows share and what its marks mean."""
    return {
        "name": _tables.name(dataset),
        "setting": _tables.setting(table),
        "table": grid_of(table, _tables.columns(table), "strategies compared"),
        "notes": _tables.notes(table),
    }


def _plot(table: DataFrame, axis: str, room: bool) -> dict[str, Any]:
    """Draw what can be drawn and say in words what cannot."""
    cost = cost_title(axis, table)
    nothing = {"svg": "", "title": ""}
    if not room:
        return nothing | {"said": [f"The plot over {cost} is left out: the page has {MOST_PLOTS}."]}
    said = undrawn(table, axis)
    if drawn(table, axis).empty:
        return nothing | {"said": said}
    try:
        plot = accuracy_cost(table, axis)
    except MissingExtra as missing:
        return nothing | {"said": [f"There is no plot: {missing}."]}
    if plot.unnamed:
        said.append(f"Drawn without room for a name: {_some(map(_tables.name, plot.unnamed))}.")
    return {"svg": _drawing(plot.svg), "title": f"Score over {cost}", "said": said}


def undrawn(table: DataFrame, axis: str) -> list[str]:
    """Which strategies a plot over an axis leaves out, and why."""
    cost, shown = cost_title(axis, table), drawn(table, axis)
    if shown.empty:
        what = "no time was measured" if axis == LATENCY else f"{cost} or the score is unknown or 0"
        return [f"There is no plot over {cost}: {what}."]
    hidden = [
        row for at, row in zip(table.index, _labels(table), strict=True) if at not in shown.index
    ]
    said = f"Not drawn, since {cost} or the score is unknown or 0: {_some(hidden)}."
    return [said] * bool(hidden)


def _drawing(svg: str) -> Any:
    """Take an SVG as it is: matplotlib wrote it, which escapes the text in it."""
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704


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


def grid_of(table: DataFrame, chosen: Sequence[_tables.Column], label: str) -> Grid:
    """The first rows of a table, ready to be written."""
    shown = table.head(MOST_ROWS)
    return Grid(chosen, _tables.texts(shown, list(chosen)), label, len(table) - len(shown))


def tag_table(found: slices.Slices) -> dict[str, Any]:
    """The table of scores by tag."""
    texts = ("tag", "value", "model")
    columns = [
        _tables.Column("", name, "strategy" if name in texts else name, str, name not in texts)
        for name in found.columns
    ]
    grid = Grid(columns, found.rows, "scores by tag", found.left_out)
    return {"dataset": _tables.name(found.dataset), "table": grid}


def paired(facts: Facts) -> Iterator[dict[str, Any]]:
    """Every dataset's comparisons in pairs, with a legend of the marks."""
    for dataset, table in facts.pairs.groupby("dataset", sort=False):
        marked = pairs.with_marks(table)
        yield {
            "dataset": _tables.name(dataset),
            "table": grid_of(marked, pairs.pair_columns(marked), "strategies compared in pairs"),
            "legend": pairs.legend(marked),
            "count": len(table),
            "rough": bool(table["rough"].any()),
        }


def crossings(facts: Facts, placed: DataFrame) -> dict[str, Any]:
    """What is known of crossover points, with the first curves drawn."""
    found = [one for cell in _placed(facts, placed) for one in curves.crossings(cell)]
    shown = found[: curves.MOST_CURVES]
    drawings, said = [], list[str]()
    for over, run in groupby(shown, key=lambda one: one.over):
        panels = list(run)
        several = len({(one.dataset, one.model) for one in panels}) > 1
        titles = [[one.model] * several + [f"{one.one} − {one.other}"] for one in panels]
        named = [(title, one.found) for title, one in zip(titles, panels, strict=True)]
        try:
            drawings += [
                {"svg": _drawing(lead_plot(some, over)), "over": _tables.name(over)}
                for some in (named[at : at + TOGETHER] for at in range(0, len(named), TOGETHER))
            ]
        except MissingExtra as missing:
            said = [f"There is no plot: {missing}."]
    sentences = [f"{_tables.name(one.model)}: {one.sentence}" for one in found[:MOST_ROWS]]
    if len(found) > len(shown):
        said.append(f"Drawn are the first {len(shown)} of {len(found)}.")
    return {"sentences": sentences, "plots": drawings, "said": said}


def _placed(facts: Facts, placed: DataFrame) -> Iterator[Cell]:
    for cell in facts.cells:
        rows = placed.loc[cell.frame.index]
        yield Cell(cell.dataset, cell.model, rows, cell.rows, cell.pairs, cell.metric)


def outcome_counts(frame: DataFrame) -> dict[str, Any]:
    """The table of outcomes, and how many answers have no score."""
    table = outcomes.outcome_table(frame)
    grid = grid_of(table, outcomes.outcome_columns(table), "outcomes of all questions")
    return {"table": grid, "lost": outcomes.without_score(table), "asked": len(frame)}


def cost_of(facts: Facts) -> dict[str, Any]:
    """The tables of what the run cost."""
    table = costs.cost_table(facts.frame, verdicts_of(facts))
    steps = costs.step_table(facts.frame)
    return {
        "table": grid_of(table, costs.cost_columns(table), "cost of the run"),
        "steps": None
        if steps is None
        else grid_of(steps, costs.step_columns(steps), "kinds of calls"),
        "unknown": bool(table["total"].isna().any()),
    }


def verdicts_of(facts: Facts) -> DataFrame | None:
    """A judge's verdicts beside the run; None where there are none that can be read."""
    try:
        return verdicts.read_judged(facts.folder)
    except DataError:
        return None


def judged(facts: Facts) -> dict[str, Any] | None:
    """The judge's table and ranking; a line where the files cannot be read."""
    try:
        judged, ranking = (
            read(facts.folder) for read in (verdicts.read_judged, verdicts.read_ranking)
        )
    except DataError as error:
        return {"said": f"The verdicts beside this page cannot be shown: {error}.", "table": None}
    if judged is None:
        return None
    from crossover.experiments.judging.report import judge_columns, judge_summary

    summary = judge_summary(judged)
    judge, mode = (str(judged.attrs.get(name) or "") for name in ("judge", "judge_mode"))
    ranked = None if ranking is None else verdicts.with_intervals(ranking)
    return {
        "said": f"Judged by {_tables.name(judge)} ({mode})." if judge else "",
        "table": grid_of(summary, judge_columns(summary), "verdicts of the judge"),
        "ranking": ranked is not None
        and grid_of(ranked, verdicts.ranking_columns(ranked), "ranking from pairwise verdicts"),
    }
