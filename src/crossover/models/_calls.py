"""One request on its way through a LangChain client: attempts, pauses, and what came back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from crossover import meter
from crossover.errors import ProviderError, RefusedError
from crossover.models._failures import Failed, failed
from crossover.models._gate import Gate
from crossover.models._readers import within
from crossover.types import Usage

if TYPE_CHECKING:
    from langchain_core.messages.ai import UsageMetadata
    from tenacity import RetryCallState

Result = TypeVar("Result")
CUT = ("length", "max_tokens", "max_output_tokens", "model_length")
CALLED = ("tool_calls", "tool_use", "function_call")
REFUSED = ("content_filter", "refusal", "safety", "prohibited_content", "blocklist", "recitation")
REASONS = ("finish_reason", "stop_reason", "done_reason", "stopReason")


@dataclass
class Reading:
    """A reply as its chunks arrive. A stream in OpenAI's protocol ends with the reason why."""

    openai_stream: bool
    pieces: list[str] = field(default_factory=list)
    counts: UsageMetadata | None = None
    reason: str = ""
    refusal: str = ""
    logprobs: list[tuple[str, float]] = field(default_factory=list)
    _calls: Any = None

    @property
    def text(self) -> str:
        """What has arrived so far."""
        return "".join(self.pieces)

    @property
    def tool_calls(self) -> tuple[dict[str, Any], ...]:
        """The tools that the model wants called, with name, arguments and id."""
        return tuple(dict(call) for call in self._calls.tool_calls) if self._calls else ()

    @property
    def written_tokens(self) -> int:
        """Input tokens that were written to the provider's prompt cache."""
        details: Any = self.counts.get("input_token_details", {}) if self.counts else {}
        return sum(n for name, n in details.items() if n and re.search("creation|ephemeral", name))

    @property
    def tokens(self) -> int | None:
        """Tokens in and out, where the reply says them."""
        counts = self.counts
        return None if counts is None else counts["input_tokens"] + counts["output_tokens"]

    def usage(self, calls: int) -> Usage:
        """Read what the reply says it took, dollars apart; what it does not say is unknown."""
        if not self.counts:
            return Usage(None, None, None, None, calls, None)
        return Usage(
            # servers that do not count send zeros
            self.counts["input_tokens"] or None,
            self.counts["output_tokens"] or (None if self.text else 0),
            _detail(self.counts.get("input_token_details"), "cache_read"),
            _detail(self.counts.get("output_token_details"), "reasoning"),
            calls,
            None,
        )

    def add(self, chunk: Any) -> str:
        """Take in a chunk (or a whole message) and return its text."""
        about = chunk.response_metadata
        self.reason = _reason(about) or self.reason
        self.refusal += chunk.additional_kwargs.get("refusal") or ""
        for token in (about.get("logprobs") or {}).get("content") or ():
            self.logprobs.append((str(token["token"]), float(token["logprob"])))
        if chunk.usage_metadata:
            self._count(chunk.usage_metadata)
        if getattr(chunk, "tool_call_chunks", None) or chunk.tool_calls:
            self._calls = chunk if self._calls is None else self._calls + chunk
        piece = str(chunk.text)
        if piece:
            self.pieces.append(piece)
        return piece

    def _count(self, usage: UsageMetadata) -> None:
        # OpenAI's protocol reports totals, several times on some servers; the others' parts add up
        from langchain_core.messages.ai import add_usage

        self.counts = (
            usage if self.openai_stream or not self.counts else add_usage(self.counts, usage)
        )

    def check(self, model: str) -> None:
        """Raise ProviderError unless the reply came to its end."""
        if self.reason or not self.openai_stream or self.refusal:
            return
        if self.pieces:
            message = f"{model}: the reply broke off after {len(self.text):,} characters"
            raise ProviderError("connection", message)
        raise ProviderError("bad_reply", f"{model}: the reply holds no choices")

    def check_refusal(self, model: str) -> None:
        """Raise RefusedError where a filter or the model itself refused."""
        if self.refusal or self.reason in REFUSED:
            why = self.refusal or f"the reply ended with {self.reason}"
            raise RefusedError(f"{model}: {why}")


Source = Callable[[Reading, Event], Iterator[str]]
"""Reads a reply and yields what others are to have of it; the event says that nobody waits."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often what may pass is tried, and the pauses between: growing ones, or as asked for."""

    attempts: int
    pause: float
    longest_pause: float

    def persist(self, work: Callable[[], Result], sleep: Callable[[float], None]) -> Result:
        """Do the work until it succeeds or there is no point in going on; raises Failed."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception(lambda e: isinstance(e, Failed) and e.again),
            sleep=sleep,
            reraise=True,
        )
        return retrying(work)

    def _wait(self, state: RetryCallState) -> float:
        from tenacity import wait_exponential, wait_random

        trouble = state.outcome.exception() if state.outcome else None
        asked = trouble.pause if isinstance(trouble, Failed) else None
        if asked is not None:
            return min(asked, self.longest_pause)
        growing = wait_exponential(multiplier=self.pause, max=self.longest_pause)
        return growing(state) + wait_random(0, self.pause)(state)


class Call:
    """One request, attempted until it is answered or there is no point in going on."""

    def __init__(
        self,
        model: str,
        send: Callable[[], Iterable[Any]],
        *,
        openai_stream: bool,
        patience: Patience,
        timeout: float,
        gate: Gate,
    ) -> None:
        self.model = model
        self.made = 0
        self.seconds = 0.0
        self.troubles: list[str] = []
        self.batches: list[str] = []
        self.reading = Reading(openai_stream)
        self._send = send
        self._patience = patience
        self._timeout = timeout
        self._gate = gate

    def whole(self, mark: bool) -> Reading:
        """Read the whole reply, in as many attempts as it takes; raises ModelError."""
        return self._persist(lambda: self._read_whole(mark))

    def pieces(self) -> Iterator[str]:
        """Yield the reply as it arrives; another attempt is made only before its first piece."""
        first, rest = self._persist(self._first)
        with closing(rest):
            if first is None:
                return
            meter.current().mark_first_token()
            yield first
            try:
                yield from rest
            except Failed as trouble:
                raise trouble.error from None

    def _read_whole(self, mark: bool) -> Reading:
        with closing(self._attempt(self._taken_in(mark))) as nothing:
            next(nothing, None)
        return self.reading

    def _taken_in(self, mark: bool) -> Source:
        """Read where the call is made: handing over every piece would cost what a call costs."""

        def read(reading: Reading, abandoned: Event) -> Iterator[str]:
            for number, _ in enumerate(self._arriving(reading, abandoned)):
                if mark and number == 0:
                    meter.current().mark_first_token()
            yield from ()

        return read

    def _arriving(self, reading: Reading, abandoned: Event) -> Iterator[str]:
        for chunk in self._send():
            if abandoned.is_set():
                return
            if piece := reading.add(chunk):
                yield piece

    def _first(self) -> tuple[str | None, Generator[str, None, None]]:
        rest = self._attempt(self._arriving)
        return next(rest, None), rest

    def _attempt(self, read: Source) -> Generator[str, None, None]:
        self.made += 1
        self.reading = Reading(self.reading.openai_stream)
        with self._gate.entered():
            started = time.perf_counter()
            try:
                with closing(within(self._timeout, partial(read, self.reading))) as pieces:
                    yield from pieces
                self.reading.check(self.model)
                self._gate.passed(time.perf_counter() - started, self.reading.tokens)
            except Exception as error:
                trouble = failed(error, self.model)
                self.troubles.append(trouble.error.outcome.removeprefix("failed:"))
                longest = self._patience.longest_pause
                self._gate.turned_away(trouble, time.perf_counter() - started, longest)
                raise trouble from None
            finally:
                self.seconds += time.perf_counter() - started

    def _persist(self, work: Callable[[], Result]) -> Result:
        try:
            return self._patience.persist(work, self._sleep)
        except Failed as trouble:
            raise trouble.error from None

    def _sleep(self, seconds: float) -> None:
        with meter.wait():
            time.sleep(seconds)


def _detail(details: Any, name: str) -> int | None:
    """Find a count by the end of its name: service tiers put theirs before it."""
    found = [n for key, n in (details or {}).items() if key.endswith(name) and n is not None]
    return sum(found) if found else None


def _reason(about: Mapping[str, Any]) -> str:
    """Why the reply ended, in lower case; empty where this chunk does not say."""
    if about.get("status") == "completed":
        return "stop"
    details = about.get("incomplete_details") or {}
    said = [about.get(name) for name in REASONS] + [details.get("reason")]
    return next((str(reason).lower() for reason in said if reason), "")
