"""The router as an app holds it: load it, ask it, or let it only decide."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover import catalog
from crossover.decisions import Budget, Decision, Profile
from crossover.errors import ConfigError
from crossover.roles import Model, Policy, Strategy
from crossover.router.features.documents import estimated_tokens
from crossover.router.following import Followed
from crossover.router.policies.learned import Learned
from crossover.types import Answer, Document, Question

if TYPE_CHECKING:
    from crossover.router.artefact import Artefact
    from crossover.router.bound import Bound
    from crossover.router.llama_index import RouterSelector

NOTHING = Budget()


class Router:
    """Chooses, for each question, the cheapest strategy that is good enough.

    ``Router.load("router.json").answer(question, documents, model="openai:gpt-4o")`` asks the
    strategies itself; ``bind`` takes an app's own chains; ``decide`` only says which. Without an
    artefact it follows any policy: ``Router(Rules(tokens=8000))``. Safe to share between threads.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    @classmethod
    def load(cls, path: str | Path) -> Router:
        """Read a router that ``save`` or ``crossover router fit`` wrote; raises DataError."""
        from crossover.router.artefact import Artefact

        return cls(Learned.of(Artefact.load(Path(path))))

    @classmethod
    def fit(cls, frame: Any, **options: Any) -> Router:
        """Learn from the result frame of one run or several; see ``experiments.routing.fit``."""
        # it reads results, and whatever reads results comes after what a grid runs
        fitting = import_module("crossover.experiments.routing.fitting")
        return cls(Learned.of(fitting.fit(frame, **options)))

    @property
    def artefact(self) -> Artefact | None:
        """What was learned; None for a policy without."""
        return getattr(self.policy, "artefact", None)

    @property
    def strategies(self) -> tuple[str, ...]:
        """What it chooses from, as texts, the cheapest first."""
        return self.policy.strategies

    def save(self, path: str | Path) -> Path:
        """Write the artefact as JSON; raises ConfigError for a policy that has none."""
        if self.artefact is None:
            raise ConfigError("only a learned router is saved; a policy is its text")
        return self.artefact.save(Path(path))

    def at(self, objective: object) -> Router:
        """The same router for another objective, without fitting anew; see ``Objective``."""
        if self.artefact is None:
            return self
        return Router(Learned.of(self.artefact.at(objective)))

    def decide(
        self,
        question: str | Question,
        profile: Profile | None = None,
        budget: Budget | None = None,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Say which strategy is asked next, or that the last answer stands."""
        asked = Question("", question) if isinstance(question, str) else question
        return self.policy.decide(
            asked, profile or profile_of(asked), budget or NOTHING, answers_so_far
        )

    def route(
        self,
        question: str | Question,
        documents: Sequence[str | Document] = (),
        *,
        model: str | Model | None = None,
        budget: Budget | None = None,
    ) -> Followed:
        """Answer, and tell the way there."""
        # strategies come after routers: they may be routed themselves
        way = import_module("crossover.pipelines._following").Following(self.policy, budget)
        measured = import_module("crossover.measure").measured
        asked = question_of(question, documents)
        answer = measured(way, asked, catalog.load(Model, model or self._own_model()))
        return Followed(answer, way.route)

    async def route_async(
        self,
        question: str | Question,
        documents: Sequence[str | Document] = (),
        *,
        model: str | Model | None = None,
        budget: Budget | None = None,
    ) -> Followed:
        """The same without blocking the event loop."""
        context, loop = copy_context(), asyncio.get_running_loop()
        work = partial(self.route, question, documents, model=model, budget=budget)
        return await loop.run_in_executor(None, partial(context.run, work))

    def answer(
        self,
        question: str | Question,
        documents: Sequence[str | Document] = (),
        *,
        model: str | Model | None = None,
        budget: Budget | None = None,
    ) -> Answer:
        """Answer by the strategy that fits; every pass is in the answer's usage and trace.

        A router over models (``with_model``) needs no ``model``; any other does. Raises ConfigError
        for a wrong configuration; every other failure is the outcome.
        """
        return self.route(question, documents, model=model, budget=budget).answer

    async def answer_async(
        self,
        question: str | Question,
        documents: Sequence[str | Document] = (),
        *,
        model: str | Model | None = None,
        budget: Budget | None = None,
    ) -> Answer:
        """The same without blocking the event loop."""
        return (await self.route_async(question, documents, model=model, budget=budget)).answer

    def _own_model(self) -> Model:
        """That of the cheapest strategy, where every strategy has its own."""
        with_model = import_module("crossover.pipelines.with_model").WithModel
        found = [catalog.load(Strategy, name, dotted=False) for name in self.strategies]
        models = [one.model for one in found if isinstance(one, with_model) and one.model]
        if len(models) < len(found):
            raise ConfigError("name the model that answers: model='openai:gpt-4o-mini'")
        own: Model = models[0]
        return own

    def bind(self, *, passages: Any = None, profile: Profile | None = None, **chains: Any) -> Bound:
        """Join an app's own chains, each named as the strategy that it stands for.

        ``router.bind(rag=my_chain, full_context=my_other_chain)``: callables, LangChain Runnables
        or LlamaIndex query engines; ``passages`` is a retriever, ``profile`` what holds for every
        question. Raises ConfigError for a name that is none of its strategies'.
        """
        from crossover.router.bound import Bound

        return Bound(self, chains, passages=passages, profile=profile)

    def as_selector(self) -> RouterSelector:
        """A selector for LlamaIndex's RouterQueryEngine; raises ConfigError for a cascade."""
        from crossover.router.llama_index import RouterSelector

        return RouterSelector(self)


def question_of(question: str | Question, documents: Sequence[str | Document]) -> Question:
    """A question over documents; texts become documents named by their place."""
    given = tuple(
        Document(f"document {at}", one) if isinstance(one, str) else one
        for at, one in enumerate(documents, 1)
    )
    if isinstance(question, str):
        return Question("", question, given)
    return dataclasses.replace(question, documents=given) if given else question


def profile_of(question: Question, model: Model | None = None) -> Profile:
    """What a question's own documents and its model tell."""
    documents = question.documents
    held = int(sum(map(estimated_tokens, documents))) if documents else None
    named = catalog.spec(model) if model is not None else ""
    window = getattr(model, "window", None)
    return Profile(held, len(documents) or None, window, named)


def by_name(strategies: Sequence[str]) -> Mapping[str, str]:
    """Each strategy by its text, and by its name alone where only one has it."""
    short: dict[str, list[str]] = {}
    for text in strategies:
        short.setdefault(text.partition("(")[0], []).append(text)
    return {text: text for text in strategies} | {
        name: texts[0] for name, texts in short.items() if len(texts) == 1
    }
