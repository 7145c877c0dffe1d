"""A scripted endpoint on the loopback that answers single requests and batches of them.

    with BatchEndpoint() as endpoint:
        load_model(f'openai:any(base_url="{endpoint.url}", batch=true)')

It plays OpenAI's protocol (files, batches) and Anthropic's (message batches) side by side. Every
text comes from ``reply``, so that batched and unbatched requests are answered the same. ``fail``
plays other behaviours instead of the next requests to a place, ``line`` bends lines of the output,
``how`` says how one batch after another ends, and while ``hold`` holds only those end that
are ``released``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from misbehaving import Asked, Behaviour, Out, answer

from crossover.models.langchain import LangChainModel

Body = dict[str, Any]
# the lines of the output that answer a request, from its custom id and the usual line
Bend = Callable[[str, Body, Body], list[Any]]
CONTENT = re.compile(rb'filename="[^"]*"\r\n(?:[^\r\n]+\r\n)*\r\n(.*)\r\n--', re.DOTALL)


@dataclass
class Made:
    """A batch: the requests by custom id, its label, and how often it was looked at."""

    id: str
    requests: dict[str, Body]
    label: str | None = None
    looks: int = 0
    how: str = "completed"
    errors: list[Body] = field(default_factory=list)


def digest_of(body: Mapping[str, Any]) -> str:
    """A reply that differs with the messages and every parameter."""
    left = {name: value for name, value in body.items() if not name.startswith("stream")}
    return "reply " + hashlib.sha256(json.dumps(left, sort_keys=True).encode()).hexdigest()[:16]


class BatchEndpoint:
    """The server; ``requests`` are all that was asked, ``batches`` all that was submitted."""

    def __init__(self, reply: Callable[[Body], str] = digest_of, *, looks: int = 1) -> None:
        self.reply = reply
        self.looks = looks
        self.how = ["completed"]
        self.errors: list[Body] = []
        self.line: Bend | None = None
        self.tail = ""
        self.hold = Event()
        self.released: set[str] = set()
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []
        self.batches: dict[str, Made] = {}
        self._files: dict[str, bytes] = {}
        self._troubles: defaultdict[str, deque[Behaviour]] = defaultdict(deque)
        self._lost: list[str] = []
        self._lock = Lock()
        self._closed = Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                endpoint._serve(self)

            def do_POST(self) -> None:
                endpoint._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 512

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients that give up are part of the plan

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def asked(self) -> list[Body]:
        """The requests of all batches, in their order."""
        return [body for made in self.batches.values() for body in made.requests.values()]

    def fail(self, place: str, *behaviours: Behaviour) -> BatchEndpoint:
        """Play these instead of the next requests to a place, ``POST /batches`` for instance."""
        self._troubles[place].extend(behaviours)
        return self

    def lose(self, place: str) -> BatchEndpoint:
        """Do what the next request to a place asks for, but reset the connection then."""
        self._lost.append(place)
        return self

    def count(self, place: str) -> int:
        """How many requests came to a place."""
        return sum(f"{method} {path}".startswith(place) for method, path, _ in self.requests)

    def looked_at(self, number: int) -> bool:
        """Whether a batch with that number (from 0) or a later one was asked after."""
        return any(made.looks for made in list(self.batches.values())[number:])

    def __enter__(self) -> BatchEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        data = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        path = handler.path.partition("?")[0].removeprefix("/v1")
        out, place = Out(handler, self._closed), f"{handler.command} {path}"
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.requests.append((handler.command, path, headers))
            waiting = self._troubles.get(place) or self._troubles.get(place.rpartition("/")[0])
            trouble = waiting.popleft() if waiting else None
        if trouble:
            return trouble(Asked(len(self.requests), path, headers, {}), out)
        served: object = None
        if path.startswith("/messages"):
            served = self._anthropic(place, path, data)
        elif path == "/chat/completions":
            whole = answer(lambda asked: self.reply(asked.body))
            return whole(Asked(0, path, headers, json.loads(data)), out)
        else:
            served = self._openai(place, path, data)
        if place in self._lost:
            self._lost.remove(place)
            return out.reset()
        if isinstance(served, bytes):
            return out.whole(200, "application/octet-stream", served)
        if served is None:
            return out.json(404, {"error": {"message": f"no {place}", "type": "not_found_error"}})
        return out.json(200, served)

    def _made(self, requests: dict[str, Body], label: str | None = None) -> Made:
        with self._lock:
            made = Made(f"batch_{len(self.batches) + 1}", requests, label)
            made.how = self.how.pop(0) if len(self.how) > 1 else self.how[0]
            made.errors = self.errors
            self.batches[made.id] = made
        return made

    def _over(self, made: Made) -> bool:
        made.looks += 1
        held = self.hold.is_set() and made.id not in self.released
        return made.looks >= self.looks and not held

    def _output(self, made: Made, usual: Callable[[str, Body], Body]) -> bytes:
        lines: list[Any] = []
        # no provider promises the order of the requests
        for each, body in reversed(made.requests.items()):
            line = usual(each, body)
            lines += self.line(each, body, line) if self.line else [line]
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        return ("\n".join(texts) + self.tail).encode()

    # ---- OpenAI's protocol

    def _openai(self, place: str, path: str, data: bytes) -> object:
        last = path.rpartition("/")[2]
        if place == "POST /files":
            return self._upload(data)
        if place == "POST /batches":
            asked = json.loads(data)
            lines = map(json.loads, self._files[asked["input_file_id"]].decode().splitlines())
            requests = {}
            for line in lines:
                assert line["method"] == "POST"
                assert line["url"] == asked["endpoint"] == "/v1/chat/completions"
                assert asked["completion_window"] == "24h"
                requests[line["custom_id"]] = line["body"]
            return self._batch(self._made(requests, (asked.get("metadata") or {}).get("crossover")))
        if place == "GET /batches":
            return {"object": "list", "has_more": False} | {
                "data": [self._batch(made) for made in self.batches.values()]
            }
        if path.startswith("/batches/") and last in self.batches:
            return self._batch(self.batches[last], self._over(self.batches[last]))
        if path.endswith("/content"):
            made = self.batches.get(path.split("/")[2].partition("-")[2])
            return self._output(made, self._line) if made else None
        return None

    def _upload(self, data: bytes) -> Body:
        assert b'name="purpose"\r\n\r\nbatch\r\n' in data
        found = CONTENT.search(data)
        assert found
        with self._lock:
            name = f"file-{len(self._files)}"
            self._files[name] = found[1]
        return {"id": name, "object": "file", "purpose": "batch", "bytes": len(data)} | {
            "created_at": 1,
            "filename": "x",
            "status": "processed",
        }

    def _batch(self, made: Made, over: bool = False) -> Body:
        found: Body = {"id": made.id, "object": "batch", "endpoint": "/v1/chat/completions"}
        found |= {"completion_window": "24h", "created_at": 1, "input_file_id": "file-0"}
        found["status"] = made.how if over else "in_progress"
        found["metadata"] = {"crossover": made.label} if made.label else None
        if over and made.how == "failed":
            found["errors"] = {"object": "list", "data": made.errors}
        elif over:
            found["output_file_id"] = f"output-{made.id}"
        return found

    def _line(self, id: str, body: Body) -> Body:
        whole = answer().whole(Asked(0, "", {}, body), self.reply(body))
        response = {"status_code": 200, "request_id": "r", "body": whole}
        return {"id": f"line-{id}", "custom_id": id, "response": response, "error": None}

    # ---- Anthropic's protocol

    def _anthropic(self, place: str, path: str, data: bytes) -> object:
        if place == "POST /messages":
            return self._message(json.loads(data))
        if place == "POST /messages/batches":
            asked = json.loads(data)["requests"]
            return self._message_batch(self._made({r["custom_id"]: r["params"] for r in asked}))
        if place == "GET /messages/batches":
            return {"data": [], "has_more": False, "first_id": None, "last_id": None}
        made = self.batches.get(path.split("/")[3])
        if made is None:
            return None
        if path.endswith("/results"):
            return self._output(made, self._result)
        return self._message_batch(made, self._over(made))

    def _message_batch(self, made: Made, over: bool = False) -> Body:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        found: Body = {"id": made.id, "type": "message_batch", "request_counts": counts}
        found |= {"created_at": "2025-01-01T00:00:00Z", "expires_at": "2025-01-02T00:00:00Z"}
        found["processing_status"] = "ended" if over else "in_progress"
        url = f"{self.url}/messages/batches/{made.id}/results"
        return found | {"results_url": url if over else None}

    def _result(self, id: str, body: Body) -> Body:
        return {
            "custom_id": id,
            "result": {"type": "succeeded", "message": self._message(body)},
        }

    def _message(self, body: Body) -> Body:
        text = self.reply(body)
        usage = {"input_tokens": len(json.dumps(body["messages"]).split())}
        usage["output_tokens"] = len(text.split())
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }


def batched(endpoint: BatchEndpoint, provider: str = "openai", **options: object) -> LangChainModel:
    """A model at the endpoint that asks in batches, with pauses of milliseconds."""
    return LangChainModel(f"{provider}:any", **(settings(endpoint, provider) | options))  # type: ignore[arg-type]


def settings(endpoint: BatchEndpoint, provider: str = "openai") -> dict[str, object]:
    """The options of such a model."""
    url = endpoint.url if provider == "openai" else endpoint.root
    quick = {"pause": 0.001, "longest_pause": 0.01, "batch_wait": 0.03, "batch_poll": 0.001}
    return quick | {"base_url": url, "batch": True, "attempts": 3, "timeout": 5.0}
