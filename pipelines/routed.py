"""Another strategy for each question, as a router decides."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from annotated_types import Gt

from crossover import meter
from crossover.decisions import Budget
from crossover.errors import ConfigError
from crossover.pipelines._following import Following
from crossover.roles import Model, Policy, Strategy
from crossover.router.policies.rules import Rules
from crossover.router.router import Router
from crossover.types import Answer, Question

Limit = Annotated[float, Gt(0)] | None


@dataclass(frozen=True, slots=True)
class Routed(Strategy):
    """Follow a router: ask the strategy that it names, show it the answer, escalate or keep.

    ``router`` is a file that ``crossover router fit`` wrote, else the ``policy`` is followed. Every
    pass is billed. Where no answer is usable the other strategies are asked. A dry run counts the
    first strategy and the dearest. ``tokens``, ``dollars`` and ``seconds`` bound what is chosen, by
    what it is expected to cost.
    """

    router: str = field(default="", metadata={"help": "a router file", "path": "file"})
    policy: Policy = field(
        default=Rules(), metadata={"help": "what is followed without a file, as self_route"}
    )
    tokens: Limit = field(default=None, metadata={"help": "most tokens of a question"})
    dollars: Limit = field(default=None, metadata={"help": "most dollars of a question"})
    seconds: Limit = field(default=None, metadata={"help": "most seconds of a question"})

    def __post_init__(self) -> None:
        if self.router and self.policy != Rules():
            raise ConfigError("routed takes a router's file or a policy, not both")

    @property
    def version(self) -> str:
        """The version of the strategy and the content of its file."""
        artefact = getattr(self._followed(), "artefact", None)
        return f"1.{artefact.digest[:12]}" if artefact else "1"

    def answer(self, question: Question, model: Model) -> Answer:
        """Follow the policy; the message says whose answer stands and why."""
        limits = Budget(self.tokens, self.dollars, self.seconds)
        way = Following(self._followed(), limits)
        if meter.current().planning:
            return _planned(way, question, model)
        return way.answer(question, model)

    def _followed(self) -> Policy:
        return _loaded(self.router, _changed(self.router)) if self.router else self.policy


def _planned(way: Following, question: Question, model: Model) -> Answer:
    ends = dict.fromkeys((way.policy.strategies[0], way.policy.strategies[-1]))
    answers = [way.asked(name, question, model) for name in ends]
    return replace(answers[-1], message="")


def _changed(path: str) -> int:
    try:
        return Path(path).expanduser().stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _loaded(path: str, changed: int) -> Policy:
    """Read a router's file once, and again where it has ``changed``."""
    del changed
    return Router.load(Path(path).expanduser()).policy
