"""What a run, and each strategy of it, may spend; it ends cleanly where that is reached."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock

from crossover import catalog
from crossover.errors import CrossoverError
from crossover.experiments.grid import Job
from crossover.experiments.grid_file import Budget
from crossover.limits import Limits, counted
from crossover.roles import Model
from crossover.types import Answer, Completion, Request, Usage
from crossover.wrapped import Wrapped

RUN = "the run"


class BudgetReached(CrossoverError):
    """The next call would exceed what a run or a strategy may spend."""


@dataclass
class _Account:
    """What one run or strategy has spent, and has reserved for calls under way."""

    name: str
    limits: Limits
    usage: Usage = Usage()
    reached: str = ""
    _started: float = field(default_factory=time.monotonic)

    def check(self, more: Usage) -> None:
        """Raise BudgetReached where this would be too much."""
        taken = self.usage + more
        tokens = (taken.input_tokens or 0) + (taken.output_tokens or 0)
        seconds = time.monotonic() - self._started
        for what, needed, limit in (
            ("calls", taken.calls, self.limits.calls),
            ("tokens", tokens, self.limits.tokens),
            ("dollars", taken.dollars or 0.0, self.limits.dollars),
            ("seconds", seconds, self.limits.seconds),
        ):
            if limit is not None and needed > limit * (1 + 1e-12):
                self.reached = f"{self.name}: its budget of {limit:,} {what} is spent"
                raise BudgetReached(self.reached)


class Ledger:
    """Books what the jobs of a run cost, call by call and then as their answers say."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._accounts: dict[str, _Account] = {}
        self._open: defaultdict[str, Usage] = defaultdict(Usage)
        self._indexed: set[Hashable] = set()
        self._lock = Lock()

    def begin(self, answered: Iterable[tuple[Job, Answer]]) -> None:
        """Book what earlier sittings have spent."""
        for job, answer in answered:
            self._book(job, self._whole(job, answer))

    def reached(self, job: Job) -> str:
        """Why a job is not to be begun; empty where there is money left."""
        with self._lock:
            return next((a.reached for a in self._of(job) if a.reached), "")

    def reasons(self) -> list[str]:
        """The budgets that were reached, one line each."""
        with self._lock:
            return [account.reached for account in self._accounts.values() if account.reached]

    def spent(self) -> tuple[Usage, Usage]:
        """What the run has spent, and the most of each unit that any strategy has."""
        with self._lock:
            accounts = dict(self._accounts)
        run = accounts.pop(RUN).usage if RUN in accounts else Usage()
        each = [one.usage for one in accounts.values()] or [Usage()]
        tokens = max((one.input_tokens or 0) + (one.output_tokens or 0) for one in each)
        most = Usage(tokens, calls=max(one.calls for one in each))
        return run, replace(most, dollars=max(one.dollars or 0.0 for one in each))

    def reserve(self, job: Job, prompt: Usage) -> None:
        """Book a call that is about to be made; raises BudgetReached where it may not be."""
        with self._lock:
            for account in self._of(job):
                account.check(prompt)
            self._add(job, prompt)

    def settle(self, job: Job, prompt: Usage, used: Usage) -> None:
        """Book what a call took instead of what was reserved for it."""
        with self._lock:
            self._add(job, _less(used, prompt))

    def finish(self, job: Job, answer: Answer) -> None:
        """Book an answer's whole cost instead of its calls'."""
        with self._lock:
            self._add(job, _less(self._whole(job, answer), self._open.pop(job.key, Usage())))
            self._open.pop(job.key, None)

    def _book(self, job: Job, usage: Usage) -> None:
        for account in self._of(job):
            account.usage += usage

    def _add(self, job: Job, usage: Usage) -> None:
        self._open[job.key] += usage
        self._book(job, usage)

    def _whole(self, job: Job, answer: Answer) -> Usage:
        """An answer with its index, which counts once for a strategy's questions on a document."""
        place = (catalog.spec(job.strategy), catalog.spec(job.model), job.example.group)
        first = place not in self._indexed
        self._indexed.add(place)
        return known(answer.usage) + (known(answer.indexing) if first else Usage())

    def _of(self, job: Job) -> list[_Account]:
        names = {RUN: self.budget.run, catalog.spec(job.strategy): self.budget.strategy}
        return [
            self._accounts.setdefault(name, _Account(name, limits))
            for name, limits in names.items()
            if limits
        ]


class Budgeted(Wrapped):
    """Asks the model behind it as long as the budget of its job's run and strategy lasts."""

    def __init__(self, model: Model, job: Job, ledger: Ledger) -> None:
        super().__init__(model)
        self.job, self.ledger = job, ledger

    def complete(self, request: Request) -> Completion:
        """Answer one request, or raise BudgetReached before it is sent."""
        budget = self.ledger.budget
        prompt = counted(self.model, request, budget.run, budget.strategy)
        self.ledger.reserve(self.job, prompt)
        used = Usage(calls=1)
        try:
            completion = self.model.complete(request)
            used = known(completion.usage)
        finally:
            self.ledger.settle(self.job, prompt, used)
        return completion


def known(usage: Usage) -> Usage:
    """What is known of a cost; what a provider does not say counts as nothing."""
    return Usage(
        usage.input_tokens or 0,
        usage.output_tokens or 0,
        calls=usage.calls,
        dollars=usage.dollars or 0.0,
    )


def _less(usage: Usage, other: Usage) -> Usage:
    """A difference of two known costs."""
    one, two = known(usage), known(other)
    return Usage(
        (one.input_tokens or 0) - (two.input_tokens or 0),
        (one.output_tokens or 0) - (two.output_tokens or 0),
        calls=one.calls - two.calls,
        dollars=(one.dollars or 0.0) - (two.dollars or 0.0),
    )
