"""Guard rails: what one question may take at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf
from threading import Lock
from typing import TypeVar

from crossover import catalog, meter
from crossover.errors import ConfigError, LimitReached, UnknownName
from crossover.models._planned import sent_text
from crossover.roles import Model
from crossover.types import Completion, Request, Usage
from crossover.wrapped import Wrapped, with_models

Strategy = TypeVar("Strategy")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one question may take; None: no limit.

    A call is not made where it would exceed one, its prompt counted, its reply not. A call under
    way is let finish, so that what was paid for is kept. A model's own retries count when its call
    is over.
    """

    calls: int | None = field(default=None, metadata={"help": "model calls"})
    tokens: int | None = field(default=None, metadata={"help": "tokens in and out"})
    dollars: float | None = field(default=None, metadata={"help": "dollars"})
    seconds: float | None = field(default=None, metadata={"help": "seconds, our queue apart"})

    def __post_init__(self) -> None:
        for limit in fields(self):
            value, whole = getattr(self, limit.name), limit.name in ("calls", "tokens")
            kinds = int if whole else (int, float)
            if value is None or (
                isinstance(value, kinds) and value is not True and 0 < value < inf
            ):
                continue
            kind = "a whole number" if whole else "a number"
            raise ConfigError(f"the limit of {limit.name} must be {kind} above 0, got {value!r}")

    def __bool__(self) -> bool:
        return any(getattr(self, limit.name) is not None for limit in fields(self))


def limits_of(given: object) -> Limits:
    """The limits that a mapping names; raises ConfigError with one clear line."""
    known = [limit.name for limit in fields(Limits)]
    if given is None:
        return Limits()
    if not isinstance(given, Mapping):
        raise ConfigError(f"limits: expected {', '.join(known)}, each with a number; got {given!r}")
    for name in given:
        if name not in known:
            raise UnknownName(str(name), "the limits of a question", known)
    return Limits(**given)


def guarded(strategy: Strategy, model: Model, limits: Limits) -> tuple[Strategy, Model]:
    """The strategy with its models, and the answering model, under common limits.

    Published answers are played, not asked for: their model stays as it is.
    """
    if hasattr(model, "prediction"):
        return strategy, model
    spent = _Spent(limits)
    return with_models(strategy, lambda one: _Guarded(one, spent)), _Guarded(model, spent)


def check_prices(limits: Limits, strategy: object, model: Model) -> None:
    """Raise ConfigError where dollars are limited and the price of a model is not known."""
    if limits.dollars is None or hasattr(model, "prediction"):
        return

    def checked(one: Model) -> Model:
        _dollars(one, Usage(1, 1, calls=1))
        return one

    checked(model)
    with_models(strategy, checked)


def counted(model: Model, request: Request, *limits: Limits) -> Usage:
    """What is known of a call before it is made, as far as these limits need it."""
    if all(one.tokens is None and one.dollars is None for one in limits):
        return Usage(calls=1)
    usage = Usage(model.count(sent_text(request)), calls=1)
    if all(one.dollars is None for one in limits):
        return usage
    return replace(usage, dollars=_dollars(model, usage))


def _dollars(model: Model, usage: Usage) -> float:
    price = getattr(model, "dollars", None)
    dollars = price(usage) if price else 0.0
    if dollars is None:
        raise ConfigError(
            f"a limit of dollars needs the price of {catalog.spec(model)}, which is not known: "
            "give it input_price and output_price, or limit tokens"
        )
    return float(dollars)


class _Spent:
    """What one question has taken so far, calls under way included."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.meter = meter.current()
        self.calls = self.tokens = 0
        self.dollars = 0.0
        self._lock = Lock()

    def reserve(self, prompt: Usage) -> None:
        """Count a call that is about to be made; raises LimitReached where it may not be."""
        limits, seconds = self.limits, self.meter.running()
        with self._lock:
            _check("calls", self.calls + 1, limits.calls)
            _check("tokens", self.tokens + (prompt.input_tokens or 0), limits.tokens)
            _check("dollars", self.dollars + (prompt.dollars or 0.0), limits.dollars)
            if limits.seconds is not None and seconds > limits.seconds:
                message = f"{seconds:.2f} of {limits.seconds:,} seconds had passed"
                raise LimitReached("seconds", message)
            self._count(prompt, 1)

    def settle(self, prompt: Usage, used: Usage) -> None:
        """Count what a call took instead of what was reserved for it."""
        with self._lock:
            self._count(prompt, -1)
            self._count(used, 1)

    def _count(self, usage: Usage, sign: int) -> None:
        self.calls += sign * usage.calls
        self.tokens += sign * ((usage.input_tokens or 0) + (usage.output_tokens or 0))
        self.dollars += sign * (usage.dollars or 0.0)


def _check(name: str, needed: float, limit: float | None) -> None:
    # what was billed in parts may exceed the sum by the last digit
    if limit is not None and needed > limit * (1 + 1e-12):
        said = f"{needed:,.6g}" if name == "dollars" else f"{needed:,}"
        raise LimitReached(name, f"the next call would make it {said} {name} of {limit:,}")


class _Guarded(Wrapped):
    """Asks the model behind it as long as no limit is exceeded.

    What builds an index is billed apart, to all that search it: it is not this question's.
    """

    def __init__(self, model: Model, spent: _Spent) -> None:
        super().__init__(model)
        self.spent = spent

    def complete(self, request: Request) -> Completion:
        """Answer one request, or raise LimitReached before it is sent."""
        if not self.spent.meter.pays():
            return self.model.complete(request)
        prompt = self._prompt(request)
        self.spent.reserve(prompt)
        completion = self.model.complete(request)
        self.spent.settle(prompt, self._used(completion, prompt))
        return completion

    def _prompt(self, request: Request) -> Usage:
        return counted(self.model, request, self.spent.limits)

    def _used(self, completion: Completion, prompt: Usage) -> Usage:
        """What a reply took, counted here where the provider doesn't say."""
        usage = completion.usage
        asked, replied = usage.input_tokens, usage.output_tokens
        said = " ".join((completion.text, *map(str, completion.tool_calls)))
        counted = replace(
            usage,
            input_tokens=prompt.input_tokens if asked is None else asked,
            output_tokens=self.count(said) if replied is None else replied,
            calls=max(1, usage.calls),
        )
        return counted if usage.dollars is not None else self._priced(counted)

    def _priced(self, usage: Usage) -> Usage:
        if self.spent.limits.dollars is None:
            return usage
        return replace(usage, dollars=_dollars(self.model, usage))
