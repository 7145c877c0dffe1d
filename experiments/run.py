"""Running a grid: ask every question once, keep every answer, score them all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crossover import catalog
from crossover.errors import MissingExtra
from crossover.experiments.grid import Grid, Job, load_grid
from crossover.experiments.remembering import Remembering
from crossover.experiments.store import Store
from crossover.measure import measured
from crossover.types import Answer

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("runs")
# how often a job that another process holds is looked at again, in seconds
POLL = 0.5


class Progress(Protocol):
    """What a run tells whoever watches it."""

    def start(self, total: int, stored: int) -> None:
        """Begin: so many jobs, so many of them answered before."""

    def advance(self, answer: Answer) -> None:
        """One more job is answered."""


class Silent(Progress):
    """Watches nothing."""

    def start(self, total: int, stored: int) -> None:
        """Do nothing."""

    def advance(self, answer: Answer) -> None:
        """Do nothing."""


def run(
    grid: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    limit: int | None = None,
    seed: int | None = None,
    price_as: str | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare the grid's strategies and write the report into ``out`` (default: runs/NAME).

    Returns one row per dataset × example × strategy × model. Answers that the directory already
    holds are not asked for again; ``retry_failed`` asks again what failed. Raises ConfigError,
    DataError or StoreError before any question is asked.
    """
    plan = load_grid(grid, limit=limit, seed=seed, price_as=price_as)
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

    _check_installed()
    jobs = list(grid.jobs())
    with Store(folder) as store:
        if retry_failed:
            outcomes = store.outcomes()
            store.forget(j.key for j in jobs if outcomes.get(j.key, "").startswith("failed:"))
        execute(jobs, store, grid.seed, progress or Silent())
        answers = store.answered(job.key for job in jobs)
    results = frame(grid, [record(job, answers[job.key], grid.name) for job in jobs])
    write_report(results, folder)
    return results


def _check_installed() -> None:
    """Raise MissingExtra before a question is paid for, not when its results cannot be written."""
    for package in ("pyarrow", "scipy"):
        if find_spec(package) is None:
            raise MissingExtra(package, "report", "a run's report")


def execute(jobs: Sequence[Job], store: Store, seed: int, progress: Progress) -> None:
    """Answer every job that is not answered yet, model after model, each at its own concurrency."""
    done = store.outcomes()
    progress.start(len(jobs), sum(job.key in done for job in jobs))
    for model, together in groupby(jobs, key=lambda job: catalog.spec(job.model)):
        todo = [job for job in together if job.key not in done]
        if todo:
            threads = getattr(todo[0].model, "concurrency", 1)
            _answer_all(todo, store, seed, threads, progress, f"crossover-{model}")


def _answer_all(
    jobs: Sequence[Job], store: Store, seed: int, threads: int, progress: Progress, name: str
) -> None:
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    running: set[Future[Answer]] = set()
    try:
        for job in _claimed(jobs, store, 2 * threads):
            running.add(pool.submit(_answer, job, store, seed))
            if len(running) >= 2 * threads:
                running = _collected(running, progress)
        while running:
            running = _collected(running, progress)
    finally:
        # on an interrupt, calls in flight are let finish and kept; nothing new is asked
        pool.shutdown(wait=True, cancel_futures=True)


def _collected(running: set[Future[Answer]], progress: Progress) -> set[Future[Answer]]:
    finished, running = wait(running, return_when=FIRST_COMPLETED)
    for future in finished:
        progress.advance(future.result())
    return running


def _claimed(jobs: Iterable[Job], store: Store, ahead: int) -> Iterator[Job]:
    """Yield jobs as they are claimed; wait for those that another process is working on."""
    waiting = list(jobs)
    while waiting:
        held: list[Job] = []
        for start in range(0, len(waiting), ahead):
            batch = waiting[start : start + ahead]
            claimed = set(store.claim([job.key for job in batch]))
            yield from (job for job in batch if job.key in claimed)
            held += [job for job in batch if job.key not in claimed]
        done = store.outcomes() if held else {}
        waiting = [job for job in held if job.key not in done]
        if waiting:
            time.sleep(POLL)


def _answer(job: Job, store: Store, seed: int) -> Answer:
    model = (
        job.model
        if hasattr(job.model, "prediction")
        else Remembering(job.model, store, job.key, seed)
    )
    answer = measured(job.strategy, job.example.question, model)
    texts = (job.key, job.example.question.id, catalog.spec(job.strategy), catalog.spec(job.model))
    store.save(texts, answer)
    return answer
