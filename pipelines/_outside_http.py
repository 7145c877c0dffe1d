"""Apps of other people's behind HTTP: one question, one POST of JSON, attempts and limits."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crossover import meter
from crossover.errors import ConfigError, ProviderError
from crossover.models._failures import Failed, failed, shortened
from crossover.models._readers import within
from crossover.types import Question

if TYPE_CHECKING:
    import ssl

    import httpx
    from tenacity import RetryCallState

# more is no answer, and must not fill the memory
MOST_BYTES = 20_000_000
LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where an app answers, with which key, and how patiently it is asked."""

    url: str
    key_env: str = ""
    key_header: str = "Authorization"
    timeout: float = 120.0
    attempts: int = 3
    pause: float = 1.0

    def check(self) -> None:
        """Raise ConfigError where this is no address, or one that holds a password."""
        try:
            parts = urlsplit(self.url)
        except ValueError as error:
            raise ConfigError(f"external: url={self.url}: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"external: url={self.url!r} must begin with http:// or https://")
        if parts.username or parts.password:
            raise ConfigError(
                "external: url holds a password: options are stored and printed, so put the key "
                "into an environment variable and its name into key_env"
            )

    def ask(self, body: Mapping[str, object], made: list[float]) -> Any:
        """Send a question until it is answered; ``made`` gets the seconds of every attempt."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        headers = self._headers()
        with meter.wait():
            _certificates()
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception(lambda e: isinstance(e, Failed) and e.again),
            sleep=_pause_apart,
            reraise=True,
        )
        try:
            return retrying(lambda: self._attempt(body, headers, made))
        except Failed as trouble:
            raise trouble.error from None

    def _headers(self) -> dict[str, str]:
        if not self.key_env:
            return {}
        key = os.environ.get(self.key_env, "").strip()
        if not key:
            raise ConfigError(f"external: {self.url} needs {self.key_env} in the environment")
        bearer = self.key_header.lower() == "authorization"
        return {self.key_header: f"Bearer {key}" if bearer else key}

    def _attempt(
        self, body: Mapping[str, object], headers: Mapping[str, str], made: list[float]
    ) -> Any:
        started = time.perf_counter()
        try:
            data = b"".join(within(self.timeout, lambda _: self._sent(body, headers)))
            return _parsed(data)
        except Exception as error:
            raise failed(error, f"external: {_host(self.url)}") from None
        finally:
            made.append(time.perf_counter() - started)

    def _sent(self, body: Mapping[str, object], headers: Mapping[str, str]) -> Iterator[bytes]:
        """Post it and yield the body of the reply, as much as may come."""
        import httpx

        # a client of its own: cookies must not tie questions together
        with (
            httpx.Client(timeout=self.timeout, verify=_certificates()) as client,
            client.stream("POST", self.url, json=body, headers=headers) as response,
        ):
            _check(response)
            size = 0
            for part in response.iter_bytes():
                size += len(part)
                if size > MOST_BYTES:
                    raise ProviderError(
                        "bad_reply", f"external: the reply has more than {MOST_BYTES:,} bytes"
                    )
                yield part

    def _wait(self, state: RetryCallState) -> float:
        from tenacity import wait_exponential

        trouble = state.outcome.exception() if state.outcome else None
        asked = trouble.pause if isinstance(trouble, Failed) else None
        if asked is not None:
            return min(asked, LONGEST_PAUSE)
        growing = wait_exponential(multiplier=self.pause, max=LONGEST_PAUSE)
        return growing(state)


def body_of(
    question: Question, text: str, documents: bool, question_field: str, more: Mapping[str, object]
) -> dict[str, object]:
    """What is sent: the question, the documents where asked for, and constant fields."""
    body: dict[str, object] = {**more, question_field or "question": text}
    if documents:
        body["documents"] = [{"id": d.id, "text": d.text} for d in question.documents]
    return body


def _check(response: httpx.Response) -> None:
    """Raise what the status says; a redirect is not followed, as it could take the key along."""
    if response.is_redirect:
        to = shortened(response.headers.get("location", "elsewhere"))
        raise ProviderError("bad_reply", f"external: the address sends on to {to}; name that one")
    if response.is_error:
        said = bytearray()
        for part in response.iter_bytes():
            said += part
            if len(said) > 2000:
                break
        raise _Refused(response, said.decode(errors="replace") or response.reason_phrase)


class _Refused(Exception):
    """A reply with a status of an error."""

    def __init__(self, response: httpx.Response, said: str) -> None:
        self.response = response
        super().__init__(said)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes as long as a short answer."""
    import httpx

    return httpx.create_ssl_context()


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        said = shortened(data[:200].decode(errors="replace"))
        raise ProviderError("bad_reply", f"external: the reply is no JSON: {said!r}") from None


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _pause_apart(seconds: float) -> None:
    with meter.wait():
        time.sleep(seconds)
