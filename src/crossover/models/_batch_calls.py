"""A call whose request is answered in a batch.

LangChain and the provider's package write the request and read the reply as ever: only the HTTP
client between them is another one, which hands the request to a collector and waits. A batched
call so differs from another in nothing but the way that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from crossover import meter
from crossover.errors import ConfigError, CrossoverError, ModelError
from crossover.keeping import once_kept
from crossover.models._batch_protocols import ENDPOINTS, Reply, protocol
from crossover.models._batch_tickets import Settings, Ticket
from crossover.models._batches import WATCHED, Collector
from crossover.models._calls import Call, Reading
from crossover.models._failures import Failed, failed
from crossover.models._gate import Gate
from crossover.models._pace import Pace
from crossover.models._slots import Slots

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# what servers say that know nothing of batches
UNKNOWN = (404, 405, 501)
_collectors: dict[tuple[object, ...], Collector] = {}
_lock = Lock()


@dataclass
class Asking:
    """A call under way: whose collector its request goes to, and what it got there."""

    name: str
    sdk: Any
    settings: Settings
    ticket: Ticket | None = None
    failure: Exception | None = None

    def reply(self, path: str, beta: str, body: dict[str, Any]) -> Reply:
        """Have a request answered in a batch; raises, and notes, what became of it instead."""
        try:
            return self._reply(path, beta, body)
        except Exception as error:
            # the provider's package makes a failed connection of whatever comes up here
            self.failure = error
            raise

    def _reply(self, path: str, beta: str, body: dict[str, Any]) -> Reply:
        known = ENDPOINTS[self.name.partition(":")[0]]
        endpoint = next((known[end] for end in known if path.endswith(end)), "")
        if not endpoint:
            raise ConfigError(f"{self.name}: no batch takes what goes to {path}")
        self.ticket = self._collector(endpoint, beta).ask(body)
        if isinstance(self.ticket.result, Reply):
            return self.ticket.result
        raise self.ticket.result or AssertionError("a ticket without a result was handed out")

    def _collector(self, endpoint: str, beta: str) -> Collector:
        place = f"{self.sdk.base_url} {endpoint} {beta}"
        key = (self.name, place, self.sdk.api_key, self.settings)
        with _lock:
            if key not in _collectors:
                provider = self.name.partition(":")[0]
                batches = protocol(provider, self.sdk, endpoint, beta, self.name)
                _collectors[key] = Collector(self.name, place, batches, self.settings)
            return _collectors[key]


_asking: ContextVar[Asking | None] = ContextVar("crossover_batched_call", default=None)


class BatchedCall(Call):
    """One request, put into batches until it is answered or there is no point in going on."""

    def __init__(
        self,
        model: str,
        send: Callable[[], Iterable[Any]],
        client: BaseChatModel,
        settings: Settings,
    ) -> None:
        super().__init__(
            model,
            send,
            openai_stream=False,
            patience=settings.patience,
            timeout=0,
            gate=Gate(Slots(1), Pace(model)),
        )
        self._sdk = package_client(client)
        self._settings = settings

    def _read_whole(self, mark: bool) -> Reading:
        self.made += 1
        self.reading = Reading(False)
        with self._gathered() as asking:
            try:
                for message in self._send():
                    self.reading.add(message)
            except Exception as error:
                raise self._trouble(asking, error) from None
            finally:
                self._note(asking)
        return self.reading

    @contextmanager
    def _gathered(self) -> Iterator[Asking]:
        asking = Asking(self.model, self._sdk, self._settings)
        token = _asking.set(asking)
        try:
            yield asking
        finally:
            _asking.reset(token)

    def _note(self, asking: Asking) -> None:
        if ticket := asking.ticket:
            self.batches.append(ticket.batch.id or "that never began")
            once_kept(ticket.kept)

    def _trouble(self, asking: Asking, error: Exception) -> Exception:
        """What became of the request: the batch's word, or what reading the reply raised."""
        found = asking.failure or error
        if isinstance(found, CrossoverError) and not isinstance(found, ModelError):
            return found
        trouble = found if isinstance(found, Failed) else failed(found, self.model)
        self.troubles.append(trouble.error.outcome.removeprefix("failed:"))
        return trouble

    def _sleep(self, seconds: float) -> None:
        with meter.wait():
            meter.pause(seconds, WATCHED)


def package_client(client: Any) -> Any:
    """The provider's own client inside LangChain's."""
    return client.root_client if hasattr(client, "root_client") else client._client


def gathering(client: Any) -> Any:
    """LangChain's client, with an HTTP client that knows of batches in the provider's one."""
    sdk = package_client(client)
    batching = sdk.with_options(http_client=_http_client(sdk))
    if hasattr(client, "root_client"):
        client.root_client, client.client = batching, batching.chat.completions
    else:
        vars(client)["_client"] = batching
    return client


def _http_client(sdk: Any) -> Any:
    """Another HTTP client before the one that the package uses, which keeps its settings."""
    package, inner = import_module(type(sdk).__module__.partition(".")[0]), sdk._client

    class Gathering(package.DefaultHttpxClient):  # type: ignore[misc, name-defined]
        def send(self, request: Any, **options: Any) -> Any:
            asking = _asking.get()
            if asking is None:
                return inner.send(request, **options)
            body = json.loads(request.read())
            beta = request.headers.get("anthropic-beta", "")
            reply = asking.reply(request.url.path, beta, body)
            # OpenAI's package may build on httpx or on what follows it
            responses = import_module(type(request).__module__.partition(".")[0])
            return responses.Response(reply.status, json=reply.body, request=request)

    return Gathering()


def check_batches(name: str, base_url: str, client: BaseChatModel) -> None:
    """Raise ConfigError where a server of one's own says that it knows no batches.

    The providers' own servers are not asked; one that cannot be reached says nothing.
    """
    if not base_url:
        return
    message = f"{name}: the server at {base_url} has no batch endpoint; leave batch out"
    batches = protocol(name.partition(":")[0], package_client(client), "", "", name)
    try:
        batches.probe()
    except ValueError:
        raise ConfigError(message) from None
    except Exception as error:
        if getattr(error, "status_code", None) in UNKNOWN:
            raise ConfigError(message) from None
