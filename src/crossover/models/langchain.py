"""Any chat model that LangChain knows, as ``provider:model``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from crossover import meter, prices
from crossover.errors import ConfigError, UnsupportedRequest, WindowError
from crossover.models import _clients
from crossover.models._batch_calls import BatchedCall, check_batches
from crossover.models._batch_protocols import ENDPOINTS
from crossover.models._batch_tickets import Settings
from crossover.models._calls import CALLED, CUT, Call, Patience, Reading
from crossover.models._gate import Gate, slots_of
from crossover.models._pace import Pace
from crossover.models._rendering import cited, messages, prompt_digest, rendered_text
from crossover.roles import Model
from crossover.tokens import count_tokens
from crossover.types import Completion, Request, Step, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

UNKNOWN_WINDOW = 10_000_000
# options that change how a model is reached, never what it answers
OPERATIONAL = {"operational": True}


@dataclass(frozen=True, slots=True)
class LangChainModel(Model):
    """A chat model of a provider, or of any server that speaks OpenAI's protocol (``base_url``).

    Raises, and nothing else: WindowError, UnsupportedRequest, RefusedError and ProviderError with
    the names rate_limit, quota, timeout, connection, server, authentication, not_found,
    bad_request, bad_reply, unexpected; in batches also batch_invalid, batch_expired,
    batch_cancelled, batch_incomplete, batch_ambiguous; ConfigError where key, package or provider
    is missing.
    """

    prefix: ClassVar[str] = ""
    version: ClassVar[int] = 1

    name: str = field(metadata={"help": "provider:model, for instance openai:gpt-4o-mini"})
    base_url: str = field(default="", metadata={"help": "address of another server"})
    key_env: str = field(
        default="", metadata={"help": "environment variable that holds the key", **OPERATIONAL}
    )
    temperature: float | None = field(
        default=None, metadata={"help": "sampling temperature instead of the request's"}
    )
    context_window: Annotated[int, Field(ge=1)] | None = field(
        default=None, metadata={"help": "tokens; longer requests overflow without being sent"}
    )
    encoding: Literal["", "o200k_base", "cl100k_base"] = field(
        default="", metadata={"help": "encoding that counts tokens; empty: the model's"}
    )
    timeout: Annotated[float, Field(gt=0)] = field(
        default=120.0,
        metadata={"help": "seconds for one attempt, to its last token", **OPERATIONAL},
    )
    attempts: Annotated[int, Field(ge=1)] = field(
        default=5, metadata={"help": "tries before a passing failure is final", **OPERATIONAL}
    )
    pause: Annotated[float, Field(ge=0)] = field(
        default=1.0,
        metadata={"help": "seconds before the second attempt; doubles each time", **OPERATIONAL},
    )
    longest_pause: Annotated[float, Field(ge=0)] = field(
        default=60.0,
        metadata={"help": "seconds; caps what a provider asks to wait, too", **OPERATIONAL},
    )
    concurrency: Annotated[int, Field(ge=1)] = field(
        default=8, metadata={"help": "calls at once", **OPERATIONAL}
    )
    requests_per_minute: Annotated[float, Field(gt=0)] | None = field(
        default=None, metadata={"help": "what the endpoint takes, of all workers", **OPERATIONAL}
    )
    tokens_per_minute: Annotated[float, Field(gt=0)] | None = field(
        default=None, metadata={"help": "tokens in and out, of all workers", **OPERATIONAL}
    )
    batch: bool = field(
        default=False, metadata={"help": "ask in the provider's batches, hours later, for less"}
    )
    batch_size: Annotated[int, Field(ge=1, le=50_000)] = field(
        default=10_000, metadata={"help": "requests in a batch at most", **OPERATIONAL}
    )
    batch_concurrency: Annotated[int, Field(ge=1)] = field(
        default=256, metadata={"help": "calls that wait for batches at once", **OPERATIONAL}
    )
    batch_wait: Annotated[float, Field(ge=0)] = field(
        default=10.0,
        metadata={"help": "seconds without another request that close a batch", **OPERATIONAL},
    )
    batch_poll: Annotated[float, Field(gt=0)] = field(
        default=30.0,
        metadata={"help": "seconds before a batch is looked at; doubles up to ten", **OPERATIONAL},
    )
    streams: bool = field(
        default=True, metadata={"help": "stream, so that the first token's time is known"}
    )
    input_price: Annotated[float, Field(ge=0)] | None = field(
        default=None, metadata={"help": "dollars per million input tokens"}
    )
    output_price: Annotated[float, Field(ge=0)] | None = field(
        default=None, metadata={"help": "dollars per million output tokens"}
    )
    cached_price: Annotated[float, Field(ge=0)] | None = field(
        default=None, metadata={"help": "dollars per million cached input tokens"}
    )
    parameters: str = field(
        default="", metadata={"help": "further LangChain parameters, as a JSON object"}
    )

    def __post_init__(self) -> None:
        provider, _, model = self.name.partition(":")
        if not provider or not model:
            raise ConfigError(f"expected provider:model, got {self.name!r}")
        if (self.input_price is None) != (self.output_price is None):
            raise ConfigError(f"{self.name}: input_price and output_price go together")
        if self.cached_price is not None and self.input_price is None:
            raise ConfigError(f"{self.name}: cached_price needs input_price and output_price")
        if self.batch and provider not in ENDPOINTS:
            raise ConfigError(f"{self.name}: only {' and '.join(ENDPOINTS)} take batches")
        _clients.checked_url(self.base_url)
        _clients.extra_parameters(self.parameters)

    @property
    def window(self) -> int:
        """The context window in tokens; UNKNOWN_WINDOW where only the provider knows."""
        known = self.context_window or prices.context_window(self.name, self.base_url)
        return known or UNKNOWN_WINDOW

    @property
    def at_once(self) -> int:
        """How many calls at once it takes: waiting for batches costs next to nothing."""
        return self.batch_concurrency if self.batch else self.concurrency

    def check(self) -> None:
        """Raise ConfigError where key, package or provider is missing; asks nobody.

        Except, with ``batch``, a server of one's own: whether it takes any.
        """
        client = self._client(Request(""))
        if self.batch:
            check_batches(self.name, self.base_url, client)

    def count(self, text: str) -> int:
        """Count tokens in the model's encoding, or in the nearest that is bundled."""
        return count_tokens(text, self.encoding or _clients.encoding_of(self.name))

    def dollars(self, usage: Usage) -> float | None:
        """Price one call's tokens; None where price or tokens are unknown."""
        return prices.price(
            self.name, usage, self._prices(), base_url=self.base_url, batch=self.batch
        )

    def complete(self, request: Request) -> Completion:
        """Answer one request, retrying what may pass; every attempt counts as a call."""
        streams = self.streams and not self.batch
        call = self._call(request, streams)
        if not streams:
            # an earlier call's first token must not stand for this answer
            meter.current().first_token = None
        usage = None
        try:
            reading = call.whole(mark=streams)
            usage = self._usage(reading, call.made)
            return self._completion(request, reading, usage)
        finally:
            self._charge(request, call, usage)

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer independent requests, at most ``at_once`` at a time."""
        for request in requests[:1]:
            self._ready(request)
        return meter.side_by_side(self.complete, requests, self.at_once)

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the reply as it arrives, and charge for it when it ends or is given up."""
        if self.batch:
            yield self.complete(request).text
            return
        call = self._call(request, True)
        usage = None
        try:
            yield from call.pieces()
            usage = self._usage(call.reading, call.made)
            call.reading.check_refusal(self.name)
        except GeneratorExit:
            usage = Usage(None, None, None, None, call.made, None)
            raise
        finally:
            self._charge(request, call, usage)

    def _client(self, request: Request) -> BaseChatModel:
        provider, _, model = self.name.partition(":")
        chosen = request.temperature if self.temperature is None else self.temperature
        return _clients.client(
            _clients.Settings(
                provider=provider,
                model=model,
                base_url=self.base_url,
                key=_clients.key_for(self.name, self.base_url, self.key_env),
                timeout=self.timeout,
                temperature=chosen,
                max_tokens=request.max_tokens,
                seed=request.seed,
                logprobs=request.logprobs,
                parameters=self.parameters,
                batch=self.batch,
            )
        )

    def _ready(self, request: Request) -> BaseChatModel:
        """Build the client apart from latency: importing a provider's package takes a second."""
        with meter.wait():
            return self._client(request)

    def _call(self, request: Request, streams: bool) -> Call:
        self._check_window(request)
        client = self._ready(request)
        if request.logprobs and not _clients.has_setting(client, "logprobs"):
            raise UnsupportedRequest(f"{self.name}: LangChain offers no logprobs for this provider")
        send = self._sender(client, request, streams)
        patience = Patience(self.attempts, self.pause, self.longest_pause)
        if self.batch:
            settings = Settings(self.batch_size, self.batch_wait, self.batch_poll, patience)
            return BatchedCall(self.name, send, client, settings)
        return Call(
            self.name,
            send,
            openai_stream=streams and _clients.is_openai_like(client),
            patience=patience,
            timeout=self.timeout,
            gate=self._gate(request),
        )

    def _gate(self, request: Request) -> Gate:
        endpoint, text = f"{self.name} {self.base_url}".strip(), rendered_text(request)
        pace = Pace(endpoint, self.requests_per_minute, self.tokens_per_minute)
        tokens = self.count(text) + request.max_tokens if self.tokens_per_minute else 0
        return Gate(slots_of(endpoint, self.concurrency), pace, len(text), tokens)

    def _check_window(self, request: Request) -> None:
        if self.context_window is None:
            return
        needed = self.count(rendered_text(request)) + request.max_tokens
        if needed > self.context_window:
            raise WindowError(
                f"{self.name}: {needed:,} tokens with the reply's {request.max_tokens:,} "
                f"exceed the context window of {self.context_window:,}"
            )

    def _sender(
        self, client: BaseChatModel, request: Request, streams: bool
    ) -> Callable[[], Iterable[Any]]:
        turns: list[Any] = list(messages(request))
        asked: Any = client
        if request.tools:
            try:
                asked = client.bind_tools([dict(tool) for tool in request.tools])
            except NotImplementedError:
                raise UnsupportedRequest(f"{self.name}: this provider takes no tools") from None
        return lambda: asked.stream(turns) if streams else [asked.invoke(turns)]

    def _completion(self, request: Request, reading: Reading, usage: Usage) -> Completion:
        reading.check_refusal(self.name)
        if request.logprobs and reading.text and not reading.logprobs:
            raise UnsupportedRequest(f"{self.name}: the server sent no logprobs")
        called = bool(reading.tool_calls) or reading.reason in CALLED
        finish: Literal["stop", "length", "tool_calls"] = "tool_calls" if called else "stop"
        return Completion(
            reading.text,
            usage,
            finish="length" if reading.reason in CUT else finish,
            evidence=cited(reading.text, request.passages) if request.wants == "evidence" else (),
            logprobs=tuple(reading.logprobs),
            tool_calls=reading.tool_calls,
        )

    def _usage(self, reading: Reading, calls: int) -> Usage:
        usage = reading.usage(calls)
        paid = prices.price(
            self.name,
            usage,
            self._prices(),
            base_url=self.base_url,
            written_tokens=reading.written_tokens,
            batch=self.batch,
        )
        return replace(usage, dollars=paid)

    def _prices(self) -> prices.Prices | None:
        if self.input_price is None or self.output_price is None:
            return None
        return prices.Prices(self.input_price, self.output_price, self.cached_price)

    def _charge(self, request: Request, call: Call, usage: Usage | None) -> None:
        """Bill a call; one that brought no reply cost its attempts and no tokens known of."""
        said = [self.name]
        if usage:
            said.append(f"{_said(usage.input_tokens)} tokens in, {_said(usage.output_tokens)} out")
        if call.troubles:
            said.append(f"attempts that failed: {', '.join(call.troubles)}")
        said += [f"batch {batch}" for batch in call.batches]
        prompt = prompt_digest(request)
        seconds = None if self.batch else call.seconds
        step = Step("model call", seconds, "; ".join(said), prompt=prompt)
        if self.batch:
            meter.current().mark_stored_reply()
        meter.current().charge(usage or Usage(calls=call.made), step)


def _said(count: int | None) -> str:
    return "unknown (not in the reply)" if count is None else f"{count:,}"
