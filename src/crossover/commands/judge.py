"""Judging with a language model, and how far a judge agrees with people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crossover.experiments.answering import Progress
    from crossover.experiments.judging.calls import Planned
    from crossover.judging.judge import Judge

Who = Annotated[str, typer.Option("--judge", help="The model that judges.", show_default=False)]
Mode = Annotated[str, typer.Option(help="rubric, pairwise or checklist.")]
Points = Annotated[int, typer.Option(help="Points of the rubric; 1: right or wrong.")]
Examples = Annotated[Path | None, typer.Option(help="JSONL of graded examples to show.")]
Shots = Annotated[int | None, typer.Option(help="How many of them to show [all].")]
Items = Annotated[Path | None, typer.Option(help="Own checklist, one question a line.")]
Prompts = Annotated[Path | None, typer.Option(help="YAML of prompts to replace by name.")]
Seed = Annotated[int, typer.Option(help="Seed of samples and of the judge.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Ask again what failed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count only; ask nothing.")]


def judge(
    folder: Annotated[Path, typer.Argument(help="A run's directory.", show_default=False)],
    who: Who,
    mode: Mode = "rubric",
    points: Points = 1,
    examples: Examples = None,
    shots: Shots = None,
    items: Items = None,
    prompts: Prompts = None,
    limit: Annotated[int | None, typer.Option(help="Questions per dataset, sampled.")] = None,
    seed: Seed = 0,
    allow_self: Annotated[
        bool, typer.Option("--allow-self", help="Let a model judge its own answers.")
    ] = False,
    retry_failed: RetryFailed = False,
    dry_run: DryRun = False,
) -> None:
    """Let a model judge a run's answers; the same command again asks nothing twice."""
    from crossover.experiments.judging.judged import judge_run, plan_run
    from crossover.experiments.judging.report import judge_report, write_judged
    from crossover.experiments.report import load_frame
    from crossover.judging.candidates import check_independent

    built = _built(who, mode, points, examples, shots, items, prompts, seed)
    for line in check_independent(built.model, load_frame(folder)["model"], allow_self):
        typer.echo(line, err=True)
    if dry_run:
        _print_plan(plan_run(folder, built, limit))
        return
    with _progress() as progress:
        found = judge_run(folder, built, limit=limit, retry_failed=retry_failed, progress=progress)
    paths = write_judged(found, built, folder)
    typer.echo(judge_report(found, built))
    for path in paths:
        typer.echo(str(path))


def judge_agreement(
    labels: Annotated[Path, typer.Argument(help="JSONL of labelled answers.", show_default=False)],
    who: Who,
    mode: Mode = "rubric",
    points: Points = 1,
    examples: Examples = None,
    shots: Shots = None,
    items: Items = None,
    prompts: Prompts = None,
    limit: Annotated[int | None, typer.Option(help="Records, sampled.")] = None,
    seed: Seed = 0,
    retry_failed: RetryFailed = False,
    dry_run: DryRun = False,
    out: Annotated[
        Path | None, typer.Option(help="Directory of the verdicts [runs/judge-NAME].")
    ] = None,
) -> None:
    """Measure how a judge agrees with labels, and its biases."""
    from crossover.experiments.judging.agreement import (
        agreement_text,
        measure,
        plan,
        write_agreement,
    )
    from crossover.experiments.run import RUNS

    built = _built(who, mode, points, examples, shots, items, prompts, seed)
    folder = out or RUNS / f"judge-{labels.stem}"
    if dry_run:
        _print_plan(plan(labels, built, folder, limit))
        return
    with _progress() as progress:
        found = measure(
            labels, built, folder, limit=limit, retry_failed=retry_failed, progress=progress
        )
    paths = write_agreement(found, folder)
    typer.echo(agreement_text(found))
    for path in paths:
        typer.echo(str(path))


def _built(
    who: str,
    mode: str,
    points: int,
    examples: Path | None,
    shots: int | None,
    items: Path | None,
    prompts: Path | None,
    seed: int,
) -> Judge:
    from crossover import catalog
    from crossover.judging.judge import build_judge
    from crossover.roles import Model

    return build_judge(
        catalog.load(Model, who),
        mode,
        points=points,
        examples=examples,
        shots=shots,
        items=items,
        prompts=prompts,
        seed=seed,
    )


@contextmanager
def _progress() -> Iterator[Progress]:
    from rich.console import Console

    from crossover.experiments.progress import LiveProgress

    with LiveProgress(Console(stderr=True)) as progress:
        yield progress


def _print_plan(found: Planned) -> None:
    from crossover.experiments.judging.report import plan_line

    typer.echo(plan_line(found))
