"""A scripted OpenAI-compatible endpoint on the loopback: answers well, badly or never.

    with Endpoint(status(429, retry_after=0.1), answer("Paris")) as endpoint:
        load_model(f'openai:any(base_url="{endpoint.url}")')

Behaviours play one per request, the last one again and again. A behaviour is any callable that
takes the request (``Asked``) and the reply to write to (``Out``).
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def prompt(self) -> str:
        """Every message's text, in order."""
        return "\n\n".join(str(message["content"]) for message in self.body.get("messages", []))


class Out:
    """What a behaviour writes its reply with."""

    def __init__(self, handler: BaseHTTPRequestHandler, closed: Event) -> None:
        self._handler = handler
        self._closed = closed

    def head(self, status: int, kind: str, length: int | None = None, **headers: str) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        self._handler.send_header("Connection", "close")
        if length is not None:
            self._handler.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def whole(self, status: int, kind: str, data: bytes, **headers: str) -> None:
        self.head(status, kind, len(data), **headers)
        self.write(data)

    def json(self, status: int, value: object, **headers: str) -> None:
        self.whole(status, "application/json", json.dumps(value).encode(), **headers)

    def event(self, value: object) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.write(f"data: {text}\n\n".encode())

    def pause(self, seconds: float) -> bool:
        """Wait; false when the endpoint closed meanwhile."""
        return not self._closed.wait(seconds)

    def reset(self) -> None:
        """Cut the connection with a TCP reset instead of an orderly end."""
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.connection.close()


Behaviour = Callable[[Asked, Out], None]


class Endpoint:
    """The server; ``requests`` are what was asked, ``log`` a file that outlives this process.

    The log gets one line of JSON per request (its number, body and the time) before the answer.
    """

    def __init__(self, *behaviours: Behaviour, log: Path | None = None, port: int = 0) -> None:
        self._script: tuple[Behaviour, ...] = behaviours or (answer("an answer"),)
        self._log = log
        self._lock = Lock()
        self._asked: list[Asked] = []
        self._closed = Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                endpoint._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients that give up are part of the plan

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def requests(self) -> list[Asked]:
        with self._lock:
            return list(self._asked)

    def play(self, *behaviours: Behaviour) -> Endpoint:
        """Forget what was asked and begin another script at the same address."""
        with self._lock:
            self._script = behaviours
            self._asked = []
        return self

    def __enter__(self) -> Endpoint:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", 0))) or "{}")
        with self._lock:
            asked = Asked(len(self._asked), handler.path, dict(handler.headers), body)
            self._asked.append(asked)
            behaviour = self._script[min(asked.number, len(self._script) - 1)]
            if self._log:
                with self._log.open("a", encoding="utf-8") as lines:
                    line = {"number": asked.number, "time": time.time(), "body": body}
                    lines.write(json.dumps(line) + "\n")
        behaviour(asked, Out(handler, self._closed))


@dataclass(frozen=True)
class answer:  # noqa: N801
    """A good reply, streamed or whole as asked; its parts can be bent by the other options."""

    text: str | Callable[[Asked], str] = "an answer"
    cached: int | None = 0
    reasoning: int | None = 0
    finish: str | None = "stop"
    usage: bool = True
    pause: float = 0.0
    chunk: int = 6
    usage_in_every_chunk: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, asked: Asked, out: Out) -> None:
        text = self.text if isinstance(self.text, str) else self.text(asked)
        if not asked.streams:
            out.json(200, self.whole(asked, text))
            return
        out.head(200, "text/event-stream")
        for event in self.events(asked, text):
            out.event(event)
            if self.pause and not out.pause(self.pause):
                return
        out.event("[DONE]")

    def counts(self, asked: Asked, text: str) -> dict[str, Any]:
        """Count words as tokens, as servers count theirs."""
        prompt, completion = len(asked.prompt.split()), len(text.split())
        counts: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        if self.cached is not None:
            counts["prompt_tokens_details"] = {"cached_tokens": self.cached}
        if self.reasoning is not None:
            counts["completion_tokens_details"] = {"reasoning_tokens": self.reasoning}
        return counts

    def whole(self, asked: Asked, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, **self.extra}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        reply = {"id": "r", "object": "chat.completion", "created": 1, "choices": [choice]}
        reply["model"] = asked.body.get("model", "")
        return reply | ({"usage": self.counts(asked, text)} if self.usage else {})

    def events(self, asked: Asked, text: str) -> Iterator[dict[str, Any]]:
        base = {"id": "r", "object": "chat.completion.chunk", "created": 1}
        base["model"] = asked.body.get("model", "")
        wanted = bool((asked.body.get("stream_options") or {}).get("include_usage"))
        counts = {"usage": self.counts(asked, text)} if self.usage and wanted else {}
        every = counts if self.usage_in_every_chunk else {}

        def event(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
            return base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

        yield event({"role": "assistant", "content": "", **self.extra})
        for start in range(0, len(text), self.chunk):
            yield event({"content": text[start : start + self.chunk]}) | every
        yield event({}, self.finish) | every
        if counts:
            yield base | {"choices": []} | counts


def status(
    code: int,
    message: str = "no",
    *,
    kind: str = "error",
    error_code: str | None = None,
    retry_after: float | str | None = None,
) -> Behaviour:
    """An error in OpenAI's form."""

    def behave(asked: Asked, out: Out) -> None:
        headers = {} if retry_after is None else {"Retry_After": str(retry_after)}
        error = {"message": message, "type": kind, "param": None, "code": error_code}
        out.json(code, {"error": error}, **headers)

    return behave


def raw(data: bytes, kind: str = "application/json", code: int = 200) -> Behaviour:
    """Exactly these bytes."""
    return lambda asked, out: out.whole(code, kind, data)


def hang(seconds: float = 60.0) -> Behaviour:
    """Nothing at all for so long."""

    def behave(asked: Asked, out: Out) -> None:
        out.pause(seconds)

    return behave


def drip(text: str = "x" * 500, pause: float = 0.05) -> Behaviour:
    """A character at a time: every read is quick, the whole is slow."""
    return answer(text, pause=pause, chunk=1)


def slow_bytes(pause: float = 0.05) -> Behaviour:
    """A whole reply, byte by byte."""

    def behave(asked: Asked, out: Out) -> None:
        data = json.dumps(answer().whole(asked, "an answer")).encode()
        out.head(200, "application/json", len(data))
        for byte in data:
            out.write(bytes([byte]))
            if not out.pause(pause):
                return

    return behave


def reset(after: int = 2) -> Behaviour:
    """A connection reset, after that many events of a stream or half of a whole reply."""

    def behave(asked: Asked, out: Out) -> None:
        _partial(asked, out, after)
        out.pause(0.05)
        out.reset()

    return behave


def broken_off(after: int = 2) -> Behaviour:
    """A stream that ends in good order, but too early; a whole reply that is cut."""
    return lambda asked, out: _partial(asked, out, after)


def truncated_json() -> Behaviour:
    """A reply whose JSON stops in the middle, in a body or event that claims to be whole."""

    def behave(asked: Asked, out: Out) -> None:
        data = json.dumps(answer().whole(asked, "an answer"))[:60].encode()
        if not asked.streams:
            return out.whole(200, "application/json", data)
        out.head(200, "text/event-stream")
        return out.write(b"data: " + data + b"\n\n")

    return behave


def web_page() -> Behaviour:
    """A login page instead of an API."""
    return raw(b"<html><body>Please log in</body></html>", "text/html")


def no_choices() -> Behaviour:
    """A reply without any choice."""

    def behave(asked: Asked, out: Out) -> None:
        reply = answer().whole(asked, "") | {"choices": []}
        if not asked.streams:
            return out.json(200, reply)
        out.head(200, "text/event-stream")
        out.event(reply | {"object": "chat.completion.chunk"})
        return out.event("[DONE]")

    return behave


def error_in_stream(message: str = "overloaded", code: object = "server_error") -> Behaviour:
    """An error in the middle of a stream that began well."""

    def behave(asked: Asked, out: Out) -> None:
        out.head(200, "text/event-stream")
        out.event(next(answer().events(asked, "an answer")))
        out.event({"error": {"message": message, "type": "error", "code": code}})

    return behave


def _partial(asked: Asked, out: Out, after: int) -> None:
    text = "a fairly long answer"
    if asked.streams:
        out.head(200, "text/event-stream")
        for event in list(answer().events(asked, text))[:after]:
            out.event(event)
        return
    data = json.dumps(answer().whole(asked, text)).encode()
    out.head(200, "application/json", len(data))
    out.write(data[: len(data) // 2])
