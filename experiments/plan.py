"""A dry run: what a grid would ask and cost, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from crossover import catalog
from crossover.errors import MissingExtra
from crossover.experiments.grid import Grid, Source
from crossover.measure import measured
from crossover.models._planned import Planned
from crossover.roles import Model, Strategy
from crossover.types import Answer, Example, Question, Usage

if TYPE_CHECKING:
    import pandas as pd

# questions planned per dataset, model and strategy; the rest is scaled from them
SAMPLE = 50


def plan(grid: Grid) -> pd.DataFrame:
    """Per dataset, model and strategy: questions, calls, tokens and dollars, output at its longest.

    Where there are more than SAMPLE questions, a spread sample is planned and scaled. Raises
    MissingExtra without pandas.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("pandas", "report", "planning a run") from None

    chosen = {name: found.sample(SAMPLE, grid.seed) for name, found in grid.examples.items()}
    rows = [
        _row(source, model, strategy, chosen[source.name], grid)
        for model in grid.models
        for source in grid.sources
        for strategy in grid.strategies
    ]
    return pd.DataFrame(rows)


def _row(
    source: Source, model: Model, strategy: Strategy, chosen: Sequence[Example], grid: Grid
) -> dict[str, object]:
    bound = grid.bound(model, source)
    answers = [_planned(strategy, bound, example.question) for example in chosen]
    questions = len(grid.examples[source.name])
    scale = questions / len(chosen)
    total = sum((answer.usage for answer in answers), Usage())
    return {
        "dataset": source.name,
        "model": catalog.spec(model),
        "strategy": catalog.spec(strategy),
        "questions": questions,
        "calls": round(total.calls * scale),
        "input_tokens": _scaled(total.input_tokens, scale),
        "output_tokens_at_most": _scaled(total.output_tokens, scale),
        "dollars": None if total.dollars is None else total.dollars * scale,
        "price_as_dollars": _priced(answers, scale, grid.price_as),
        "would_fail": round(sum(not answer.scorable for answer in answers) * scale),
    }


def _planned(strategy: Strategy, model: Model, question: Question) -> Answer:
    asked = model if hasattr(model, "prediction") else Planned(model)
    return measured(strategy, question, asked, planning=True)


def _scaled(tokens: int | None, scale: float) -> int | None:
    return None if tokens is None else round(tokens * scale)


def _priced(answers: Sequence[Answer], scale: float, price_as: str) -> float | None:
    if not price_as:
        return None
    from crossover.prices import priced_as

    total = 0.0
    for usage in (answer.usage for answer in answers):
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        # answer by answer: some prices depend on the length of the prompt
        found = priced_as(price_as, usage.input_tokens, 0, usage.output_tokens)
        if found is None:
            return None
        total += found
    return total * scale


def show_plan(planned: pd.DataFrame, price_as: str) -> Table:
    """Draw the plan as a table with its total."""
    title = "dry run: nothing was asked; output tokens and dollars are the most there can be"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for head in ("dataset", "model", "strategy"):
        table.add_column(head, overflow="fold")
    heads = ["questions", "calls", "input tokens", "output tokens", "dollars"]
    for head in [*heads, f"as {price_as}"] if price_as else heads:
        table.add_column(head, justify="right", overflow="fold")
    for row in planned.to_dict("records"):
        table.add_row(*_cells(row, bool(price_as)))
    total = {"dataset": "all", "model": "", "strategy": ""}
    table.add_section()
    table.add_row(*_cells(total | totals(planned), bool(price_as)))
    return table


def totals(planned: pd.DataFrame) -> dict[str, object]:
    """Sum a plan up; a sum is unknown where one of its parts is."""
    numbers = [name for name in planned.columns if name not in ("dataset", "model", "strategy")]
    return {name: planned[name].sum(skipna=False) for name in numbers}


def _cells(row: Mapping[Any, Any], priced: bool) -> list[str]:
    names = ["dataset", "model", "strategy"]
    counts = ["questions", "calls", "input_tokens", "output_tokens_at_most"]
    dollars = ["dollars", "price_as_dollars"] if priced else ["dollars"]
    return [
        *(escape(str(row[name])) for name in names),
        *(_known(row[name], "{:,.0f}") for name in counts),
        *(_known(row[name], "${:,.4f}") for name in dollars),
    ]


def _known(value: Any, shape: str) -> str:
    return "unknown" if value is None or value != value else shape.format(value)
