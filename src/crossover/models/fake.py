"""A scripted model for tests, docs and trying things out: no key, no network, no cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from crossover import meter, prices
from crossover.errors import (
    ConfigError,
    ModelError,
    ProviderError,
    RefusedError,
    UnsupportedRequest,
    WindowError,
)
from crossover.models._rendering import cited, prompt_digest, rendered_text
from crossover.roles import Model
from crossover.types import Completion, Request, Step, Usage

Failure = Literal[
    "",
    "overflow",
    "refused",
    "unsupported",
    "rate_limit",
    "timeout",
    "connection",
    "server",
    "authentication",
    "quota",
    "not_found",
    "bad_request",
    "bad_reply",
]
ARROW = "=>"
OUTCOMES: dict[str, type[ModelError]] = {
    "overflow": WindowError,
    "refused": RefusedError,
    "unsupported": UnsupportedRequest,
}


@dataclass(frozen=True, slots=True)
class Fake(Model):
    """Replies from a script; its tokens are the words between spaces.

    ``replies`` are texts like ``"Where was Ada born => Paris"``: the first whose left side occurs
    in the question, the instruction or the history is answered with its right side, anything
    else with ``reply``. With ``grounded`` a scripted reply is known only where the passages hold
    it; otherwise the model declines, as a careful reader would.
    """

    version: ClassVar[int] = 1

    reply: str = field(default="fake answer", metadata={"help": "reply where no script fits"})
    replies: tuple[str, ...] = field(
        default=(), metadata={"help": "scripted replies: part of the question => reply"}
    )
    grounded: bool = field(
        default=False, metadata={"help": "decline unless the passages hold the reply"}
    )
    declines: bool = field(default=False, metadata={"help": "always decline"})
    fails: Failure = field(default="", metadata={"help": "fail in this way instead of replying"})
    fails_on: str = field(
        default="", metadata={"help": "fail only where the question holds this; empty: always"}
    )
    context_window: Annotated[int, Field(ge=1)] = field(
        default=1_000_000, metadata={"help": "tokens for the request and its reply together"}
    )
    latency: Annotated[float, Field(ge=0)] = field(
        default=0.0, metadata={"help": "seconds before the first token"}
    )
    concurrency: Annotated[int, Field(ge=1)] = field(
        default=8, metadata={"help": "calls at once", "operational": True}
    )
    input_price: Annotated[float, Field(ge=0)] = field(
        default=0.0, metadata={"help": "dollars per million input tokens"}
    )
    output_price: Annotated[float, Field(ge=0)] = field(
        default=0.0, metadata={"help": "dollars per million output tokens"}
    )

    def __post_init__(self) -> None:
        for scripted in self.replies:
            if ARROW not in scripted:
                raise ConfigError(
                    f"fake: {scripted!r} lacks {ARROW}: part of the question => reply"
                )

    @property
    def window(self) -> int:
        """The context window in tokens."""
        return self.context_window

    def check(self) -> None:
        """Find nothing missing: a fake needs nothing."""

    def count(self, text: str) -> int:
        """Count the words between spaces."""
        return len(text.split())

    def dollars(self, usage: Usage) -> float | None:
        """Price tokens by the options; None where a count is unknown."""
        return prices.price("", usage, prices.Prices(self.input_price, self.output_price))

    def complete(self, request: Request) -> Completion:
        """Reply from the script, or fail as told."""
        started = time.perf_counter()
        usage = Usage(calls=1)
        try:
            self._fail(request)
            completion = self._reply(request)
            usage = completion.usage
            if self.latency:
                time.sleep(self.latency)
            meter.current().mark_first_token()
            return completion
        finally:
            seconds = time.perf_counter() - started
            prompt = prompt_digest(request)
            step = Step("model call", seconds, self._detail(usage), prompt=prompt)
            meter.current().charge(usage, step)

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer independent requests, at most ``concurrency`` at once."""
        return meter.side_by_side(self.complete, requests, self.concurrency)

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the reply word by word."""
        words = self.complete(request).text.split(" ")
        yield from (word if place == 0 else f" {word}" for place, word in enumerate(words))

    def _reply(self, request: Request) -> Completion:
        text, declined = self._scripted(request)
        words = text.split()
        cut = len(words) > request.max_tokens
        text = " ".join(words[: request.max_tokens]) if cut else text
        counted = Usage(self.count(rendered_text(request)), self.count(text), calls=1)
        usage = Usage(
            counted.input_tokens, counted.output_tokens, calls=1, dollars=self.dollars(counted)
        )
        return Completion(
            text,
            usage,
            finish="length" if cut else "stop",
            declined=declined,
            evidence=cited(text, request.passages) if request.wants == "evidence" else (),
            # a script is certain of every word
            logprobs=tuple((word, 0.0) for word in text.split()) if request.logprobs else (),
        )

    def _scripted(self, request: Request) -> tuple[str, bool]:
        said = "\n".join((request.question, request.instruction, *map(" ".join, request.history)))
        pairs = (scripted.split(ARROW, 1) for scripted in self.replies)
        reply = next((right for left, right in pairs if left.strip() in said), self.reply).strip()
        known = not self.grounded or any(reply in passage.text for passage in request.passages)
        return ("", True) if self.declines or not known else (reply, False)

    def _fail(self, request: Request) -> None:
        needed = self.count(rendered_text(request)) + request.max_tokens
        if needed > self.context_window:
            raise WindowError(
                f"fake: {needed:,} tokens with the reply's {request.max_tokens:,} exceed the "
                f"context window of {self.context_window:,}"
            )
        if request.tools:
            raise UnsupportedRequest("fake: a script calls no tools")
        if not self.fails or self.fails_on not in request.question:
            return
        message = f"fake: told to fail with {self.fails}"
        if self.fails in OUTCOMES:
            raise OUTCOMES[self.fails](message)
        raise ProviderError(self.fails, message)

    def _detail(self, usage: Usage) -> str:
        return f"fake; {usage.input_tokens or 0:,} tokens in, {usage.output_tokens or 0:,} out"
