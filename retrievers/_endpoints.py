"""Embeddings from OpenAI-style endpoints and the other providers that LangChain knows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from crossover import meter, prices
from crossover.errors import ConfigError, ProviderError
from crossover.models._clients import NO_ACCOUNT, key_for
from crossover.models._failures import Failed, failed, shortened
from crossover.models._readers import within
from crossover.retrievers._embedding import Computed, unit
from crossover.tokens import count_tokens
from crossover.types import Step, Usage

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from tenacity import RetryCallState

# those of langchain.embeddings
PROVIDERS = (
    "azure_openai", "bedrock", "cohere", "google_genai", "google_vertexai", "huggingface",
    "mistralai", "ollama", "openai",
)  # fmt: skip
ENCODING = "cl100k_base"
CONCURRENCY = 8
PAUSE, LONGEST_PAUSE = 1.0, 60.0
_reported: ContextVar[list[int] | None] = ContextVar("crossover_embedding_tokens", default=None)


def is_endpoint(model: str) -> bool:
    """Whether this names a provider's model and not one that runs here."""
    provider, colon, _ = model.partition(":")
    return bool(colon) and provider in PROVIDERS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider's embedding model; another host never gets the provider's key."""

    model: str
    base_url: str = ""
    key_env: str = ""
    dimensions: int | None = None
    timeout: float = 60.0
    attempts: int = 5

    @property
    def identity(self) -> str:
        """What makes vectors comparable."""
        return f"{self.model} {self.base_url} {self.dimensions}"

    def dollars(self, tokens: int | None) -> float | None:
        """Price tokens; None where the price list does not know the model or the tokens."""
        return None if tokens is None else prices.price_of_input(self.model, tokens, self.base_url)

    def embed(self, texts: Sequence[str], batch: int) -> Computed:
        """Embed texts in requests of ``batch``; raises ModelError, charges every attempt."""
        import numpy as np

        started = meter.Meter()
        with meter.wait():
            client = _client(self, key_for(self.model, self.base_url, self.key_env))
        parts = [texts[first : first + batch] for first in range(0, len(texts), batch)]
        replies = meter.side_by_side(lambda part: self._asked(client, part), parts, CONCURRENCY)
        vectors = np.array([vector for found, _ in replies for vector in found], dtype="float32")
        tokens = [count for _, counts in replies for count in counts]
        return Computed(unit(vectors), tokens, started.elapsed())

    def _asked(
        self, client: Embeddings, texts: Sequence[str]
    ) -> tuple[list[list[float]], Sequence[int | None]]:
        """Send one request until it is answered or there is no point in going on."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        made: list[float] = []
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=_pause,
            retry=retry_if_exception(lambda e: isinstance(e, Failed) and e.again),
            sleep=_pause_apart,
            reraise=True,
        )
        try:
            return retrying(lambda: self._attempt(client, texts, made))
        except Failed as trouble:
            raise trouble.error from None
        finally:
            detail = f"{self.model}; {len(texts)} texts, {len(made)} attempts"
            step = Step("embedding call", sum(made), detail)
            meter.current().charge(Usage(calls=len(made)), step)

    def _attempt(
        self, client: Embeddings, texts: Sequence[str], made: list[float]
    ) -> tuple[list[list[float]], Sequence[int | None]]:
        reported: list[int] = []
        token, started = _reported.set(reported), time.perf_counter()
        try:
            found = next(within(self.timeout, lambda _: [client.embed_documents(list(texts))]))
            _check(found, texts, self.model)
        except Exception as error:
            raise failed(error, self.model) from None
        finally:
            _reported.reset(token)
            made.append(time.perf_counter() - started)
        return found, _shared(reported, texts)


def _shared(reported: Sequence[int], texts: Sequence[str]) -> list[int | None]:
    """Share out the tokens that a reply reports among its texts; None where it reports none."""
    if not sum(reported):
        return [None] * len(texts)
    counts = list(accumulate((count_tokens(text, ENCODING) + 1 for text in texts), initial=0))
    shares = [sum(reported) * count // counts[-1] for count in counts]
    return [after - before for before, after in pairwise(shares)]


def _check(found: Sequence[Sequence[float]], texts: Sequence[str], model: str) -> None:
    sizes = {len(vector) for vector in found}
    finite = all(math.isfinite(number) for vector in found for number in vector)
    if len(found) != len(texts) or len(sizes) != 1 or 0 in sizes or not finite:
        raise ProviderError("bad_reply", f"{model}: the reply does not hold a vector for each text")


def _pause(state: RetryCallState) -> float:
    from tenacity import wait_exponential, wait_random

    trouble = state.outcome.exception() if state.outcome else None
    if isinstance(trouble, Failed) and trouble.pause is not None:
        return min(trouble.pause, LONGEST_PAUSE)
    growing = wait_exponential(multiplier=PAUSE, max=LONGEST_PAUSE)
    return growing(state) + wait_random(0, PAUSE)(state)


def _pause_apart(seconds: float) -> None:
    with meter.wait():
        time.sleep(seconds)


@lru_cache(maxsize=16)
def _client(endpoint: Endpoint, key: str | None) -> Embeddings:
    """Build LangChain's client; raises ConfigError where its package or a setting is missing."""
    from langchain.embeddings import init_embeddings

    provider, _, model = endpoint.model.partition(":")
    options: dict[str, Any] = {} if key is None else {"api_key": key}
    if endpoint.base_url:
        options["base_url"] = endpoint.base_url
    if provider in ("openai", "azure_openai"):
        options |= _openai(endpoint)
    try:
        return init_embeddings(model, provider=provider, **options)
    except ImportError as error:
        raise ConfigError(f"dense: {endpoint.model}: {shortened(str(error))}") from None
    except ValueError as error:
        raise ConfigError(
            f"dense: {endpoint.model} cannot be set up: {shortened(str(error))}"
        ) from None


def _openai(endpoint: Endpoint) -> dict[str, Any]:
    """Send texts as they are, once, and see how many tokens the reply counts."""
    from openai import DefaultHttpxClient

    found: dict[str, Any] = {
        # tokens instead of text are understood by OpenAI alone, and counting needs a download
        "check_embedding_ctx_length": False,
        "max_retries": 0,
        "timeout": endpoint.timeout,
        "http_client": DefaultHttpxClient(event_hooks={"response": [_count]}),
    }
    if endpoint.dimensions:
        found["dimensions"] = endpoint.dimensions
    return found | ({"default_headers": NO_ACCOUNT} if endpoint.base_url else {})


def _count(response: Any) -> None:
    """Note the tokens that a reply reports, for whoever sent the request."""
    reported = _reported.get()
    if reported is None or response.status_code != 200:
        return
    response.read()
    try:
        used = response.json().get("usage") or {}
        reported.append(int(used.get("prompt_tokens") or used.get("total_tokens") or 0))
    # a reply of another shape is the client's to refuse
    except (ValueError, AttributeError, TypeError):
        return
