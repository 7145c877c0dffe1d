"""Two runs against each other: the gate of a build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.errors import ConfigError

if TYPE_CHECKING:
    from crossover.experiments.comparing.runs import Compared

LOG_WIDTH = 250

Run = Annotated[Path, typer.Argument(help="A run's directory.", show_default=False)]
FailIf = Annotated[
    list[str] | None,
    typer.Option("--fail-if", help='Fail where established: "score < -0.02", "cost > +10%".'),
]
UnlessShown = Annotated[
    list[str] | None,
    typer.Option("--unless-shown", help='Fail unless shown: "score > -0.02".'),
]
Maps = Annotated[
    list[str] | None, typer.Option("--map", help='What B calls otherwise: "rag(k=5)=rag(k=10)".')
]


def compare(
    before: Run,
    after: Run,
    fail_if: FailIf = None,
    unless_shown: UnlessShown = None,
    maps: Maps = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the intervals of quantiles.")] = 0,
) -> None:
    """Compare two runs on the same questions; exit code 1 where a condition fails."""
    from crossover.experiments.comparing import showing
    from crossover.experiments.comparing.runs import compare_runs

    if as_json and as_markdown:
        raise ConfigError("--json and --markdown exclude each other; choose one")
    found = compare_runs(
        before,
        after,
        fail_if=fail_if or (),
        unless_shown=unless_shown or (),
        maps=maps or (),
        seed=seed,
    )
    if as_json:
        typer.echo(showing.as_json(found))
    elif as_markdown:
        typer.echo(showing.as_markdown(found), nl=False)
    else:
        _print(found)
    if found.failed:
        raise typer.Exit(1)


def _print(found: Compared) -> None:
    from rich.console import Console

    from crossover.experiments.comparing.showing import as_terminal

    console = Console()
    if not console.is_terminal:
        # a log has no width to fit
        console.width = LOG_WIDTH
    console.print(as_terminal(found))
