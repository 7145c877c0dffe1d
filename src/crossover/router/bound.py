"""A router over an app's own chains: it decides, asks them, and falls back where one fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Literal

from crossover import meter
from crossover.decisions import Budget, Decision, Profile
from crossover.errors import ConfigError, ModelError, UnknownName
from crossover.models._failures import shortened
from crossover.outside import FINDING, asked, asked_async, hits_of, method_of, unplaced
from crossover.retrievers._imported import kind
from crossover.router.chains import Chain, Exchange, exchanging
from crossover.router.following import Followed, Route, follow, follow_async
from crossover.router.router import NOTHING, Router, by_name
from crossover.types import Answer, Passage, Question, Step

if TYPE_CHECKING:
    from crossover.router.langchain import RoutedRunnable
    from crossover.router.llama_index import RoutedQueryEngine

__all__ = ["Bound", "Chain", "Followed"]


class Bound:
    """A router whose strategies are an app's chains; made by ``Router.bind``.

    A chain is a callable, a LangChain Runnable, a LlamaIndex query engine or a ``Chain`` around
    one, named by its strategy's text or short name; every strategy has one. ``passages`` finds
    what the policy looks at, and what the chains that take passages share: a callable or a
    retriever of either library. ``profile`` holds what is the same for every question. Safe to
    share between threads where the chains are.
    """

    def __init__(
        self,
        router: Router,
        chains: Mapping[str, Any],
        *,
        passages: Any = None,
        profile: Profile | None = None,
    ) -> None:
        self.router = router
        self._find = passages
        self._profile = profile or Profile()
        self._chains = _matched(router.strategies, chains)
        if self._find is not None and method_of(self._find, FINDING) is None:
            raise ConfigError(f"bind: {kind(self._find)} finds no passages; give a callable")
        if not isinstance(self._profile, Profile):
            raise ConfigError(f"bind: profile is {kind(self._profile)}; give a Profile")

    @property
    def strategies(self) -> tuple[str, ...]:
        """What it chooses from, the cheapest first."""
        return self.router.strategies

    def decide(
        self,
        question: str | Question,
        profile: Profile | None = None,
        budget: Budget | None = None,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Say which chain is asked next, or that the last answer stands; nothing is asked."""
        given = _question(question)
        known, _ = self._known(given, profile)
        return self.router.decide(given, known, budget, answers_so_far)

    def route(
        self,
        question: str | Question,
        *,
        profile: Profile | None = None,
        budget: Budget | None = None,
    ) -> Followed:
        """Answer, and tell the way there."""
        given, replies = _question(question), dict[str, object]()
        with meter.metered() as bill:
            known, found = self._known(given, profile)

            def ask(name: str) -> Answer:
                with _exchanged(name, given, found, replies) as exchange:
                    self._usable(name, found).ask(exchange)
                return exchange.answer

            route = Route(given, known, budget or NOTHING)
            follow(self.router.policy, route, ask)
            return Followed(_measured(route, bill), route, replies)

    async def route_async(
        self,
        question: str | Question,
        *,
        profile: Profile | None = None,
        budget: Budget | None = None,
    ) -> Followed:
        """The same without blocking the event loop."""
        given, replies = _question(question), dict[str, object]()
        with meter.metered() as bill:
            known, found = await self._known_async(given, profile)

            async def ask(name: str) -> Answer:
                with _exchanged(name, given, found, replies) as exchange:
                    await self._usable(name, found).ask_async(exchange)
                return exchange.answer

            route = Route(given, known, budget or NOTHING)
            await follow_async(self.router.policy, route, ask)
            return Followed(_measured(route, bill), route, replies)

    def answer(
        self,
        question: str | Question,
        *,
        profile: Profile | None = None,
        budget: Budget | None = None,
    ) -> Answer:
        """Answer by the chain that fits, with the cost of every pass.

        Raises ConfigError for a wrong configuration; every other failure is the outcome, and
        where a chain fails the others are asked. The message says who answered and what failed.
        """
        return self.route(question, profile=profile, budget=budget).answer

    async def answer_async(
        self,
        question: str | Question,
        *,
        profile: Profile | None = None,
        budget: Budget | None = None,
    ) -> Answer:
        """The same without blocking the event loop."""
        return (await self.route_async(question, profile=profile, budget=budget)).answer

    def invoke(self, question: str | Question) -> Answer:
        """``answer`` as apps are asked: ``external(target=…)`` measures a bound router so."""
        return self.answer(question)

    __call__ = invoke

    async def ainvoke(self, question: str | Question) -> Answer:
        """``answer_async`` as apps are asked."""
        return await self.answer_async(question)

    def as_langchain(self, output: Literal["text", "answer"] = "text") -> RoutedRunnable:
        """A LangChain Runnable: the answer's text, or the whole ``Answer``."""
        from crossover.router.langchain import RoutedRunnable

        return RoutedRunnable(self, output)

    def as_llama_index(self) -> RoutedQueryEngine:
        """A LlamaIndex query engine; raises MissingExtra where LlamaIndex is not installed."""
        from crossover.router.llama_index import RoutedQueryEngine

        return RoutedQueryEngine(self)

    def _known(self, question: Question, given: Profile | None) -> tuple[Profile, object]:
        """The profile, and the passages as the app has them."""
        profile = merged(self._profile, given)
        if self._find is None or profile.passages:
            return profile, list(profile.passages) or None
        with _finding():
            found = asked(self._find, FINDING, question.text)
            return replace(profile, passages=passages_of(found)), found
        return profile, None

    async def _known_async(
        self, question: Question, given: Profile | None
    ) -> tuple[Profile, object]:
        profile = merged(self._profile, given)
        if self._find is None or profile.passages:
            return profile, list(profile.passages) or None
        with _finding():
            found = await asked_async(self._find, FINDING, question.text)
            return replace(profile, passages=passages_of(found)), found
        return profile, None

    def _usable(self, name: str, found: object) -> Chain:
        if found is None and self._chains[name].wants_passages:
            raise ModelError("it takes passages, and there are none: the retrieval failed")
        return self._chains[name]


def _matched(strategies: Sequence[str], chains: Mapping[str, Any]) -> dict[str, Chain]:
    """Each strategy's chain; raises ConfigError for a name too many or too few."""
    names, matched = by_name(strategies), dict[str, Chain]()
    for name, app in chains.items():
        if name not in names:
            raise UnknownName(name, "what this router chooses between", names)
        if names[name] in matched:
            raise ConfigError(f"bind: {names[name]} is bound twice")
        matched[names[name]] = app if isinstance(app, Chain) else Chain(app)
    missing = [name for name in strategies if name not in matched]
    if missing:
        there = ", ".join(strategies)
        raise ConfigError(f"bind: no chain for {', '.join(missing)}; it chooses between: {there}")
    return matched


def merged(base: Profile, given: Profile | None) -> Profile:
    """A profile with what another one leaves unknown."""
    told = {f.name: getattr(given, f.name, None) for f in fields(Profile)}
    return replace(base, **{name: v for name, v in told.items() if v not in (None, "", ())})


def passages_of(found: object) -> tuple[Passage, ...]:
    """What a retriever of any library returned, as passages."""
    return unplaced(hits_of(found) or ())


def usable(answer: Answer) -> Answer:
    """The answer, for those who want a text; raises ModelError with its outcome if it has none."""
    if answer.scorable:
        return answer
    error = ModelError(f"{answer.outcome}: {answer.message}")
    error.outcome = answer.outcome
    raise error


def _question(question: str | Question) -> Question:
    return Question("", question) if isinstance(question, str) else question


@contextmanager
def _exchanged(
    name: str, question: Question, found: object, replies: dict[str, object]
) -> Iterator[Exchange]:
    """One question to one chain, measured; its reply is kept as it came."""
    exchange = Exchange(name, question, found)
    with exchanging(exchange):
        yield exchange
    replies[name] = exchange.found


@contextmanager
def _finding() -> Iterator[None]:
    """Time the app's retrieval; one that fails is said in the trace, and decided without."""
    with meter.stage("retrieved", "the app's passages"):
        try:
            yield
        except ConfigError:
            raise
        # retrievers fail in as many ways as there are stores
        except Exception as error:
            said = shortened(f"{type(error).__name__}: {error}")
            meter.current().note(Step("retrieval failed", None, said))


def _measured(route: Route, bill: meter.Meter) -> Answer:
    """The answer that stands, with what all of them took."""
    for step in route.steps():
        bill.note(step)
    seconds, answer = bill.elapsed(), route.answer
    return replace(
        answer,
        usage=bill.usage,
        indexing=bill.indexing,
        index_bytes=bill.index_bytes,
        seconds=seconds,
        critical_seconds=max(seconds - bill.saved, 0.0),
        first_token_seconds=bill.first_token,
        trace=(*answer.trace, *(step.moved(len(answer.trace)) for step in bill.steps)),
        message="; ".join(filter(None, (answer.message, route.said()))),
    )
