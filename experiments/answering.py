"""Answering a run's questions: claimed, asked side by side, and kept as they come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, groupby, islice
from queue import SimpleQueue
from typing import NamedTuple, Protocol

from crossover import catalog, meter
from crossover.experiments.budget import Budgeted, BudgetReached, Ledger
from crossover.experiments.grid import Job
from crossover.experiments.grid_file import Budget
from crossover.experiments.pacing import SharedDiary
from crossover.experiments.questions import KEPT
from crossover.experiments.remembering import Remembering
from crossover.experiments.store import Key, Store
from crossover.measure import measured
from crossover.models._pace import shared
from crossover.roles import Model
from crossover.types import Answer
from crossover.wrapped import at_once, with_models

# how often a job that another process holds is looked at again, in seconds
POLL = 0.5
# jobs claimed in one transaction: fewer cost time, more make other processes wait at the end
CLAIMED_TOGETHER = 64
# jobs that wait for a thread of this process
AHEAD = 16
FREE = Budget()


class Part(NamedTuple):
    """Which one of how many workers asks."""

    number: int
    of: int


WHOLE = Part(0, 1)


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


def execute(
    jobs: Collection[Job],
    store: Store,
    seed: int,
    progress: Progress,
    budget: Budget = FREE,
    part: Part = WHOLE,
) -> list[str]:
    """Answer every job that is not answered yet, model after model, each at its own concurrency.

    Datasets of a grid may overlap: jobs with one key are one question, asked once. A ``part`` of
    several begins elsewhere than the others and asks with its share of the threads; its budget is
    its own. Returns why questions were left unasked, a line for each budget that was reached.
    """
    crew = _Crew(store, seed, progress, Ledger(budget), part.of)
    total = stored = 0
    for some in stretches(jobs):
        done = store.outcomes(some)
        total, stored = total + len(some), stored + len(done)
        if budget and part.of == 1:
            crew.ledger.begin((some[key], one) for key, one in store.answered(done).items())
    progress.start(total, stored)
    with shared(SharedDiary(store.database)):
        for some in stretches(_beginning_at(len(jobs) * part.number // part.of, jobs)):
            done = store.outcomes(some)
            crew.answer(todo for todo in some.values() if todo.key not in done)
    return crew.ledger.reasons()


def stretches(jobs: Iterable[Job]) -> Iterator[dict[str, Job]]:
    """Jobs by their keys, so many at once as may be kept in memory."""
    left = iter(jobs)
    while some := {job.key: job for job in islice(left, KEPT)}:
        yield some


def _beginning_at(place: int, jobs: Iterable[Job]) -> Iterator[Job]:
    return chain(islice(jobs, place, None), islice(jobs, place))


class _Crew:
    """Threads that answer jobs, and what they share."""

    def __init__(
        self, store: Store, seed: int, progress: Progress, ledger: Ledger, parts: int = 1
    ) -> None:
        self.store, self.seed, self.progress, self.ledger = store, seed, progress, ledger
        self._parts = parts
        self._running: dict[Future[Answer], Job] = {}
        self._finished: SimpleQueue[Future[Answer]] = SimpleQueue()

    def answer(self, jobs: Iterable[Job]) -> None:
        """Answer jobs model after model."""
        for model, together in groupby(jobs, key=lambda job: catalog.spec(job.model)):
            todo = list(together)
            threads = -(-at_once(todo[0].model) // self._parts)
            self._answer_all(todo, threads, f"crossover-{model}")

    def _answer_all(self, jobs: Sequence[Job], threads: int, name: str) -> None:
        """Answer jobs in threads; those that another process holds are waited for."""
        pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._finished = SimpleQueue()
        unclaimed, held = deque(_by_documents(jobs)), list[Job]()
        try:
            while unclaimed or self._running or held:
                if unclaimed and len(self._running) < threads + AHEAD:
                    held += self._begin(unclaimed.popleft(), pool)
                elif self._running:
                    self._keep_finished()
                else:
                    unclaimed, held = deque(_by_documents(self._still_open(held))), []
        except BaseException:
            # long reading in this process ends at once; it costs nothing to do it again
            meter.stop()
            raise
        finally:
            # on an interrupt, calls in flight are let finish and kept; nothing new is asked
            pool.shutdown(wait=True, cancel_futures=True)
            self._keep({f: job for f, job in self._running.items() if not f.cancelled()})
            self._running.clear()

    def _begin(self, together: Sequence[Job], pool: ThreadPoolExecutor) -> list[Job]:
        """Claim jobs and begin with them; returns those that another process holds."""
        affordable = [job for job in together if not self.ledger.reached(job)]
        claimed = set(self.store.claim([job.key for job in affordable])) if affordable else set()
        mine = [job for job in affordable if job.key in claimed]
        for job in mine:
            self._running[future := pool.submit(self._answer, job)] = job
            # to wait for the first of many futures would look at each of them every time
            future.add_done_callback(self._finished.put)
        return [job for job in affordable if job.key not in claimed]

    def _keep_finished(self) -> None:
        finished = [self._finished.get()]
        while not self._finished.empty():
            finished.append(self._finished.get())
        self._keep({future: self._running[future] for future in finished})
        # an interrupt before this line only means that they are kept twice
        for future in finished:
            del self._running[future]

    def _keep(self, finished: Mapping[Future[Answer], Job]) -> None:
        """Store finished answers in one transaction; a wrong configuration is raised after that."""
        errors = {future: error for future in finished if (error := future.exception())}
        answers = {f: f.result() for f in finished if f not in errors}
        self.store.save_all([(_key(finished[f]), answer) for f, answer in answers.items()])
        for future, answer in answers.items():
            self.ledger.finish(finished[future], answer)
            self.progress.advance(answer)
        unpaid = [f for f, error in errors.items() if isinstance(error, BudgetReached)]
        if unpaid:
            self.store.release([finished[future].key for future in unpaid])
        ended = (BudgetReached, KeyboardInterrupt)
        wrong = next((error for error in errors.values() if not isinstance(error, ended)), None)
        if wrong:
            raise wrong

    def _still_open(self, held: Sequence[Job]) -> list[Job]:
        """Wait a moment for jobs that another process works on; return those not answered then."""
        time.sleep(POLL)
        done = self.store.outcomes(job.key for job in held)
        return [job for job in held if job.key not in done]

    def _answer(self, job: Job) -> Answer:
        def kept(model: Model, scope: str = "") -> Model:
            remembering = Remembering(model, self.store, job.key, self.seed, scope)
            return Budgeted(remembering, job, self.ledger) if self.ledger.budget else remembering

        live = not hasattr(job.model, "prediction")
        model = kept(job.model) if live else job.model
        strategy = with_models(job.strategy, lambda one: kept(one, repr(one)))
        return measured(strategy, job.example.question, model, limits=job.limits)


def _by_documents(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Jobs on the same documents, which one process should have: it has their index."""
    for _, together in groupby(jobs, key=lambda job: (job.source.name, job.example.group)):
        rest = list(together)
        while rest:
            yield rest[:CLAIMED_TOGETHER]
            rest = rest[CLAIMED_TOGETHER:]


def _key(job: Job) -> Key:
    question, strategy, model = job.example.question, job.strategy, job.model
    return job.key, question.id, catalog.spec(strategy), catalog.spec(model)
