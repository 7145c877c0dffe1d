"""What a client is told when there is no answer: a status, a name and a fixed sentence.

Messages of providers and of exceptions are not passed on: they may hold addresses, keys or text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from crossover.types import Answer


@dataclass(frozen=True)
class Problem:
    """Why a request ends without a result; ``outcome`` is the answer's, where there was one."""

    status: int
    code: str
    message: str
    outcome: str = ""
    param: str | None = None
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What belongs to the status."""
        found = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return found | ({"WWW-Authenticate": "Bearer"} if self.status == 401 else {})

    def content(self, request_id: str) -> dict[str, Any]:
        """The one form of every error, OpenAI's with a request id and the outcome."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error: dict[str, Any] = {"message": self.message, "type": kind, "param": self.param}
        error |= {"code": self.code, "request_id": request_id}
        return {"error": error | ({"outcome": self.outcome} if self.outcome else {})}

    def body(self, request_id: str) -> bytes:
        """The same as bytes: ASCII, so that any text that a client sent can be named."""
        return json.dumps(self.content(request_id)).encode("ascii")


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.status} {problem.code}")


INTERNAL = Problem(500, "internal", "the server failed; its log names the place")
BUSY = Problem(503, "busy", "too many requests at once; ask again shortly", retry_after=1)
LATE = Problem(504, "timeout", "no answer in the time that this server allows")
UNREADABLE = Problem(400, "malformed", "the body is no JSON object in UTF-8")
SLOW = Problem(408, "slow_body", "the body did not arrive in time")
UNAUTHORISED = Problem(401, "unauthorized", "a valid token is needed: Authorization: Bearer TOKEN")
NOT_JSON = Problem(415, "not_json", "send Content-Type: application/json, not encoded")
CLOSED = Problem(499, "client_closed", "the client has closed the connection")
FOREIGN_HOST = Problem(421, "foreign_host", "without a token only loopback addresses are answered")


def too_large(limit: int) -> Problem:
    """A body over the limit."""
    return Problem(413, "body_too_large", f"a body may have {limit:,} bytes at most")


# by outcome, or by its part before the colon: status, code, sentence
OUTCOMES: dict[str, tuple[int, str, str]] = {
    "overflow": (400, "context_length_exceeded", "the documents exceed the model's window"),
    "refused": (422, "refused", "the model or its provider refused to answer"),
    "unsupported": (422, "unsupported", "this model cannot serve this kind of question"),
    "stopped:seconds": (504, "timeout", LATE.message),
    "stopped": (422, "limit_reached", "a limit was reached before there was an answer"),
    "failed:timeout": (504, "model_timeout", "the model did not answer in time"),
    "failed:rate_limit": (503, "model_rate_limit", "the model's rate limit is reached"),
    "failed:quota": (503, "model_quota", "the model's quota is used up"),
    "failed:connection": (503, "model_unreachable", "the model cannot be reached"),
    "failed:internal": (500, "internal", INTERNAL.message),
    "failed:memory": (503, "out_of_memory", "this machine is out of memory"),
    "failed:configuration": (500, "configuration", "a strategy cannot be used as configured"),
    "failed": (502, "model_failed", "the model failed"),
}
AGAIN = {"failed:rate_limit": 10, "failed:quota": 60, "failed:connection": 5}


def problem_of(answer: Answer) -> Problem:
    """What an answer that cannot be used means to the client."""
    outcome = answer.outcome
    found = OUTCOMES.get(outcome) or OUTCOMES.get(outcome.partition(":")[0]) or OUTCOMES["failed"]
    return Problem(*found, outcome=outcome, retry_after=AGAIN.get(outcome))
