"""A run whose questions other processes answer: shared out, watched, and finished here."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from crossover import errors
from crossover.errors import ConfigError, CrossoverError
from crossover.experiments.answering import Progress, Silent, execute
from crossover.experiments.budget import Ledger
from crossover.experiments.grid import Grid, Job
from crossover.experiments.grid_file import Budget
from crossover.experiments.store import Store
from crossover.experiments.worker import task
from crossover.limits import Limits
from crossover.roles import Engine, Working
from crossover.types import Usage

# how often a run's progress is looked at, in seconds
LOOK = 0.5
WHOLE = ("calls", "tokens")


def answer_apart(
    engine: Engine,
    grid: Grid,
    jobs: Collection[Job],
    folder: Path,
    store: Store,
    progress: Progress,
) -> list[str]:
    """Have an engine's workers answer the jobs; what is left of dead ones is answered here.

    Each worker gets its share of what a budget leaves, and what they leave of it is spent here, so
    that together they never spend more. Returns the budgets reached, as ``execute`` does.
    """
    unique = {job.key: job for job in jobs}
    done = store.outcomes(unique)
    progress.start(len(unique), len(done))
    if len(done) < len(unique):
        address = grid.store if store.database.shared else ""
        shares = _share(grid.budget, unique, store, engine.parts)
        tasks = [
            task(grid.config, folder, address, part, engine.parts, shares or {})
            for part in range(engine.parts if shares is not None else 0)
        ]
        _watch(engine.start(tasks), store, unique, set(done), progress)
    return execute(jobs, store, grid.seed, Silent(), grid.budget)


def _watch(
    working: Working,
    store: Store,
    unique: Mapping[str, Job],
    seen: set[str],
    progress: Progress,
) -> None:
    try:
        going = True
        while going:
            going = working.wait(LOOK)
            new = store.answered(job for job in unique if job not in seen)
            seen |= new.keys()
            for answer in new.values():
                progress.advance(answer)
            _raise_told(working.told())
    except BaseException:
        working.stop()
        raise


def _raise_told(told: Sequence[str]) -> None:
    """Raise what a worker could not go on for: a wrong configuration, no store."""
    for line in filter(None, told):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if found:
            kind = getattr(errors, found["kind"], CrossoverError)
            plain = kind in (errors.ConfigError, errors.DataError, errors.StoreError)
            raise (kind if plain else ConfigError)(found["line"])


def _share(
    budget: Budget, unique: Mapping[str, Job], store: Store, parts: int
) -> Mapping[str, Any] | None:
    """What each worker may spend of what is left; None where that is too little to share out."""
    if not budget:
        return {}
    ledger = Ledger(budget)
    ledger.begin((unique[key], answer) for key, answer in store.answered(unique).items())
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
