"""Watching a router in production: drift, feedback, shadows and refitting from its decision log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crossover.router.artefact import Artefact
    from crossover.router.watching.log import DecisionLog

Log = Annotated[Path, typer.Argument(help="A decision log.", show_default=False)]
File = Annotated[Path, typer.Option("--router", help="The router's file.")]


def drift(
    log: Log,
    router: File = Path("router.json"),
    rate: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="False alarms a month, all tests together.")
    ] = 0.01,
    looks: Annotated[int, typer.Option(min=1, help="How often a month it is looked.")] = 30,
    window: Annotated[float, typer.Option(help="Days that are compared with the fit.")] = 7.0,
) -> None:
    """Say whether questions, choices and grades drift from what a router was fitted on.

    Exits 1 on an alarm.
    """
    from crossover.router.artefact import Artefact
    from crossover.router.watching.drift import Alarm
    from crossover.router.watching.drift import drift as looked
    from crossover.router.watching.stream import stream_of

    sharp, artefact = Alarm(rate=rate, looks=looks, window=window), Artefact.load(router)
    with _opened(log) as opened:
        rows = opened.rows(router=_name(artefact, opened), since=_month_ago())
        lost = opened.lost
    found = looked(artefact.reference, stream_of(rows), None, sharp)
    for line in found.lines():
        typer.echo(line)
    for kind, count in lost.items():
        typer.echo(f"{count:,} {kind} were lost: the log could not keep up", err=True)
    if found:
        raise typer.Exit(1)


def feedback(
    log: Log,
    grades: Annotated[
        Path, typer.Argument(help="CSV or .jsonl with id, quality, strategy.", show_default=False)
    ],
) -> None:
    """Add grades (0–1) to a decision log, all of a file or none."""
    from crossover.router.watching.feedback import read_grades

    given = read_grades(grades)
    with _opened(log) as opened:
        typer.echo(f"{opened.feedback_all(given):,} grades added")


def shadow(log: Log) -> None:
    """Say how a shadow router decided beside the one that answered."""
    from crossover.router.watching.shadow import agreement

    with _opened(log) as opened:
        names = sorted({str(row["router"]) for row in opened.shadows()})
        for name in names:
            typer.echo(f"shadow {name}")
            for line in agreement(opened, name).lines():
                typer.echo(f"  {line}")
        if not names:
            typer.echo("no shadow has decided in this log")


def refit(
    log: Log,
    runs: Annotated[
        list[Path] | None, typer.Argument(help="The runs it was fitted on.", show_default=False)
    ] = None,
    router: File = Path("router.json"),
    out: Annotated[Path, typer.Option(help="The new router's file.")] = Path("router.new.json"),
    seed: Annotated[int, typer.Option(help="Seed of folds and trees.")] = 0,
) -> None:
    """Fit a router again on its runs and on the graded decisions of its log."""
    from crossover.experiments.report import load_frame
    from crossover.experiments.routing.outcomes import outcomes_of
    from crossover.experiments.routing.refitting import refit as refitted
    from crossover.router.artefact import Artefact

    artefact = Artefact.load(router)
    metric = "" if artefact.metric == "headline" else artefact.metric
    frames = [load_frame(run) for run in runs or ()]
    old = outcomes_of(frames, artefact.strategies, metric) if frames else None
    with _opened(log) as opened:
        rows = opened.rows(router=_name(artefact, opened), graded=True)
    found = refitted(rows, artefact, old, seed=seed)
    if artefact.meaning is not None:
        typer.echo("the new router goes without --meaning: the log holds no questions", err=True)
    typer.echo(found.said())
    typer.echo(str(found.fit.artefact.save(out)))


def _opened(path: Path) -> DecisionLog:
    from crossover.router.watching.log import DecisionLog

    return DecisionLog(path, create=False)


def _name(artefact: Artefact, log: DecisionLog) -> str:
    """What the log knows the router by; raises DataError where it holds none of its decisions."""
    from crossover.errors import DataError

    name = artefact.digest[:12]
    if name not in log.routers():
        there = ", ".join(log.routers()) or "none at all"
        raise DataError(f"{log.path} holds no decision of router {name}; it holds: {there}")
    return name


def _month_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=30)
