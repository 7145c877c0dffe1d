"""The comparison as terminal tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING

from crossover.experiments import _tables
from crossover.experiments._tables import Choose

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
    from rich.table import Table

LONGEST_NAME = 40


def render_terminal(summary: DataFrame, choose: Choose = _tables.columns) -> Comparison:
    """Show a summary as terminal tables, one per dataset; narrow terminals get them in parts.

    ``choose`` says which columns a table of one dataset shows.
    """
    return Comparison(summary, choose)


class Comparison:
    """A summary for the terminal; rich asks it for tables that fit."""

    def __init__(self, summary: DataFrame, choose: Choose) -> None:
        self.summary, self.choose = summary, choose

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        for dataset, table in _tables.datasets(self.summary):
            yield Text.assemble((_tables.name(dataset), "bold"), f"  {_tables.setting(table)}")
            for part in _fitting(table, self.choose(table), console, options):
                yield Text()
                yield part
            notes = [*_tables.failed(table, self.choose), *_tables.notes(table)]
            yield Text("\n".join(["", *notes, ""] if notes else [""]))


def _fitting(
    table: DataFrame, chosen: list[_tables.Column], console: Console, options: ConsoleOptions
) -> list[Table]:
    """One table of as much as fits; if even the least does not, several that repeat the names."""
    for rank in (2, 1, 0):
        shown = _rich_table(table, [column for column in chosen if column.rank <= rank])
        if _fits(shown, console, options):
            return [shown]
    keys = [column for column in chosen if column.names_row]
    rest = [column for column in chosen if column.rank <= 1 and not column.names_row]
    return list(_parts(table, keys, _together(rest), console, options))


def _together(columns: Sequence[_tables.Column]) -> list[list[_tables.Column]]:
    """Columns under one heading stay in one table."""
    runs = groupby(columns, key=lambda column: column.heading or column.label)
    return [list(run) for _, run in runs]


def _parts(
    table: DataFrame,
    keys: list[_tables.Column],
    rest: list[list[_tables.Column]],
    console: Console,
    options: ConsoleOptions,
) -> Iterator[Table]:
    def shown(runs: int) -> Table:
        return _rich_table(table, [*keys, *chain.from_iterable(rest[:runs])])

    while rest:
        taken = len(rest)
        while taken > 1 and not _fits(shown(taken), console, options):
            taken -= 1
        yield shown(taken)
        rest = rest[taken:]


def _fits(shown: Table, console: Console, options: ConsoleOptions) -> bool:
    from rich.measure import Measurement

    endless = options.update(width=10_000)
    return Measurement.get(console, endless, shown).maximum <= options.max_width


def _rich_table(table: DataFrame, chosen: list[_tables.Column]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in chosen:
        title = Text(f"{column.heading}\n{column.label}" if column.heading else column.label)
        justify: JustifyMethod = "right" if column.numeric else "left"
        longest = LONGEST_NAME if column.names_row else None
        shown.add_column(
            title,
            justify=justify,
            vertical="bottom",
            overflow="fold",
            no_wrap=column.numeric,
            max_width=longest,
        )
    for row in _tables.texts(table, chosen):
        shown.add_row(*map(Text, row))
    return shown
