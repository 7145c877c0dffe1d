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
        Path | None, typer.Option(help="A table: file.parquet, file.csv or file.jsonl.")
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
        Path | None,
        typer.Option(help="A folder for the files that a benchmark with hidden golds scores."),
    ] = None,
    with_content: Annotated[
        bool, typer.Option("--with-content", help="Answers and queries to MLflow and spans too.")
    ] = False,
) -> None:
    """Export a run: a table, MLflow runs, OpenTelemetry spans or a benchmark's submission."""
    if not (to or mlflow or otel or submission):
        raise ConfigError(
            "say where to export to: --to FILE, --mlflow URI, --otel TARGET or --submission FOLDER"
        )
    if to:
        from crossover.experiments.exporting.tables import load_results, write_results

        frame = load_results(folder, passages=passages, traces=traces)
        typer.echo(f"{len(frame):,} rows: {write_results(frame, to)}")
    if mlflow:
        from crossover.experiments.exporting.tracking import log_to_mlflow

        run = log_to_mlflow(folder, mlflow, experiment=experiment, with_content=with_content)
        typer.echo(f"MLflow run: {run}")
    if otel:
        from crossover.experiments.exporting.telemetry import export_spans

        told, lacking = export_spans(folder, otel, with_content=with_content)
        typer.echo(
            f"{told:,} traces exported" + (f"; {lacking:,} no longer stored" * bool(lacking))
        )
    if submission:
        from crossover.experiments.exporting.submitted import write_submissions

        for one in write_submissions(folder, submission):
            for path in one.paths:
                typer.echo(f"{path}: {one.picked:,} of {one.asked:,} answers name one option")
