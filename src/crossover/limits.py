"""Guard rails: what one question may take at most."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import TypeVar

from crossover import meter
from crossover.errors import ConfigError, LimitReached
from crossover.models._rendering import rendered_text
from crossover.roles import Model
from crossover.types import Completion, Request, Usage
from crossover.wrapped import Wrapped, with_models

Strategy = TypeVar("Strategy")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one question may take; None: no limit.

    A call is not made where it would exceed one, its prompt counted, its reply not. A call under
    way is let finish, so that what was paid for is kept.
    """

    calls: int | None = field(default=None, metadata={"help": "model calls, retries included"})
    tokens: int | None = field(default=None, metadata={"help": "tokens in and out"})
    dollars: float | None = field(default=None, metadata={"help": "dollars"})
    seconds: float | None = field(default=None, metadata={"help": "seconds, our queue apart"})

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value is not None and not value > 0:
                raise ConfigError(f"the limit of {limit.name} must be above 0, got {value}")

    def __bool__(self) -> bool:
        return any(getattr(self, limit.name) is not None for limit in fields(self))


def guarded(strategy: Strategy, model: Model, limits: Limits) -> tuple[Strategy, Model]:
    """The strategy with its models, and the answering model, under common limits.

    Published answers are played, not asked for: their model stays as it is.
    """
    if hasattr(model, "prediction"):
        return strategy, model
    spent = _Spent(limits)
    return with_models(strategy, lambda one: _Guarded(one, spent)), _Guarded(model, spent)


class _Spent:
    """What one question has taken so far, calls under way included."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.meter = meter.current()
        self.calls = self.tokens = 0
        self.dollars = 0.0
        self._lock = Lock()

    @contextmanager
    def call(self, prompt: Usage) -> Iterator[list[Usage]]:
        """Reserve a call with its prompt; what is put into the list replaces that at the end."""
        self._reserve(prompt)
        found = list[Usage]()
        try:
            yield found
        finally:
            for usage in found:
                self._add(usage, 1)
                self._add(prompt, -1)

    def _reserve(self, prompt: Usage) -> None:
        with self._lock:
            self._check("calls", self.calls + 1, self.limits.calls)
            self._check("tokens", self.tokens + (prompt.input_tokens or 0), self.limits.tokens)
            self._check("dollars", self.dollars + (prompt.dollars or 0), self.limits.dollars)
            self._check("seconds", self.meter.running(), self.limits.seconds)
            self._count(prompt, 1)

    def _add(self, usage: Usage, sign: int) -> None:
        with self._lock:
            self._count(usage, sign)

    def _count(self, usage: Usage, sign: int) -> None:
        self.calls += sign * usage.calls
        self.tokens += sign * ((usage.input_tokens or 0) + (usage.output_tokens or 0))
        self.dollars += sign * (usage.dollars or 0.0)

    def _check(self, name: str, needed: float, limit: float | None) -> None:
        if limit is not None and needed > limit:
            said = f"{needed:,.2f}" if name in ("dollars", "seconds") else f"{needed:,.0f}"
            raise LimitReached(name, f"the next call would make it {said} {name} of {limit:,}")


class _Guarded(Wrapped):
    """Asks the model behind it as long as no limit is exceeded."""

    def __init__(self, model: Model, spent: _Spent) -> None:
        super().__init__(model)
        self.spent = spent

    def complete(self, request: Request) -> Completion:
        """Answer one request, or raise LimitReached before it is sent."""
        prompt = self._prompt(request)
        with self.spent.call(prompt) as used:
            completion = self.model.complete(request)
            used.append(self._used(completion, prompt))
        return completion

    def _prompt(self, request: Request) -> Usage:
        limits = self.spent.limits
        if limits.tokens is None and limits.dollars is None:
            return Usage(calls=1)
        asked = Usage(self.count(rendered_text(request)), calls=1)
        return self._priced(asked)

    def _used(self, completion: Completion, prompt: Usage) -> Usage:
        """What a reply took, counted here where the provider doesn't say."""
        usage = completion.usage
        asked, replied = usage.input_tokens, usage.output_tokens
        counted = Usage(
            prompt.input_tokens if asked is None else asked,
            self.count(completion.text) if replied is None else replied,
            calls=max(1, usage.calls),
        )
        return self._priced(counted)

    def _priced(self, usage: Usage) -> Usage:
        if self.spent.limits.dollars is None:
            return usage
        dollars = self.dollars(usage)
        if dollars is None:
            raise ConfigError(
                f"a limit of dollars needs a known price: give {self!r} input_price and "
                "output_price, or limit tokens"
            )
        return Usage(usage.input_tokens, usage.output_tokens, calls=usage.calls, dollars=dollars)
