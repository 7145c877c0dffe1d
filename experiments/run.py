"""Running a grid: ask every question once, keep every answer, score them all."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crossover import catalog, meter
from crossover.errors import MissingExtra
from crossover.experiments.grid import Grid, Job, load_grid
from crossover.experiments.remembering import Remembering
from crossover.experiments.store import Key, Store
from crossover.measure import measured
from crossover.roles import Model
from crossover.types import Answer
from crossover.wrapped import at_once, with_models

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("runs")
# how often a job that another process holds is looked at again, in seconds
POLL = 0.5
# jobs claimed in one transaction: fewer cost time, more make other processes wait at the end
CLAIMED_TOGETHER = 16


class Progress(Protocol):
    """What a run tells whoever watches it."""

    def start(self, total: int, stored: int) -> None:
        """Begin: so many jobs, so many of them answered before."""

    def advance(self, answer: Answer) -> None:
        """One more job is answered."""

    def working(self, what: str, done: int, total: int) -> None:
        """An answer of many seconds comes on."""


class Silent(Progress):
    """Watches nothing."""

    def start(self, total: int, stored: int) -> None:
        """Do nothing."""

    def advance(self, answer: Answer) -> None:
        """Do nothing."""

    def working(self, what: str, done: int, total: int) -> None:
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
    DataError or StoreError before any question is asked; a component that turns out unusable on
    its way (an embedder that cannot be had) stops the run with what is answered kept.
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
    from crossover.experiments.reporting.details import write_details

    _check_installed()
    jobs = list(grid.jobs())
    with Store(folder) as store:
        if retry_failed:
            outcomes = store.outcomes()
            store.forget(j.key for j in jobs if outcomes.get(j.key, "").startswith("failed:"))
        progress = progress or Silent()
        with meter.watched(progress.working):
            execute(jobs, store, grid.seed, progress)
        answers = store.answered(job.key for job in jobs)
    records = [record(job, answers[job.key], grid.name) for job in jobs]
    results = frame(grid, records)
    write_details(jobs, records, folder)
    write_report(results, folder)
    return results


def _check_installed() -> None:
    """Raise MissingExtra before a question is paid for, not when its results cannot be written."""
    for package in ("pandas", "pyarrow", "scipy"):
        if find_spec(package) is None:
            raise MissingExtra(package, "report", "a run's report")


def execute(jobs: Sequence[Job], store: Store, seed: int, progress: Progress) -> None:
    """Answer every job that is not answered yet, model after model, each at its own concurrency.

    Datasets of a grid may overlap: jobs with one key are one question, asked once.
    """
    done = store.outcomes()
    unique = list({job.key: job for job in jobs}.values())
    progress.start(len(unique), sum(job.key in done for job in unique))
    for model, together in groupby(unique, key=lambda job: catalog.spec(job.model)):
        todo = [job for job in together if job.key not in done]
        if todo:
            threads = at_once(todo[0].model)
            _answer_all(todo, store, seed, threads, progress, f"crossover-{model}")


def _answer_all(
    jobs: Sequence[Job], store: Store, seed: int, threads: int, progress: Progress, name: str
) -> None:
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    running: dict[Future[Answer], Job] = {}
    unclaimed, held = deque(jobs), list[Job]()
    try:
        while unclaimed or running or held:
            if unclaimed and len(running) < threads + CLAIMED_TOGETHER:
                batch = [unclaimed.popleft() for _ in range(min(CLAIMED_TOGETHER, len(unclaimed)))]
                claimed = set(store.claim([job.key for job in batch]))
                held += [job for job in batch if job.key not in claimed]
                ready = (job for job in batch if job.key in claimed)
                running |= {pool.submit(_answer, job, store, seed): job for job in ready}
            elif running:
                _keep_finished(running, store, progress)
            else:
                unclaimed, held = deque(_still_open(held, store)), []
    except BaseException:
        # long reading in this process ends at once; it costs nothing to do it again
        meter.stop()
        raise
    finally:
        # on an interrupt, calls in flight are let finish and kept; nothing new is asked
        pool.shutdown(wait=True, cancel_futures=True)
        _keep({f: job for f, job in running.items() if not f.cancelled()}, store, progress)


def _keep_finished(running: dict[Future[Answer], Job], store: Store, progress: Progress) -> None:
    finished = wait(running, return_when=FIRST_COMPLETED).done
    _keep({future: running[future] for future in finished}, store, progress)
    # an interrupt before this line only means that they are kept twice
    for future in finished:
        del running[future]


def _keep(finished: Mapping[Future[Answer], Job], store: Store, progress: Progress) -> None:
    """Store finished answers in one transaction; a wrong configuration is raised after that."""
    errors = [error for future in finished if (error := future.exception())]
    wrong = next((error for error in errors if not isinstance(error, KeyboardInterrupt)), None)
    answers = {f: f.result() for f in finished if not f.exception()}
    store.save_all([(_key(finished[future]), answer) for future, answer in answers.items()])
    for answer in answers.values():
        progress.advance(answer)
    if wrong:
        raise wrong


def _still_open(held: Sequence[Job], store: Store) -> list[Job]:
    """Wait a moment for jobs that another process works on; return those not answered then."""
    time.sleep(POLL)
    done = store.outcomes()
    return [job for job in held if job.key not in done]


def _answer(job: Job, store: Store, seed: int) -> Answer:
    def keeping(model: Model) -> Model:
        return Remembering(model, store, job.key, seed, scope=repr(model))

    live = not hasattr(job.model, "prediction")
    model = Remembering(job.model, store, job.key, seed) if live else job.model
    strategy = with_models(job.strategy, keeping)
    return measured(strategy, job.example.question, model, limits=job.limits)


def _key(job: Job) -> Key:
    question, strategy, model = job.example.question, job.strategy, job.model
    return job.key, question.id, catalog.spec(strategy), catalog.spec(model)
