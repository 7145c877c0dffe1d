"""What providers raise, turned into our errors: named, in one line, without any key.

Exceptions are told apart by their HTTP status and by the names of their classes, so that no
provider's package is imported to catch what it raises.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from crossover.errors import (
    ModelError,
    ProviderError,
    RefusedError,
    UnsupportedRequest,
    WindowError,
)

LONGEST_MESSAGE = 300
READ = 20_000
TRANSIENT = ("rate_limit", "timeout", "connection", "server")
MEANINGS = {
    "rate_limit": "the provider's rate limit is reached",
    "quota": "the account's quota is used up",
    "timeout": "no whole reply in time; the option timeout allows more seconds",
    "connection": "the connection failed",
    "server": "the provider's server failed",
    "authentication": "the key was not accepted",
    "not_found": "the provider does not know this model or address",
    "bad_request": "the provider rejected the request",
    "bad_reply": "the reply cannot be read",
    "unexpected": "the provider's package failed",
    "batch_invalid": "the provider rejected the batch",
    "batch_expired": "the batch expired before this request was answered",
    "batch_cancelled": "the batch was cancelled before this request was answered",
    "batch_incomplete": "the batch's output lacks this request",
    "batch_ambiguous": "the batch's output has two replies to this request",
}
STATUSES = {401: "authentication", 402: "quota", 403: "authentication", 404: "not_found"} | {
    408: "timeout", 409: "server", 425: "server", 429: "rate_limit", 504: "timeout"
}  # fmt: skip
# in this order: a timeout is a connection error too, and a parser's error is a ValueError
CLASSES = (
    (r"Timeout", "timeout"),
    (r"^Model(Authentication|PermissionDenied)Error$", "authentication"),
    (r"^ModelNotFoundError$", "not_found"),
    (r"RateLimitError$", "rate_limit"),
    (r"^ModelInvalidRequestError$", "bad_request"),
    (r"^ModelAPIError$", "server"),
    (
        r"Connect|^(Transport|Protocol|Read|Write)Error$|^IncompleteRead$|ChunkedEncoding",
        "connection",
    ),
    (r"^(Value|Lookup|Type|Attribute)Error$|Validation", "bad_reply"),
    (r"^APIError$", "server"),
)
OVERFLOW = re.compile(
    r"context_length_exceeded|maximum context length|context (window|length|size|limit)"
    r"|(prompt|input|request) (is )?too (long|large)|request_too_large|too large for model"
    r"|token count .{0,40}exceeds"
    r"|exceeds? the (maximum|configured|model).{0,30}(token|length|limit)"
    r"|range of input length|`inputs` tokens|reduce the length",
    re.IGNORECASE,
)
FILTERED = re.compile(
    r"content_?filter|content.management.policy|ResponsibleAI|safety system|content policy|flagged",
    re.IGNORECASE,
)
UNSUPPORTED = re.compile(
    r"(?=.*(tool|function|logprob))(?=.*(not (be )?support|unsupported|unrecogni[sz]ed|unknown|"
    r"not permitted|not available|no endpoints))",
    re.IGNORECASE | re.DOTALL,
)
KEYS = re.compile(
    r"\b(sk|pk|rk|gsk|xai|hf|pplx|csk|nvapi|key)[-_][\w*.-]{6,}|\bAIza[\w-]{20,}|\bAKIA\w{12,}"
    r"|(?<=Bearer )\S{6,}|\b(?=\w*\d)(?=\w*[A-Za-z])\w{32,}",
    re.IGNORECASE,
)
SECRET_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)


class Failed(Exception):
    """One attempt that failed: our error, whether another attempt may help, and after how long."""

    def __init__(self, error: ModelError, again: bool = False, pause: float | None = None) -> None:
        self.error = error
        self.again = again
        self.pause = pause
        super().__init__(str(error))


@dataclass(frozen=True)
class _Trouble:
    """What is known of an exception before it has a name."""

    status: int | None
    classes: tuple[str, ...]
    text: str
    code: str


def failed(error: Exception, model: str) -> Failed:
    """Name what an attempt raised; ``model`` begins the message."""
    if isinstance(error, ModelError):
        return Failed(error, isinstance(error, ProviderError) and error.name in TRANSIENT)
    trouble = _trouble(error)
    text = shortened(trouble.text)
    if special := _special(trouble):
        return Failed(special(f"{model}: {text}"))
    name = _name(trouble)
    status = f" ({trouble.status})" if trouble.status else ""
    found = ProviderError(name, f"{model}: {MEANINGS[name]}{status}: {text}")
    return Failed(found, name in TRANSIENT, _retry_after(error))


def shortened(text: str) -> str:
    """One line of a foreign message, keys masked, at most ``LONGEST_MESSAGE`` characters."""
    line = masked(" ".join(text[:READ].split()))
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}…"


def masked(text: str) -> str:
    """Blot out whatever looks like a key, and the value of every secret in the environment."""
    for name, value in os.environ.items():
        if len(value) >= 8 and SECRET_VARIABLE.search(name):
            text = text.replace(value, "•••")
    return KEYS.sub("•••", text)


def _special(trouble: _Trouble) -> type[ModelError] | None:
    said = f"{trouble.code} {trouble.text}"
    if trouble.status in (401, 402, 403, 404, 429):
        return UnsupportedRequest if trouble.status == 404 and UNSUPPORTED.search(said) else None
    if "ContextOverflowError" in trouble.classes or trouble.status == 413:
        return WindowError
    if trouble.status is None and not {"APIError", "ModelError"} & set(trouble.classes):
        return None
    patterns = (
        (OVERFLOW, WindowError),
        (FILTERED, RefusedError),
        (UNSUPPORTED, UnsupportedRequest),
    )
    return next((kind for pattern, kind in patterns if pattern.search(said)), None)


def _name(trouble: _Trouble) -> str:
    if "insufficient_quota" in trouble.code:
        return "quota"
    if trouble.status:
        other = "bad_request" if trouble.status < 500 else "server"
        return STATUSES.get(trouble.status, other)
    if "rate_limit" in trouble.code:
        return "rate_limit"
    for pattern, name in CLASSES:
        if any(re.search(pattern, each) for each in trouble.classes):
            return name
    return "unexpected"


def _trouble(error: Exception) -> _Trouble:
    body = getattr(error, "body", None)
    detail = body.get("error", body) if isinstance(body, Mapping) else {}
    detail = detail if isinstance(detail, Mapping) else {"message": str(detail)}
    response = getattr(error, "response", None)
    candidates = (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "code", None),
        detail.get("code"),
    )
    return _Trouble(
        status=next((status for each in candidates if (status := _status(each))), None),
        classes=tuple(kind.__name__ for kind in type(error).__mro__),
        text=str(detail.get("message") or error) or type(error).__name__,
        code=f"{detail.get('code', '')} {detail.get('type', '')}",
    )


def _status(value: object) -> int | None:
    digits = str(value)
    return int(digits) if re.fullmatch(r"[45]\d\d", digits) else None


def _retry_after(error: Exception) -> float | None:
    """Seconds that the provider asks to wait, where it says so."""
    headers: Mapping[str, Any] = getattr(getattr(error, "response", None), "headers", None) or {}
    said = str(headers.get("retry-after", "")).strip()
    if re.fullmatch(r"\d+(\.\d+)?", said):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
