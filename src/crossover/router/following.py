"""Following a policy: ask what it names, show it the answer, and fall back where one fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

from crossover.decisions import Budget, Decision, Profile
from crossover.errors import ConfigError
from crossover.roles import Policy
from crossover.types import Answer, Question, Step

# a policy that never settles would ask for ever
MOST_PASSES = 8
# the outcome where nobody here saw the answer
DECIDED = "decided"


@dataclass(slots=True)
class Route:
    """What happened to one question: the decisions, and what was answered to them.

    ``profile`` and ``budget`` are what was decided on; each answer has the cost of its own pass.
    ``fell_back`` are strategies that were asked because another had failed, not by decision.
    """

    question: Question
    profile: Profile = Profile()
    budget: Budget = Budget()
    decisions: list[Decision] = field(default_factory=list)
    asked: list[tuple[str, Answer]] = field(default_factory=list)
    fell_back: list[str] = field(default_factory=list)

    @property
    def answer(self) -> Answer:
        """The answer that stands: the last one with something to say, else the last one."""
        answers = [answer for _, answer in self.asked]
        return next((one for one in reversed(answers) if one.scorable), answers[-1])

    @property
    def strategy(self) -> str:
        """Whose answer stands, or what was decided where nothing was asked."""
        if self.asked:
            return next(name for name, answer in self.asked if answer is self.answer)
        return self.decisions[-1].strategy if self.decisions else ""

    def steps(self) -> list[Step]:
        """The decisions with their reasons, for a trace."""
        kept = {True: "kept: ", False: ""}
        return [
            Step("decided", None, f"{kept[d.keep]}{d.strategy}: {'; '.join(d.reasons)}")
            for d in self.decisions
        ]

    def said(self) -> str:
        """Who answered, after whom, and what became of those that failed."""
        passes = " after ".join(name for name, _ in reversed(self.asked))
        failed = [
            f"{name} failed ({answer.outcome}: {answer.message})"
            for name, answer in self.asked
            if not answer.scorable and answer is not self.answer
        ]
        answered = f"{self.strategy} answered" if self.answer.scorable else "nothing answered"
        return "; ".join([f"{answered} ({passes})", *failed])


@dataclass(frozen=True, slots=True)
class Followed:
    """An answer with the whole of its cost, its route, and what the chains returned, as it came."""

    answer: Answer
    route: Route
    replies: Mapping[str, object] = field(default_factory=dict)


def only_decided(route: Route) -> Followed:
    """A decision for somebody who asks their own chains, with the answers they told of so far."""
    kept = route.decisions[-1].keep and route.asked
    return Followed(route.answer if kept else Answer("", outcome=DECIDED), route)


def follow(policy: Policy, route: Route, ask: Callable[[str], Answer]) -> Route:
    """Ask until the policy has settled; where no answer is usable, ask the other strategies.

    What happens is noted in ``route`` as it happens.
    """
    steps = _steps(policy, route)
    name = next(steps)
    while True:
        try:
            name = steps.send(ask(name))
        except StopIteration:
            return route


async def follow_async(
    policy: Policy, route: Route, ask: Callable[[str], Awaitable[Answer]]
) -> Route:
    """The same where asking waits."""
    steps = _steps(policy, route)
    name = next(steps)
    while True:
        try:
            name = steps.send(await ask(name))
        except StopIteration:
            return route


def _steps(policy: Policy, route: Route) -> Generator[str, Answer, None]:
    """Yield the strategies to ask, taking their answers."""
    while len(route.asked) < MOST_PASSES:
        so_far = [answer for _, answer in route.asked]
        decision = _decided(policy, route, so_far)
        route.decisions.append(decision)
        if decision.keep and so_far:
            break
        answer = yield decision.strategy
        route.asked.append((decision.strategy, answer))
        if decision.final or not answer.scorable:
            break
    for name in _fallbacks(policy.strategies, route):
        if route.answer.scorable:
            return
        route.fell_back.append(name)
        answer = yield name
        route.asked.append((name, answer))


def _decided(policy: Policy, route: Route, so_far: Sequence[Answer]) -> Decision:
    """Ask the policy; where it fails, the last answer stands, or the cheapest is asked."""
    try:
        return policy.decide(route.question, route.profile, route.budget, so_far)
    except ConfigError:
        raise
    # a defect in deciding must not take the answer with it
    except Exception as error:
        # its message may hold what was asked
        why = f"deciding failed: {type(error).__name__}"
        return Decision(policy.strategies[0], reasons=(why,), keep=bool(so_far))


def _fallbacks(strategies: Sequence[str], route: Route) -> list[str]:
    """What was not asked yet, the likeliest to answer well first."""
    asked = {name for name, _ in route.asked}
    expected = route.decisions[-1].expected

    def quality(name: str) -> float:
        known = expected.get(name)
        return known.quality if known and known.quality is not None else 0.0

    return sorted((name for name in strategies if name not in asked), key=lambda n: -quality(n))
