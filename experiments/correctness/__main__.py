"""``python -m crossover.experiments.correctness LARA``: fit the metric and report on the fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.errors import CrossoverError

app = typer.Typer(add_completion=False)


@app.command()
def fit(
    folder: Annotated[Path, typer.Argument(help="LaRA's layout, and paper_gaps.csv in it.")],
    cache: Annotated[Path | None, typer.Option(help="Keep the signals in this .npz file.")] = None,
    lexical: Annotated[bool, typer.Option("--lexical", help="Without the network.")] = False,
    penalty: Annotated[float, typer.Option(help="On squared weights.", min=0)] = 0.001,
    times: Annotated[int, typer.Option(help="Resamples of the documents.", min=0)] = 200,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all.", min=0)] = 1,
) -> None:
    """Fit correctness leaving each model out in turn; print its agreement with the judged table."""
    try:
        _fit(folder, cache, lexical, penalty, times, threads)
    except CrossoverError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def _fit(
    folder: Path, cache: Path | None, lexical: bool, penalty: float, times: int, threads: int
) -> None:
    from crossover import meter, precision
    from crossover.experiments.correctness import tables
    from crossover.experiments.correctness.cells import released
    from crossover.experiments.correctness.signals import signals
    from crossover.metrics._signals import LEXICAL, SIGNALS

    console = Console(width=120)
    if not lexical:
        precision.set_threads(threads)
    names = LEXICAL if lexical else SIGNALS
    answers = released(folder)
    console.print(f"{len(answers.items):,} answers, {len(answers.judged)} judged accuracies")
    with meter.watched(lambda what, done, of: console.print(f"{what}: {done:,} of {of:,}")):
        table = signals(answers, names, cache)
    console.print(tables.main(answers, table, names, penalty, times), soft_wrap=True)
    console.print(tables.cells(answers, table, penalty), soft_wrap=True)
    console.print(tables.ablation(answers, table, names, penalty), soft_wrap=True)
    console.print(tables.sensitivity(answers, table), soft_wrap=True)
    console.print(tables.constants(answers, table, names, penalty), soft_wrap=True)


if __name__ == "__main__":
    app()
