"""Running a grid: ask every question once, keep every answer, score them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover import meter
from crossover.errors import MissingExtra
from crossover.experiments.answering import Progress, Silent, execute
from crossover.experiments.budget import BudgetReached
from crossover.experiments.grid import Grid, Job, load_grid
from crossover.experiments.store import opened
from crossover.experiments.working import answer_apart
from crossover.types import Answer

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("runs")


def run(
    grid: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    limit: int | None = None,
    seed: int | None = None,
    price_as: str | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
    store: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Compare the grid's strategies and write the report into ``out`` (default: runs/NAME).

    Returns one row per dataset × example × strategy × model. Answers that the directory already
    holds are not asked for again; ``retry_failed`` asks again what failed. ``store`` is the address
    of a PostgreSQL database that keeps the answers instead, for many machines, and ``engine`` says
    where questions are answered (``local(workers=4)``, ``ray(…)``). Raises ConfigError, DataError
    or StoreError before any question is asked, BudgetReached where a budget ends the run too early
    to compare anything; a component that turns out unusable on its way (an embedder that cannot be
    had) stops the run with what is answered kept.
    """
    plan = load_grid(grid, limit=limit, seed=seed, price_as=price_as, store=store, engine=engine)
    return run_grid(plan, folder_of(plan, out), retry_failed=retry_failed, progress=progress)


def folder_of(grid: Grid, out: str | Path | None) -> Path:
    """Where a grid's run is kept."""
    return Path(out) if out is not None else RUNS / grid.name


def run_grid(
    grid: Grid, folder: Path, *, retry_failed: bool = False, progress: Progress | None = None
) -> pd.DataFrame:
    """Run a built grid in a directory; see ``run``."""
    from crossover.experiments.frame import frame, record
    from crossover.experiments.report import write_report
    from crossover.experiments.reporting.details import write_details

    _check_installed()
    jobs = list(grid.jobs())
    with opened(folder, grid.store) as kept:
        if retry_failed:
            outcomes = kept.outcomes(job.key for job in jobs)
            kept.forget(j.key for j in jobs if outcomes.get(j.key, "").startswith("failed:"))
        progress = progress or Silent()
        with meter.watched(progress.working):
            if grid.engine.parts > 1:
                reached = answer_apart(grid.engine, grid, jobs, folder, kept, progress)
            else:
                reached = execute(jobs, kept, grid.seed, progress, grid.budget)
        answers = kept.answered(job.key for job in jobs)
    asked = _asked_of_all(jobs, answers, reached)
    records = [record(job, answers[job.key], grid.name) for job in asked]
    results = frame(grid, records)
    results.attrs["unasked"] = _unasked(jobs, asked, answers, reached)
    jobs = asked
    write_details(jobs, records, folder)
    write_report(results, folder)
    return results


def _check_installed() -> None:
    """Raise MissingExtra before a question is paid for, not when its results cannot be written."""
    for package in ("pandas", "pyarrow", "scipy"):
        if find_spec(package) is None:
            raise MissingExtra(package, "report", "a run's report")


def _asked_of_all(
    jobs: Sequence[Job], answers: Mapping[str, Answer], reached: Sequence[str]
) -> list[Job]:
    """The jobs on questions that every strategy has answered: all, unless a budget ended them.

    Raises BudgetReached where there is no such question.
    """
    missing = {_place(job) for job in jobs if job.key not in answers}
    asked = [job for job in jobs if _place(job) not in missing]
    if not asked:
        raise BudgetReached(
            f"{'; '.join(reached)}, before every strategy had answered one question; what is "
            "answered is kept: raise the budget and run again"
        )
    return asked


def _place(job: Job) -> tuple[str, str, str]:
    return job.source.name, job.example.question.id, repr(job.model)


def _unasked(
    jobs: Sequence[Job], asked: Sequence[Job], answers: Mapping[str, Answer], reached: Sequence[str]
) -> list[str]:
    """What a budget left out of the report, a line each."""
    questions, left = {_place(job) for job in jobs}, {_place(job) for job in asked}
    if not (out := len(questions) - len(left)):
        return []
    extra = sum(job.key in answers for job in jobs) - len(asked)
    return [
        *reached,
        f"{out:,} of {len(questions):,} questions are left out, as not every strategy was asked "
        f"them; {extra:,} answers to them are kept for the next run",
    ]
