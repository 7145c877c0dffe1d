"""Following a router's policy with strategies as a grid has them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from crossover import catalog, meter
from crossover.decisions import Budget
from crossover.errors import ModelError
from crossover.pipelines._rounds import saying
from crossover.roles import Model, Policy, Strategy
from crossover.router.following import Route, follow
from crossover.router.router import profile_of
from crossover.types import Answer, Question


@dataclass(eq=False)
class Following(Strategy):
    """A policy that is followed for one question; ``route`` tells the way."""

    policy: Policy
    budget: Budget | None = None
    route: Route = field(default_factory=lambda: Route(Question("", "")))

    def answer(self, question: Question, model: Model) -> Answer:
        """Decide, ask, look, and fall back; the message says whose answer stands and why."""
        self.route = Route(question, budget=self.budget or Budget())
        self.route.profile = profile_of(question, model)
        follow(self.policy, self.route, lambda name: self.asked(name, question, model))
        for step in self.route.steps():
            meter.current().note(step)
        return saying(self.route.answer, self.route.said())

    def asked(self, name: str, question: Question, model: Model) -> Answer:
        """One strategy's answer with its own cost; a failure is an answer to look at."""
        with meter.stage("routed", name), meter.part() as seen:
            answer = self.tried(name, question, model)
            # a policy weighs what is left of a budget by what the answers so far took
            return replace(answer, usage=seen.usage, seconds=seen.elapsed())

    def tried(self, name: str, question: Question, model: Model) -> Answer:
        """Ask one strategy; raises ConfigError alone."""
        strategy = catalog.load(Strategy, name, dotted=False)
        try:
            return strategy.answer(question, model)
        except ModelError as error:
            return Answer("", outcome=error.outcome, message=str(error))
