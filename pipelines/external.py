"""A team's own RAG app as a strategy: a callable, a chain, a query engine or an HTTP endpoint."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from threading import Semaphore
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt

from crossover import meter
from crossover.errors import ConfigError, CrossoverError, ProviderError
from crossover.models._failures import shortened
from crossover.models._readers import within
from crossover.outside import (
    ASKING,
    UNKNOWN,
    Fields,
    Reply,
    asked,
    method_of,
    question_text,
    read_reply,
)
from crossover.pipelines._outside import app_at, lend
from crossover.pipelines._outside_http import Address, body_of
from crossover.retrievers._imported import read_options, takes
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question, Step, Usage

OPERATIONAL = {"operational": True}
_slots: dict[tuple[str, str, int], Semaphore] = {}


@dataclass(frozen=True, slots=True)
class External(Strategy):
    """Ask an app as it is: its own models and retrieval, whatever model the grid names.

    ``target`` is the import path of a callable, a LangChain Runnable (``invoke``), a LlamaIndex
    query engine (``query``), or a class or function without parameters that builds one; ``url`` an
    endpoint that is sent JSON. It may return a text, a text with passages, a mapping, a message, a
    response with source nodes, or our Answer. Passages are placed in the documents. Tokens and
    dollars that it doesn't report are unknown, and each attempt counts as one call, as what it asks
    of models can't be seen, nor limited. What it raises is the outcome ``failed:external``.
    """

    target: str = field(
        default="", metadata={"help": "import path of the app, or url instead", "imports": True}
    )
    url: str = field(default="", metadata={"help": "address that answers a POST of JSON"})
    options: str = field(
        default="",
        metadata={"help": "dict(name=value, …) to build the target with, or to send each time"},
    )
    sends: Literal["question", "documents"] = field(
        default="question", metadata={"help": "the question alone, or the documents with it"}
    )
    question_field: str = field(
        default="", metadata={"help": "field of the question [question in JSON, else plain text]"}
    )
    answer_field: str = field(
        default="", metadata={"help": "path of the answer in what is returned [answer, output …]"}
    )
    passages_field: str = field(
        default="", metadata={"help": "path of the passages [passages, context, source_nodes …]"}
    )
    input_tokens_field: str = field(
        default="", metadata={"help": "path of the input tokens [unknown]"}
    )
    output_tokens_field: str = field(
        default="", metadata={"help": "path of the output tokens [unknown]"}
    )
    app_version: str = field(
        default="", metadata={"help": "raise it when the app changes, to ask it again"}
    )
    key_env: str = field(
        default="", metadata={"help": "environment variable that holds the key", **OPERATIONAL}
    )
    key_header: str = field(
        default="Authorization", metadata={"help": "header of the key", **OPERATIONAL}
    )
    timeout: Annotated[float, Gt(0)] = field(
        default=120.0, metadata={"help": "seconds for one attempt", **OPERATIONAL}
    )
    attempts: Annotated[int, Ge(1)] = field(
        default=3, metadata={"help": "tries of a url before a failure is final", **OPERATIONAL}
    )
    pause: Annotated[float, Ge(0)] = field(
        default=1.0, metadata={"help": "seconds before the second; doubles", **OPERATIONAL}
    )
    concurrency: Annotated[int, Ge(1)] = field(
        default=8, metadata={"help": "questions that the app is asked at once", **OPERATIONAL}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if bool(self.target) == bool(self.url):
            raise ConfigError('external needs either target=my_package.my_app or url="https://…"')
        read_options(self.options, "external")
        if self.url:
            self._address.check()

    def answer(self, question: Question, model: Model) -> Answer:
        """Ask the app; raises ProviderError where it fails. The model isn't asked."""
        if meter.current().planning:
            meter.current().charge(UNKNOWN, Step("planned call"))
            return Answer("planned")
        place = (self.target, self.url, self.concurrency)
        with meter.turn(_slots.setdefault(place, Semaphore(self.concurrency))):
            reply = self._posted(question) if self.url else self._called(question)
        return reply.answer(question.documents)

    @property
    def _address(self) -> Address:
        return Address(
            self.url, self.key_env, self.key_header, self.timeout, self.attempts, self.pause
        )

    @property
    def _fields(self) -> Fields:
        return Fields(
            self.answer_field,
            self.passages_field,
            self.input_tokens_field,
            self.output_tokens_field,
        )

    def _posted(self, question: Question) -> Reply:
        more = read_options(self.options, "external", {})
        text, documents = question_text(question), self.sends == "documents"
        body = body_of(question, text, documents, self.question_field, more)
        made, reply = list[float](), None
        try:
            reply = read_reply(self._address.ask(body, made), self._fields)
        finally:
            if made:
                usage = replace(reply.usage if reply else UNKNOWN, calls=len(made))
                detail = f"{self.url}; {len(made)} attempts"
                meter.current().charge(usage, Step("app asked", sum(made), detail))
        return reply

    def _called(self, question: Question) -> Reply:
        with meter.wait():
            app = app_at(self.target, self.options)
        started, reply = time.perf_counter(), None
        with meter.part() as seen:
            try:
                found = self._within_time(lambda: self._asked(app, question))
                reply = read_reply(found, self._fields)
            finally:
                # an app that asks our models is metered as it goes
                usage = Usage() if seen.usage.calls else (reply.usage if reply else UNKNOWN)
                step = Step("app asked", time.perf_counter() - started, self.target)
                seen.charge(usage, step)
        return reply

    def _asked(self, app: object, question: Question) -> object:
        text, more = question_text(question), dict[str, object]()
        if self.sends == "documents":
            more["documents"] = [{"id": d.id, "text": d.text} for d in question.documents]
        if self.question_field:
            return asked(app, ASKING, {self.question_field: text, **more})
        method = method_of(app, ASKING)
        return asked(app, ASKING, text, **(more if method and takes(method, "documents") else {}))

    def _within_time(self, work: Any) -> object:
        """What the app returns; what it raises, in one line without secrets."""
        try:
            return next(within(self.timeout, lambda _: [work()]))
        except CrossoverError:
            raise
        except TimeoutError as error:
            raise ProviderError("timeout", f"external: {self.target}: {error}") from None
        # an app may fail in any way, and each of them means no answer
        except Exception as error:
            said = shortened(f"{type(error).__name__}: {error}")
            raise ProviderError("external", f"{self.target}: {said}") from None


def wrap(app: object, name: str, **options: Any) -> External:
    """A live object as a strategy of this process: a function, a chain or a query engine.

    ``name`` stands for it in texts and stored results; ``options`` are those of ``External``.
    """
    return External(target=lend(app, name), **options)
