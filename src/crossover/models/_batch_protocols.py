"""The batch endpoints of OpenAI and Anthropic, spoken through the providers' own packages."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from crossover.errors import ProviderError
from crossover.models._failures import MEANINGS, Failed, shortened

# where each provider takes what its package posts, and under which name a batch asks for it
ENDPOINTS = {
    "openai": {"/chat/completions": "/v1/chat/completions", "/responses": "/v1/responses"},
    "anthropic": {"/messages": "/v1/messages"},
}
# a later batch may answer what an expired one did not; nobody was billed for it
PASSING = ("batch_expired",)
# after these nobody knows whether a batch has begun
DOUBTFUL = ("timeout", "connection", "server", "bad_reply")
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
LABEL = "crossover"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request: what the unbatched endpoint would have sent."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Ended:
    """A batch that is over: how, and all that it says of each request, by custom id.

    ``how`` is ``completed`` or the name of a failure; ``blamed`` are the requests (by place, from
    1) for which the whole batch was rejected. ``cut``: the output holds a line that is none.
    """

    how: str
    message: str = ""
    replies: Mapping[str, list[Reply | Failed]] = field(default_factory=dict)
    blamed: frozenset[int] = frozenset()
    cut: bool = False


class Batches(Protocol):
    """A provider's batch endpoint. What its package raises passes through."""

    findable: bool

    def prepare(self, requests: Mapping[str, Mapping[str, Any]]) -> Any:
        """Make ready what a batch is created from: requests by custom id. Costs nothing."""

    def create(self, prepared: Any, label: str) -> str:
        """Have a batch begin; returns its id."""

    def find(self, label: str) -> str | None:
        """The id of the batch that was created with this label."""

    def ended(self, batch: str) -> Ended | None:
        """What came of a batch; None while it goes on."""

    def probe(self) -> Any:
        """Ask for a list of batches: what a server without any doesn't know."""


def protocol(provider: str, sdk: Any, endpoint: str, beta: str, model: str) -> Batches:
    """The batches of a provider; ``beta`` are the features that Anthropic's requests name."""
    if provider == "openai":
        return OpenAIBatches(sdk, endpoint, model)
    return AnthropicBatches(sdk, beta, model)


def batch_failure(name: str, model: str, detail: str = "", again: bool | None = None) -> Failed:
    """A named failure of a batch; whether another batch may help depends on the name."""
    said = f": {shortened(detail)}" if detail else ""
    error = ProviderError(name, f"{model}: {MEANINGS[name]}{said}")
    return Failed(error, name in PASSING if again is None else again)


def not_found(error: Exception) -> bool:
    return isinstance(error, Failed) and error.error.outcome == "failed:not_found"


def unanswered(error: Exception, trouble: Failed) -> bool:
    """Whether a request may have done its work although no readable answer came."""
    names = set[str]()
    cause: BaseException | None = error
    while cause:
        names.add(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    unreached = names & {"ConnectError", "ConnectTimeout"}
    return not unreached and trouble.error.outcome.removeprefix("failed:") in DOUBTFUL


def of_all(trouble: Failed) -> Failed:
    """What is said of a batch as a whole, which no single request overflowed or was refused for."""
    if isinstance(trouble.error, ProviderError) and trouble.error.name != "bad_request":
        return trouble
    return Failed(ProviderError("batch_invalid", str(trouble.error)))


@dataclass(frozen=True, slots=True)
class OpenAIBatches(Batches):
    """A file of requests goes up, files of replies and of errors come down."""

    sdk: Any
    endpoint: str
    model: str
    findable = True

    def prepare(self, requests: Mapping[str, Mapping[str, Any]]) -> str:
        """Upload the requests; returns the file's id."""
        about = {"method": "POST", "url": self.endpoint}
        lines = (
            json.dumps({"custom_id": custom_id, **about, "body": body}, ensure_ascii=False)
            for custom_id, body in requests.items()
        )
        file = ("requests.jsonl", "\n".join(lines).encode(), "application/jsonl")
        return str(self.sdk.files.create(file=file, purpose="batch").id)

    def create(self, prepared: Any, label: str) -> str:
        """Have the uploaded requests answered within a day."""
        made = self.sdk.batches.create(
            input_file_id=prepared,
            endpoint=self.endpoint,
            completion_window="24h",
            metadata={LABEL: label},
        )
        return str(made.id)

    def find(self, label: str) -> str | None:
        """The id of the batch with this label among the latest hundred."""
        for batch in self.sdk.batches.list(limit=100).data:
            if (batch.metadata or {}).get(LABEL) == label:
                return str(batch.id)
        return None

    def ended(self, batch: str) -> Ended | None:
        """What came of a batch; None while it goes on."""
        found = self.sdk.batches.retrieve(batch)
        if found.status == "failed":
            return self._rejected(found)
        if found.status not in ("completed", "expired", "cancelled"):
            return None
        files = (file for file in (found.output_file_id, found.error_file_id) if file)
        texts = [self.sdk.files.content(file).content for file in files]
        lines, cut = _lines(line for text in texts for line in text.splitlines())
        replies: defaultdict[str, list[Reply | Failed]] = defaultdict(list)
        for line in lines:
            replies[str(line.get("custom_id"))].append(self._reply(line))
        how = "completed" if found.status == "completed" else f"batch_{found.status}"
        return Ended(how, replies=replies, cut=cut)

    def probe(self) -> Any:
        """Ask for a list of batches, as JSON."""
        return self.sdk.batches.with_raw_response.list(limit=1).http_response.json()

    def _rejected(self, found: Any) -> Ended:
        errors = list(found.errors.data or ()) if found.errors else []
        blamed = frozenset(error.line for error in errors if error.line)
        said = "; ".join(str(error.message or error.code) for error in errors)
        # too many tokens wait in the account's batches already: that passes
        full = any("limit" in str(error.code) for error in errors)
        return Ended("rate_limit" if full else "batch_invalid", said, blamed=blamed)

    def _reply(self, line: Mapping[str, Any]) -> Reply | Failed:
        response, error = line.get("response"), line.get("error")
        if isinstance(response, Mapping) and response.get("status_code"):
            return Reply(int(response["status_code"]), response.get("body"))
        error = error if isinstance(error, Mapping) else {"message": "neither reply nor error"}
        code = str(error.get("code"))
        if code in ("batch_expired", "batch_cancelled"):
            return batch_failure(code, self.model, str(error.get("message") or ""))
        return Reply(500, {"error": error})


@dataclass(frozen=True, slots=True)
class AnthropicBatches(Batches):
    """Requests go up in one message, a stream of results comes down."""

    sdk: Any
    beta: str
    model: str
    # Anthropic's batches take no label
    findable = False

    def prepare(self, requests: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Put each request next to its id."""
        return [{"custom_id": each, "params": body} for each, body in requests.items()]

    def create(self, prepared: Any, label: str) -> str:
        """Have the requests answered within a day."""
        headers = {"anthropic-beta": self.beta} if self.beta else None
        return str(self.sdk.messages.batches.create(requests=prepared, extra_headers=headers).id)

    def find(self, label: str) -> str | None:
        """Nothing: there are no labels."""
        return None

    def ended(self, batch: str) -> Ended | None:
        """What came of a batch; None while it goes on."""
        if self.sdk.messages.batches.retrieve(batch).processing_status != "ended":
            return None
        with self.sdk.messages.batches.with_streaming_response.results(batch) as stream:
            lines, cut = _lines(stream.iter_lines())
        replies: defaultdict[str, list[Reply | Failed]] = defaultdict(list)
        for line in lines:
            result = line.get("result")
            result = result if isinstance(result, Mapping) else {}
            replies[str(line.get("custom_id"))].append(self._reply(result))
        return Ended("completed", replies=replies, cut=cut)

    def probe(self) -> Any:
        """Ask for a list of batches, as JSON."""
        return self.sdk.messages.batches.with_raw_response.list(limit=1).http_response.json()

    def _reply(self, result: Mapping[str, Any]) -> Reply | Failed:
        kind = result.get("type")
        if kind == "succeeded":
            return Reply(200, result.get("message"))
        if kind in ("expired", "canceled"):
            return batch_failure(f"batch_{str(kind).replace('canceled', 'cancelled')}", self.model)
        error = result.get("error")
        error = error if isinstance(error, Mapping) else {}
        inner = error.get("error", error)
        inner = inner if isinstance(inner, Mapping) else {"message": str(inner)}
        status = STATUSES.get(str(inner.get("type")), 500)
        return Reply(status, {"type": "error", "error": inner})


def _lines(lines: Iterable[str | bytes]) -> tuple[list[dict[str, Any]], bool]:
    """The objects of JSON lines, and whether a line is none (a file that was cut ends in one)."""
    found, cut = list[dict[str, Any]](), False
    for line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            found.append(value)
        else:
            cut = True
    return found, cut
