"""A run's results for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossover.errors import ConfigError

Folder = Annotated[Path, typer.Argument(help="A run's directory.", show_default=False)]


def export(
    folder: Folder,
    to: Annotated[
        str | None, typer.Option(help="A table: file.parquet, .csv or .jsonl, in a bucket too.")
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(help="A folder or s3://bucket/folder for copies of report and traces."),
    ] = None,
    passages: Annotated[bool, typer.Option("--passages", help="Passages in the table.")] = False,
    traces: Annotated[bool, typer.Option("--traces", help="Traces in the table.")] = False,
    mlflow: Annotated[
        str | None, typer.Option(help="MLflow: sqlite:///file.db or http://…")
    ] = None,
    experiment: Annotated[str, typer.Option(help="MLflow's experiment.")] = "crossover",
    otel: Annotated[
        str | None, typer.Option(help="Spans: file.jsonl or a collector's http://host:4318.")
    ] = None,
    submission: Annotated[
        str | None,
        typer.Option(help="A folder for the files that a benchmark with hidden golds scores."),
    ] = None,
    with_content: Annotated[
        bool, typer.Option("--with-content", help="Answers and queries to MLflow and spans too.")
    ] = False,
) -> None:
    """Export a run: table, report, MLflow runs, OpenTelemetry spans or a benchmark's submission."""
    if not any((to, report, mlflow, otel, submission)):
        raise ConfigError(
            "say where to export to: --to FILE, --report FOLDER, --mlflow URI, --otel TARGET or "
            "--submission FOLDER"
        )
    if to:
        _table(folder, to, passages, traces)
    if report:
        _report(folder, report)
    if mlflow:
        from crossover.experiments.exporting.tracking import log_to_mlflow

        run = log_to_mlflow(folder, mlflow, experiment=experiment, with_content=with_content)
        typer.echo(f"MLflow run: {run}")
    if otel:
        _spans(folder, otel, with_content)
    if submission:
        _submission(folder, submission)


def _table(folder: Path, to: str, passages: bool, traces: bool) -> None:
    from crossover.experiments.exporting.tables import load_results, write_results

    frame = load_results(folder, passages=passages, traces=traces)
    typer.echo(f"{len(frame):,} rows: {write_results(frame, to)}")


def _report(folder: Path, to: str) -> None:
    from crossover.experiments.exporting.copied import copy_report

    for path in copy_report(folder, to):
        typer.echo(str(path))


def _spans(folder: Path, target: str, with_content: bool) -> None:
    from crossover.experiments.exporting.telemetry import export_spans

    told, lacking = export_spans(folder, target, with_content=with_content)
    typer.echo(f"{told:,} traces exported" + (f"; {lacking:,} no longer stored" * bool(lacking)))


def _submission(folder: Path, to: str) -> None:
    from crossover.experiments.exporting.submitted import write_submissions

    for one in write_submissions(folder, to):
        for path in one.paths:
            typer.echo(f"{path}: {one.picked:,} of {one.asked:,} answers name one option")
