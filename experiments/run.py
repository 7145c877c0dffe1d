"""Running a grid: ask every question once, keep every answer, score them all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover import meter
from crossover.errors import MissingExtra
from crossover.experiments.answering import Progress, Silent, stretches
from crossover.experiments.budget import BudgetReached
from crossover.experiments.grid import Grid, Job, load_grid
from crossover.experiments.questions import KEPT
from crossover.experiments.store import Store, opened
from crossover.experiments.working import answer_apart
from crossover.types import Answer

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("runs")
# answers that are scored with their traces and passages in memory
READ_TOGETHER = 2_000


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
    from crossover.experiments.frame import Rows, record
    from crossover.experiments.report import write_report
    from crossover.experiments.reporting.details import DetailsWriter

    _check_installed()
    jobs: Collection[Job] = grid.jobs()
    # few are kept; the jobs of a million questions are made anew each time
    jobs = jobs if len(jobs) > KEPT else list(jobs)
    with opened(folder, grid.store) as kept:
        for some in stretches(jobs) if retry_failed else ():
            found = kept.outcomes(some).items()
            kept.forget(key for key, outcome in found if outcome.startswith("failed:"))
        progress = progress or Silent()
        with meter.watched(progress.working):
            reached, troubles = answer_apart(grid.engine, grid, jobs, folder, kept, progress)
        left_out = _left_out(grid, jobs, kept, reached)
        rows, repeats, repeated = Rows(), kept.repeated(), 0
        with DetailsWriter(folder) as details:
            for job, answer in _answered(jobs, kept, left_out):
                row = record(job, answer, grid.name)
                rows.add(row)
                details.add(job, row)
                repeated += repeats[job.key]
    results = rows.frame(grid)
    results.attrs["unasked"] = _unasked(left_out, reached)
    results.attrs["repeated"] = repeated
    results.attrs["troubles"] = list(troubles)
    write_report(results, folder)
    return results


def _check_installed() -> None:
    """Raise MissingExtra before a question is paid for, not when its results cannot be written."""
    for package in ("pandas", "pyarrow", "scipy"):
        if find_spec(package) is None:
            raise MissingExtra(package, "report", "a run's report")


class _LeftOut(NamedTuple):
    """The questions that not every strategy has answered, and how many answers they have."""

    questions: set[tuple[str, str, str]]
    answers: int = 0
    of: int = 0


def _left_out(grid: Grid, jobs: Collection[Job], store: Store, reached: Sequence[str]) -> _LeftOut:
    """What a budget left unasked. Raises BudgetReached where that leaves no question."""
    missing, answered = set[tuple[str, str, str]](), 0
    if not reached:
        return _LeftOut(missing)
    for some in _some(jobs):
        done = store.outcomes(job.key for job in some)
        missing |= {_place(job) for job in some if job.key not in done}
        answered += sum(job.key in done for job in some)
    questions = len(jobs) // len(grid.strategies)
    if len(missing) == questions:
        raise BudgetReached(
            f"{'; '.join(reached)}, before every strategy had answered one question; what is "
            "answered is kept: raise the budget and run again"
        )
    whole = (questions - len(missing)) * len(grid.strategies)
    return _LeftOut(missing, answered - whole, questions)


def _place(job: Job) -> tuple[str, str, str]:
    return job.source.name, job.example.question.id, repr(job.model)


def _answered(
    jobs: Iterable[Job], store: Store, left_out: _LeftOut
) -> Iterator[tuple[Job, Answer]]:
    for some in _some(jobs):
        answers = store.answered(job.key for job in some)
        for job in some:
            if not left_out.questions or _place(job) not in left_out.questions:
                yield job, answers[job.key]


def _some(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    left = iter(jobs)
    while some := list(islice(left, READ_TOGETHER)):
        yield some


def _unasked(left_out: _LeftOut, reached: Sequence[str]) -> list[str]:
    """What a budget left out of the report, a line each."""
    if not left_out.questions:
        return []
    return [
        *reached,
        f"{len(left_out.questions):,} of {left_out.of:,} questions are left out, as not every "
        f"strategy was asked them; {left_out.answers:,} answers to them are kept for the next run",
    ]
