"""One question's way through the router, told step by step and given up when nobody waits."""

from __future__ import annotations

import logging
import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from crossover import catalog
from crossover.app.serving.figures import Figures
from crossover.app.serving.shown import FAILED
from crossover.decisions import Budget, Decision, Profile
from crossover.errors import ConfigError, LimitReached, ModelError
from crossover.pipelines._following import Following
from crossover.roles import Model, Policy, Strategy
from crossover.types import Answer, Completion, Question, Request
from crossover.wrapped import Wrapped, with_models

LOG = logging.getLogger("crossover.serving")
Tell = Callable[[str, Mapping[str, Any]], None]


def _unheard(name: str, about: Mapping[str, Any]) -> None:
    del name, about


def place_of(error: BaseException) -> str:
    """The kind of an error and where it was raised: what a log may say, unlike its message."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    return f"{type(error).__name__} at {where}"


def loaded_strategies(policy: Policy) -> dict[str, Strategy]:
    """All strategies of a policy by their texts; raises ConfigError for one that is none."""
    return {name: catalog.load(Strategy, name, dotted=False) for name in policy.strategies}


@dataclass(eq=False)
class Job(Following):
    """Follows a policy for one question; ``give_up`` keeps it from asking anything more."""

    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    deadline: float = math.inf
    tell: Tell = _unheard
    _given_up: Event = field(default_factory=Event)

    def give_up(self) -> None:
        """Nobody waits any more: the call under way ends, no other is made."""
        self._given_up.set()

    def check(self) -> None:
        """Raise LimitReached where the time is over."""
        if self._given_up.is_set() or time.monotonic() > self.deadline:
            raise LimitReached("seconds", "the server's time for this question is over")

    def asked(self, name: str, question: Question, model: Model) -> Answer:
        """One strategy's answer with its own cost, told as it comes."""
        self.tell("asked", {"strategy": name})
        answer = super().asked(name, question, model)
        self.tell("replied", {"strategy": name, "outcome": answer.outcome})
        return answer

    def tried(self, name: str, question: Question, model: Model) -> Answer:
        """Ask one strategy; whatever goes wrong in it, the others are still there."""
        try:
            self.check()
            strategy = with_models(self.strategies[name], lambda one: _Waited(one, self))
            return strategy.answer(question, _Waited(model, self))
        except ModelError as error:
            return Answer("", outcome=error.outcome)
        except ConfigError as error:
            LOG.error("strategy %s cannot be used: %s", name, place_of(error))
            return Answer("", outcome="failed:configuration")
        # a defect in one strategy must not take the server's other answers with it
        except Exception as error:
            LOG.error("strategy %s failed: %s", name, place_of(error))
            return Answer("", outcome="failed:internal")


@dataclass
class Heard(Policy):
    """The policy, each decision counted and told; one that fails is the cheapest strategy."""

    policy: Policy
    figures: Figures
    tell: Tell

    @property
    def strategies(self) -> tuple[str, ...]:
        """Those of the policy."""
        return self.policy.strategies

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Decide as the policy does, or by rote where it cannot."""
        started = time.perf_counter()
        try:
            decision = self.policy.decide(question, profile, budget, answers_so_far)
        # an answer without a decision is better than none
        except Exception as error:
            LOG.error("deciding failed: %s", place_of(error))
            self.figures.deciding_failed.inc()
            decision = _undecided(self.strategies, len(answers_so_far))
        self.figures.decided(decision, time.perf_counter() - started)
        self.tell("decided", {"decision": decision})
        return decision


def _undecided(strategies: Sequence[str], answered: int) -> Decision:
    return Decision(strategies[0], reasons=(FAILED,), keep=answered > 0)


class _Waited(Wrapped):
    """Asks the model behind it as long as somebody waits for the answer."""

    def __init__(self, model: Model, job: Job) -> None:
        super().__init__(model)
        self.job = job

    def complete(self, request: Request) -> Completion:
        self.job.check()
        return self.model.complete(request)
