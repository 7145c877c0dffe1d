"""What stands before every endpoint: who asks, how much at once, how large, how slow.

It also writes the access log (route, status, time; never a body, an address or a query) and
makes sure that nothing an endpoint raises reaches a client or a log as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossover.app.serving import problems
from crossover.app.serving.figures import Figures
from crossover.app.serving.problems import Problem, Refused
from crossover.app.serving.routing import place_of
from crossover.app.serving.settings import Settings, loopback_header

LOG = logging.getLogger("crossover.serving")
OPEN = ("/health", "/ready")
ASKING = ("/decide", "/answer", "/v1/chat/completions", "/feedback")
ROUTES = (*OPEN, *ASKING, "/v1/models", "/metrics", "/openapi.json")
REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
# how much of a refused body is still read, so that its sender sees the refusal
DRAINED, DRAINING = 64_000_000, 2.0


class Gone(Exception):
    """The client has closed the connection."""


@dataclass
class Seen:
    """One request: what is logged and counted of it. Endpoints add the strategy."""

    route: str
    method: str
    headers: Mapping[bytes, bytes]
    request_id: str
    status: int = 0
    strategy: str = ""
    started: float = field(default_factory=time.perf_counter)
    read: bool = False
    responding: bool = False


def seen(scope: Scope) -> Seen:
    """What the gate knows of a request, for its endpoint."""
    found: Seen = scope["crossover"]
    return found


class Gate:
    """An ASGI middleware; pass it a server's settings and figures."""

    def __init__(self, app: ASGIApp, settings: Settings, figures: Figures) -> None:
        self.app, self.settings, self.figures = app, settings, figures
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it; a web socket is none of ours."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        about = scope["crossover"] = _seen(scope)
        answering = _Answering(about, send)
        try:
            await self._passed(scope, about, receive, answering)
        except Refused as refused:
            await self._refuse(refused.problem, about, receive, answering)
        except Gone:
            about.status = about.status or 499
        # whatever an endpoint raises: its message may hold text, so its place alone is logged
        except Exception as error:
            LOG.error("%s failed: %s request=%s", about.route, place_of(error), about.request_id)
            await self._refuse(problems.INTERNAL, about, receive, answering)
        finally:
            self._note(about)

    async def _passed(
        self, scope: Scope, about: Seen, receive: Receive, answering: _Answering
    ) -> None:
        self._check(about)
        if about.route not in ASKING or about.method != "POST":
            about.read = b"content-length" not in about.headers
            await self.app(scope, receive, answering)
            return
        if self.inside >= self.settings.concurrency + self.settings.waiting:
            raise Refused(problems.BUSY)
        self._enter(1)
        try:
            body = await self._body(about, receive)
            await self.app(scope, _Replayed(body, receive), answering)
        finally:
            self._enter(-1)

    def _enter(self, change: int) -> None:
        self.inside += change
        self.figures.inside.set(self.inside)

    def _check(self, about: Seen) -> None:
        """Raise Refused for who may not ask and for what is no JSON."""
        token = self.settings.token
        if about.route not in OPEN:
            if token and not _same(token, about.headers.get(b"authorization", b"")):
                raise Refused(problems.UNAUTHORISED)
            if not token and not loopback_header(about.headers):
                raise Refused(problems.FOREIGN_HOST)
        if about.route in ASKING and about.method == "POST" and not _is_json(about.headers):
            raise Refused(problems.NOT_JSON)

    async def _body(self, about: Seen, receive: Receive) -> bytes:
        limit = self.settings.max_body
        length = about.headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            raise Refused(problems.too_large(limit))
        body = bytearray()
        try:
            async with asyncio.timeout(self.settings.patience):
                while not about.read:
                    body += await _next(about, receive)
                    if len(body) > limit:
                        raise Refused(problems.too_large(limit))
        except TimeoutError:
            raise Refused(problems.SLOW) from None
        return bytes(body)

    async def _refuse(
        self, problem: Problem, about: Seen, receive: Receive, answering: _Answering
    ) -> None:
        if about.responding:
            return
        headers = {"Content-Type": "application/json", **problem.headers}
        if not about.read:
            headers["Connection"] = "close"
        if not about.read and problem is not problems.SLOW:
            await _drain(about, receive)
        await send_whole(answering, problem.status, problem.body(about.request_id), headers)

    def _note(self, about: Seen) -> None:
        seconds = time.perf_counter() - about.started
        self.figures.requests.labels(about.route, str(about.status or 499)).inc()
        self.figures.request_seconds.labels(about.route).observe(seconds)
        LOG.info(
            "%s %s %s %.0f ms strategy=%s request=%s",
            about.method,
            about.route,
            about.status or 499,
            seconds * 1000,
            about.strategy or "-",
            about.request_id,
        )


class _Answering:
    """Sends a reply, with its request's id, and notes its status."""

    def __init__(self, about: Seen, send: Send) -> None:
        self.about, self.send = about, send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.about.responding, self.about.status = True, message["status"]
            added = (b"x-request-id", self.about.request_id.encode("ascii"))
            message = {**message, "headers": [*message.get("headers", ()), added]}
        await self.send(message)


class _Replayed:
    """The body that was read, then whatever the client does."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body: bytes | None = body
        self.receive = receive

    async def __call__(self) -> Message:
        if self.body is None:
            return await self.receive()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def send_whole(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a reply in one piece."""
    named = {**headers, "Content-Length": str(len(body))}
    raw = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _seen(scope: Scope) -> Seen:
    headers = {name.lower(): value for name, value in scope["headers"]}
    given = headers.get(b"x-request-id", b"")
    known = REQUEST_ID.fullmatch(given)
    request_id = given.decode("ascii") if known else uuid.uuid4().hex
    route = scope["path"] if scope["path"] in ROUTES else "other"
    method = scope["method"] if scope["method"] in ("GET", "POST") else "OTHER"
    return Seen(route, method, headers, request_id)


def _same(token: str, given: bytes) -> bool:
    """Compare in a time that tells nothing, not even the token's length."""
    scheme, _, sent = given.partition(b" ")
    digests = (hashlib.sha256(one).digest() for one in (token.encode(), sent.strip()))
    return hmac.compare_digest(*digests) and scheme.lower() == b"bearer"


def _is_json(headers: Mapping[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" and headers.get(b"content-encoding", b"") in (
        b"",
        b"identity",
    )


async def _next(about: Seen, receive: Receive) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    about.read = not message.get("more_body", False)
    return bytes(message.get("body", b""))


async def _drain(about: Seen, receive: Receive) -> None:
    """Take some of a refused body and forget it: a sender cut off early sees no reply."""
    if b"expect" in about.headers:
        return
    left = DRAINED
    try:
        async with asyncio.timeout(DRAINING):
            while left > 0 and not about.read:
                left -= len(await _next(about, receive))
    except (TimeoutError, Gone):
        return
