"""`crossover score`: anybody's prediction files by a benchmark's own rules."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from crossover.experiments.statistics import Estimate
    from crossover.scoring import FileScores, MetricScore

WIDE = 160
FORMATS = "longbench, minilongbench, leval, infinitebench, lara or jsonl"


def score(
    files: Annotated[
        list[Path], typer.Argument(help="Prediction files, one per task.", show_default=False)
    ],
    format: Annotated[str, typer.Option(help=f"{FORMATS} [told from the file].")] = "",
    task: Annotated[str, typer.Option(help="The benchmark's task [in the file's name].")] = "",
    metric: Annotated[
        list[str] | None, typer.Option(help="Another metric; may be repeated.")
    ] = None,
    fields: Annotated[
        str, typer.Option(help="Names in a jsonl file: prediction=output,answers=gold.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON, each sample's score too.")] = (
        False
    ),
) -> None:
    """Score prediction files by their benchmark's own rules, or by any metric."""
    from rich.console import Console
    from rich.text import Text

    from crossover.scoring import score_file

    named = _fields(fields)
    scored = [
        score_file(path, format=format, task=task, metrics=metric or (), fields=named)
        for path in files
    ]
    if json:
        content = {"files": [_record(each) for each in scored]}
        typer.echo(json_text.dumps(content, ensure_ascii=False, indent=1))
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDE)
    for each in scored:
        console.print(Text.assemble((each.file, "bold"), f"  {_about(each)}"))
        console.print(_table(each))
        console.print()


def _fields(text: str) -> dict[str, str]:
    from crossover.scoring.jsonl import FIELDS

    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for ours, equals, theirs in pairs:
        if ours.strip() not in FIELDS or not equals or not theirs.strip():
            raise ConfigError(
                f"--fields: expected NAME=FIELD,… with NAME one of {', '.join(FIELDS)}; "
                f"got {ours + equals + theirs!r}"
            )
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _about(scores: FileScores) -> str:
    task = f", {scores.task}" if scores.task else ""
    documents = f", {len(set(scores.groups))} documents" if scores.groups else ""
    empty = f"{scores.empty} of them empty or failed (scored 0)"
    return f"{scores.format}{task}: {scores.n} predictions, {empty}{documents}"


def _interval(scores: FileScores, one: MetricScore) -> Estimate | None:
    """The mean with its interval by document; None where the file names no documents."""
    from crossover.experiments.statistics import clustered_mean

    if not scores.groups or not one.values:
        return None
    values = [float("nan") if value is None else value for value in one.values]
    return clustered_mean(values, scores.groups)


def _table(scores: FileScores) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("metric")
    for title in ("score", "mean (0-1)", *(["95 % interval"] if scores.groups else []), "n"):
        table.add_column(title, justify="right")
    for one in scores.scores:
        shown = "-" if one.shown is None else f"{one.shown:.{one.digits}f}"
        mean = "-" if one.mean is None else f"{one.mean:.4f}"
        interval = [_bounds(_interval(scores, one))] if scores.groups else []
        table.add_row(one.metric, shown, mean, *interval, str(one.n if one.values else scores.n))
    return table


def _bounds(estimate: Estimate | None) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return "-"
    rough = " (rough)" if estimate.rough else ""
    return f"{estimate.low:.3f}-{estimate.high:.3f}{rough}"


def _record(scores: FileScores) -> dict[str, object]:
    return {
        "file": scores.file,
        "format": scores.format,
        "task": scores.task,
        "n": scores.n,
        "empty": scores.empty,
        "scores": [_metric(scores, one) for one in scores.scores],
    }


def _metric(scores: FileScores, one: MetricScore) -> dict[str, object]:
    estimate = _interval(scores, one)
    known = estimate is not None and estimate.low is not None
    return {
        "metric": one.metric,
        "score": one.shown,
        "mean": one.mean,
        "n": one.n if one.values else scores.n,
        "interval": [estimate.low, estimate.high] if estimate and known else None,
        "documents": estimate.clusters if estimate else None,
        "per_sample": one.shown_values,
        "values": list(one.values),
    }
