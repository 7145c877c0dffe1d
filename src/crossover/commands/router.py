"""Learning a router from runs, and judging it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.commands.router_watch import drift, feedback, refit, shadow

if TYPE_CHECKING:
    from pandas import DataFrame


class When(StrEnum):
    """When a router decides."""

    cascade = "cascade"
    before = "before"


router_app = typer.Typer(
    no_args_is_help=True, help="Learn which strategy to ask from your own runs, and judge it."
)
Runs = Annotated[list[Path], typer.Argument(help="Directories of runs.", show_default=False)]
Strategies = Annotated[
    str, typer.Option(help="The strategies to choose from, separated by |. [all that were run]")
]
Metric = Annotated[str, typer.Option(help="What quality means. [each dataset's headline]")]
Aim = Annotated[
    str,
    typer.Option(
        "--objective",
        help="budget(0.5), at_least(0.98) or tradeoff(dollar=10, second=0.01).",
    ),
]
Policies = Annotated[
    When,
    typer.Option("--policy", help="Decide by the cheapest strategy's answer, or before any."),
]
Seed = Annotated[int, typer.Option(help="Seed of folds and trees.")]


@router_app.command()
def fit(
    runs: Runs,
    out: Annotated[Path, typer.Option(help="The router's file.")] = Path("router.json"),
    objective: Aim = "budget(0.5)",
    policy: Policies = When.cascade,
    strategies: Strategies = "",
    metric: Metric = "",
    safe: Annotated[str, typer.Option(help="Strategy to ask where the router is not sure.")] = "",
    risk: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Most mean loss to the safe strategy.")
    ] = 0.02,
    meaning: Annotated[
        bool, typer.Option("--meaning", help="Embed questions too: needs torch where it decides.")
    ] = False,
    over_models: Annotated[
        bool, typer.Option("--over-models", help="Choose the model as well as the strategy.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Learn a router from graded runs, judge it on documents held out, and write its file."""
    from crossover.experiments.routing.fitting import fit_outcomes
    from crossover.experiments.routing.outcomes import outcomes_of

    rows = outcomes_of(_frames(runs), _named(strategies, "|"), metric, over_models=over_models)
    made = fit_outcomes(
        rows,
        policy=policy.value,
        objective=objective,
        safe=safe,
        risk=risk,
        meaning=meaning,
        seed=seed,
    )
    _print(made.table)
    typer.echo(str(made.artefact.save(out)))


@router_app.command("eval")
def evaluate(
    router: Annotated[Path, typer.Argument(help="A router's file.", show_default=False)],
    runs: Runs,
    by: Annotated[
        str, typer.Option(help="Also each value of a label: model, dataset, a tag.")
    ] = "",
) -> None:
    """Judge a router on runs: against every fixed strategy, chance at its cost, and the oracle."""
    from crossover.experiments.routing.evaluating import evaluated

    found = evaluated(router, _frames(runs), by)
    for line in found.warnings:
        typer.echo(line, err=True)
    for name, table in found.tables.items():
        if name:
            typer.echo(f"\n{name}")
        _print(table)


@router_app.command("show")
def show(
    router: Annotated[Path, typer.Argument(help="A router's file.", show_default=False)],
) -> None:
    """Say what a router is, what it aims at, and how it did on documents held out of its fit."""
    from crossover.commands._router_texts import description
    from crossover.router.artefact import Artefact

    for line in description(Artefact.load(router)):
        typer.echo(line)


def _frames(runs: list[Path]) -> list[DataFrame]:
    from crossover.experiments.report import load_frame

    return [load_frame(run) for run in runs]


def _print(table: DataFrame) -> None:
    from crossover.commands._router_texts import rendered
    from crossover.experiments.routing.judging import said

    typer.echo(rendered(table))
    typer.echo(said(table))


@router_app.command()
def transfer(
    runs: Runs,
    label: Annotated[str, typer.Option(help="Leave out each model, dataset, or a tag.")] = "model",
    twins: Annotated[
        str, typer.Option(help="Values left out together: 'a,b;c,d'.", show_default=False)
    ] = "",
    calibration: Annotated[
        int, typer.Option(min=0, help="Graded questions of a left-out model; 0: ungraded answers.")
    ] = 0,
    objective: Aim = "budget(0.5)",
    policy: Policies = When.cascade,
    strategies: Strategies = "",
    metric: Metric = "",
    seed: Seed = 0,
) -> None:
    """Judge routers on models or genres that they were not fitted on, nor on their documents."""
    from crossover.experiments.routing.outcomes import outcomes_of
    from crossover.experiments.routing.transfer import left_out

    rows = outcomes_of(_frames(runs), _named(strategies, "|"), metric)
    groups = [_named(group, ",") for group in _named(twins, ";")]
    found = left_out(
        rows,
        label,
        twins=groups,
        calibration=calibration,
        policy=policy.value,
        objective=objective,
        seed=seed,
    )
    for name, table in found.items():
        typer.echo(f"\n{name}")
        _print(table)


@router_app.command()
def curve(
    runs: Runs,
    sizes: Annotated[str, typer.Option(help="Graded questions.")] = "50,100,200,500,1000",
    repeats: Annotated[int, typer.Option(min=1, help="Samples of each size.")] = 2,
    objective: Aim = "budget(0.5)",
    policy: Policies = When.cascade,
    strategies: Strategies = "",
    metric: Metric = "",
    seed: Seed = 0,
) -> None:
    """How many graded questions a router needs: its worth over the size of what it learned from."""
    from tabulate import tabulate

    from crossover.errors import ConfigError
    from crossover.experiments.routing.outcomes import outcomes_of
    from crossover.experiments.routing.transfer import learning_curve

    numbers = [int(one) for one in _named(sizes, ",") if one.isdigit() and int(one) > 0]
    if len(numbers) != len(_named(sizes, ",")):
        raise ConfigError(f"sizes {sizes}: whole numbers above 0, separated by commas")
    rows = outcomes_of(_frames(runs), _named(strategies, "|"), metric)
    table = learning_curve(
        rows, numbers, policy=policy.value, objective=objective, repeats=repeats, seed=seed
    )
    heads = ["questions", "gap closed", "gain", "worst model", "models"]
    typer.echo(tabulate(table.values.tolist(), heads, floatfmt=("", ".2f", "+.3f", "+.3f", "")))


@router_app.command()
def introduce(
    router: Annotated[Path, typer.Argument(help="A router's file.", show_default=False)],
    runs: Runs,
    out: Annotated[Path, typer.Option(help="The new file.")] = Path("router.json"),
    graded: Annotated[int, typer.Option(min=0, help="How many grades are used; 0: none.")] = 50,
    seed: Seed = 0,
) -> None:
    """Tell a router of a new model by its answers in a run, a few of them graded."""
    from crossover.experiments.routing.outcomes import outcomes_of
    from crossover.experiments.routing.transfer import introduced
    from crossover.router.artefact import Artefact

    artefact = Artefact.load(router)
    metric = "" if artefact.metric == "headline" else artefact.metric
    rows = outcomes_of(_frames(runs), artefact.strategies, metric)
    made = introduced(artefact, rows, graded, seed)
    typer.echo(f"models: {', '.join(made.traits)}")
    typer.echo(str(made.save(out)))


def _named(text: str, separator: str) -> list[str]:
    return [one.strip() for one in text.split(separator) if one.strip()]


for watching in (drift, feedback, shadow, refit):
    router_app.command()(watching)
