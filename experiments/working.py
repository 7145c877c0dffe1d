"""A run whose questions other processes answer: shared out, watched, and finished here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

from crossover import errors
from crossover.errors import ConfigError, CrossoverError, StoreError
from crossover.experiments.answering import Part, Progress, Silent, execute, stretches
from crossover.experiments.budget import Ledger
from crossover.experiments.grid import Grid, Job
from crossover.experiments.grid_file import Budget
from crossover.experiments.store import Store
from crossover.experiments.worker import task
from crossover.limits import Limits
from crossover.roles import Engine, Working
from crossover.types import Usage
from crossover.wrapped import at_once

# how often a run's progress is looked at, in seconds
LOOK = 0.5
WHOLE = ("calls", "tokens")
TROUBLE = "a worker process could not help, the others answered its questions"


class Ended(NamedTuple):
    """How answering ended: the budgets that were reached, and what kept a worker from its work."""

    reached: Sequence[str]
    troubles: Sequence[str] = ()


def answer_apart(
    engine: Engine,
    grid: Grid,
    jobs: Collection[Job],
    folder: Path,
    store: Store,
    progress: Progress,
) -> Ended:
    """Have an engine's workers answer the jobs; what is left of dead ones is answered here.

    Each worker gets its share of what a budget leaves, and what they leave of it is spent here, so
    that together they never spend more.
    """
    most = max(at_once(model) for model in grid.models)
    total, unseen = 0, set[str]()
    for some in stretches(jobs) if engine.parts(len(jobs), most) > 1 else ():
        total += len(some)
        unseen |= some.keys() - store.outcomes(some).keys()
    parts = engine.parts(len(unseen), most)
    shares = _share(grid.budget, jobs, store, parts) if unseen and parts > 1 else None
    if shares is None:
        return Ended(execute(jobs, store, grid.seed, progress, grid.budget))
    progress.start(total, total - len(unseen))
    address = grid.store if store.database.shared else ""
    tasks = [
        task(grid.config, folder, address, part, parts, shares)
        for part in range(int(engine.here), parts)
    ]
    watch = _Watch(engine.start(tasks), store, unseen, progress)
    if engine.here:
        with watch.beside():
            share = Part(0, parts)
            execute(jobs, store, grid.seed, Silent(), Budget(**shares), share)
    else:
        watch.until_done()
    reached = execute(jobs, store, grid.seed, Silent(), grid.budget)
    return Ended(reached, [f"{TROUBLE}: {line}" for line in dict.fromkeys(watch.troubles)])


class _Watch:
    """Tells how far workers have come, and what one of them could not go on for."""

    def __init__(
        self, working: Working, store: Store, unseen: set[str], progress: Progress
    ) -> None:
        self._working, self._store = working, store
        self._unseen, self._progress = unseen, progress
        self._ended = Event()
        self.troubles: list[str] = []

    def until_done(self) -> None:
        """Look on until all workers have ended; raises what ended one of them."""
        try:
            while self._working.wait(LOOK):
                self._look()
                _raise_told(self._working.told())
            self._look()
            _raise_told(self._working.told())
        except BaseException:
            self._working.stop()
            raise

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Look on while this process works, too; what a worker cannot do is done here."""
        looking = Thread(target=self._look_on, name="crossover-watch", daemon=True)
        looking.start()
        try:
            yield
            while self._working.wait(LOOK):
                pass
        except BaseException:
            self._working.stop()
            raise
        finally:
            self._ended.set()
            looking.join()
            self.troubles = [line for _, line in _told(self._working.told())]
        self._look()

    def _look_on(self) -> None:
        while not self._ended.wait(LOOK):
            # a store that is away for a moment only makes the display wait
            with suppress(StoreError):
                self._look()

    def _look(self) -> None:
        new = self._store.answered(self._unseen)
        self._unseen -= new.keys()
        for answer in new.values():
            self._progress.advance(answer)


def _told(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What workers could not go on for: the error's kind and its line."""
    for line in filter(None, lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if found:
            yield found["kind"], found["line"]


def _raise_told(lines: Sequence[str]) -> None:
    """Raise what a worker could not go on for: a wrong configuration, no store."""
    for name, line in _told(lines):
        kind = getattr(errors, name, CrossoverError)
        plain = kind in (errors.ConfigError, errors.DataError, errors.StoreError)
        raise (kind if plain else ConfigError)(line)


def _share(
    budget: Budget, jobs: Collection[Job], store: Store, parts: int
) -> Mapping[str, Any] | None:
    """What each worker may spend of what is left; None where that is too little to share out."""
    if not budget:
        return {}
    ledger = Ledger(budget)
    for some in stretches(jobs):
        ledger.begin((some[key], answer) for key, answer in store.answered(some).items())
    spent, most = ledger.spent()
    shares = {"run": _parted(budget.run, spent, parts)}
    shares["strategy"] = _parted(budget.strategy, most, parts)
    whole = [value for share in shares.values() for value in share.values()]
    return shares if all(value > 0 for value in whole) else None


def _parted(limits: Limits, spent: Usage, parts: int) -> Mapping[str, float]:
    taken = {
        "calls": spent.calls,
        "tokens": (spent.input_tokens or 0) + (spent.output_tokens or 0),
        "dollars": spent.dollars or 0.0,
    }
    found: dict[str, float] = {}
    for name, used in taken.items():
        if (most := getattr(limits, name)) is not None:
            left = most - used
            found[name] = left // parts if name in WHOLE else left / parts
    return found | ({} if limits.seconds is None else {"seconds": limits.seconds})
