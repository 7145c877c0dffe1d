"""A router whose every decision is logged; its answers are those of the router alone."""

from __future__ import annotations

import copy
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crossover import catalog
from crossover.decisions import Budget, Decision, Expected, Profile
from crossover.roles import Policy
from crossover.router.bound import Bound
from crossover.router.router import NOTHING, Router
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.record import Followed, row_of
from crossover.types import Answer, Question, Step, Usage

LOG = logging.getLogger("crossover.watching")


@dataclass(frozen=True, slots=True)
class Given:
    """An answer and the id under which it is graded."""

    answer: Answer
    id: str


@dataclass(eq=False)
class Noting(Policy):
    """A policy that remembers, for one question, what it was asked and what it decided."""

    policy: Policy
    question: Question | None = None
    profile: Profile = field(default_factory=Profile)
    decisions: list[Decision] = field(default_factory=list)
    first: Answer | None = None
    budget: Budget = NOTHING

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
        """Decide as the policy does."""
        self.question, self.profile, self.budget = question, profile, budget
        self.first = answers_so_far[0] if answers_so_far else None
        decision = self.policy.decide(question, profile, budget, answers_so_far)
        self.decisions.append(decision)
        return decision

    def followed(self, answer: Answer) -> Followed | None:
        """What there is to log; None where nothing was decided and nothing asked."""
        passes = passes_of(answer.trace)
        if self.question is None or not (passes or self.decisions):
            return None
        # alone and unseen by the policy: the first answer is the one that stands
        first = self.first or (answer if len(passes) <= 1 else None)
        if passes and passes[0][0] != self.strategies[0]:
            first = None
        return Followed(self.question, self.profile, self.decisions, passes, answer, first)


class Watched:
    """A router, or one bound to an app's chains, with a log of what it decides.

    ``ask`` and ``answer`` take what ``answer`` of the router takes, and an ``id`` of the app's own
    choosing; the log never fails or delays an answer.
    """

    def __init__(self, router: Router | Bound, log: DecisionLog) -> None:
        self.router, self.log = router, log
        self.name = router_name(_router(router))

    def answer(self, question: str | Question, *given: Any, id: str = "", **options: Any) -> Answer:
        """The router's answer, logged."""
        return self.ask(question, *given, id=id, **options).answer

    def ask(self, question: str | Question, *given: Any, id: str = "", **options: Any) -> Given:
        """The same with the id that ``log.feedback`` takes."""
        noting = Noting(_router(self.router).policy)
        answer = following(self.router, noting).answer(question, *given, **options)
        return self._noted(noting, answer, id)

    async def answer_async(
        self, question: str | Question, *given: Any, id: str = "", **options: Any
    ) -> Answer:
        """``answer`` without blocking the event loop."""
        return (await self.ask_async(question, *given, id=id, **options)).answer

    async def ask_async(
        self, question: str | Question, *given: Any, id: str = "", **options: Any
    ) -> Given:
        """``ask`` without blocking the event loop."""
        noting = Noting(_router(self.router).policy)
        answer = await following(self.router, noting).answer_async(question, *given, **options)
        return self._noted(noting, answer, id)

    def _noted(self, noting: Noting, answer: Answer, id: str) -> Given:
        made = id or uuid.uuid4().hex
        try:
            if seen := noting.followed(answer):
                self.note(seen, made, noting.budget)
        # the answer is there: no defect in watching may take it away
        except Exception as error:
            LOG.error("a decision was not logged: %s", type(error).__name__)
        return Given(answer, made)

    def note(self, seen: Followed, id: str, budget: Budget = NOTHING) -> None:
        """Log what was followed, here or elsewhere, as in a server."""
        now, texts = time.time(), self.log.texts
        self.log.note("decisions", lambda: row_of(id, now, self.name, seen, texts=texts))


def following(router: Router | Bound, policy: Policy) -> Router | Bound:
    """The same router under another policy."""
    if isinstance(router, Bound):
        bound = copy.copy(router)
        bound.router = Router(policy)
        return bound
    return Router(policy)


def router_name(router: Router) -> str:
    """What the log knows a router by: its file's digest, else its policy's text."""
    artefact = router.artefact
    return artefact.digest[:12] if artefact else catalog.spec(router.policy)


def passes_of(trace: Sequence[Step]) -> list[tuple[str, Expected]]:
    """Who was asked, in order, and what each cost, from an answer's trace."""
    found = []
    for at, step in enumerate(trace):
        if step.name == "routed" and step.parent is None:
            usage = _usage(trace, at)
            known = usage.input_tokens is not None and usage.output_tokens is not None
            tokens = (usage.input_tokens or 0) + (usage.output_tokens or 0) if known else None
            found.append((step.detail, Expected(None, tokens, usage.dollars, step.seconds)))
    return found


def _usage(trace: Sequence[Step], top: int) -> Usage:
    """What a step and all that is part of it cost."""
    inside, total = {top}, trace[top].usage or Usage()
    for at, step in enumerate(trace):
        if step.parent in inside and at not in inside:
            inside.add(at)
            total = total + (step.usage or Usage())
    return total


def _router(router: Router | Bound) -> Router:
    return router.router if isinstance(router, Bound) else router
