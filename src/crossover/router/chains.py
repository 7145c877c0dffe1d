"""One chain of an app: how it is asked, and what its reply and its cost are."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from crossover import meter
from crossover.errors import ConfigError, ModelError
from crossover.models._failures import shortened
from crossover.outside import (
    ASKING,
    UNKNOWN,
    Fields,
    Reply,
    asked,
    asked_async,
    method_of,
    question_text,
    read_reply,
)
from crossover.retrievers._imported import kind, takes
from crossover.types import Answer, Question, Step, Usage


@dataclass(frozen=True, slots=True)
class Chain:
    """An app's chain with the names of what it takes and returns, where these are its own.

    Without ``question_field`` it gets the question as a text; else a mapping, in which
    ``passages_field`` holds what the app's retriever found, as that returned it. A callable with a
    parameter ``passages`` gets that too. ``answer_field`` is a path in what it returns.
    """

    app: Any
    question_field: str = ""
    passages_field: str = ""
    answer_field: str = ""

    def __post_init__(self) -> None:
        if method_of(self.app, ASKING) is None:
            raise ConfigError(f"{kind(self.app)} can be neither called, invoked nor queried")
        if self.passages_field and not self.question_field:
            raise ConfigError("a chain with passages_field needs question_field too")

    @property
    def wants_passages(self) -> bool:
        """Whether it is given what the app's retriever found."""
        return bool(self.passages_field) or self._has_parameter

    def ask(self, exchange: Exchange) -> None:
        """Ask and wait for the reply; raises what the chain raises."""
        given, more = self._given(exchange)
        exchange.found = asked(self.app, ASKING, given, **more)
        self._read(exchange)

    async def ask_async(self, exchange: Exchange) -> None:
        """Ask without blocking the event loop: a chain without a way of its own in a thread."""
        given, more = self._given(exchange)
        exchange.found = await asked_async(self.app, ASKING, given, **more)
        self._read(exchange)

    @property
    def _has_parameter(self) -> bool:
        method = method_of(self.app, ASKING)
        return not self.question_field and method is not None and takes(method, "passages")

    def _given(self, exchange: Exchange) -> tuple[object, dict[str, object]]:
        text = question_text(exchange.question)
        if not self.question_field:
            return text, {"passages": exchange.passages} if self._has_parameter else {}
        shared = {self.passages_field: exchange.passages} if self.passages_field else {}
        return {self.question_field: text, **shared}, {}

    def _read(self, exchange: Exchange) -> None:
        exchange.reply = read_reply(exchange.found, Fields(answer=self.answer_field))
        exchange.answer = exchange.reply.answer(exchange.question.documents)


@dataclass(slots=True)
class Exchange:
    """One question to one chain, and what came of it; ``found`` is its reply as it came."""

    name: str
    question: Question
    passages: object = None
    found: object = None
    reply: Reply | None = None
    answer: Answer = Answer("")


@contextmanager
def exchanging(exchange: Exchange) -> Iterator[None]:
    """Measure and bill an exchange; whatever but a wrong configuration is raised becomes a failure.

    A chain that asks Crossover's models is metered as it goes; LangChain's models are counted by
    callbacks; else its reply tells, or nothing does, and then what it took is unknown.
    """
    name = exchange.name.partition("(")[0]
    started = time.perf_counter()
    with meter.stage("routed", exchange.name), meter.part() as seen, _counted() as counted:
        try:
            yield
        except ConfigError:
            raise
        except ModelError as error:
            exchange.answer = Answer("", outcome=error.outcome, message=str(error))
        # a chain may fail in any way, and each of them means that another one is asked
        except Exception as error:
            said = shortened(f"{type(error).__name__}: {error}")
            exchange.answer = Answer("", outcome=f"failed:{name}", message=said)
        finally:
            usage = _usage(seen, counted.usage if counted else Usage(), exchange.reply)
            seen.charge(usage, Step("app asked", time.perf_counter() - started, name))
            # a policy weighs what is left of a budget by what the answers so far took
            exchange.answer = replace(exchange.answer, usage=seen.usage, seconds=seen.elapsed())


def _usage(seen: meter.Meter, counted: Usage, reply: Reply | None) -> Usage:
    if seen.usage.calls:
        return Usage()
    if counted.calls:
        return counted
    return reply.usage if reply else UNKNOWN


def _counted() -> AbstractContextManager[Any]:
    # an app without LangChain shall not wait for its import
    if "langchain_core.callbacks" not in sys.modules:
        return nullcontext()
    found: AbstractContextManager[Any] = import_module("crossover.router._counting").counting()
    return found
