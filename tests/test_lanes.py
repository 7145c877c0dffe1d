"""Connections to an endpoint: as many as calls at once, used again, none lost with a failure."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crossover import load_model
from crossover.errors import ModelError
from crossover.models import _lanes
from crossover.types import Request

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Ada"}, "finish_reason": "stop"}
REPLY = {"id": "r", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE]}


class Server(ThreadingHTTPServer):
    """Keeps connections open and counts them; ``fails`` says which requests it cuts off."""

    daemon_threads = True

    def __init__(self, pause=0.0, fails=()):
        self.connections, self.asked = set(), 0
        self.pause, self.fails, self._lock = pause, fails, threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()

    def number(self, address):
        with self._lock:
            self.connections.add(address)
            self.asked += 1
            return self.asked

    def model(self, **options):
        told = "".join(f", {name}={value}" for name, value in options.items())
        return load_model(f'openai:m(base_url="http://127.0.0.1:{self.server_port}/v1"{told})')


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        number = self.server.number(self.client_address)
        if number in self.server.fails:
            self.close_connection = True
            return
        time.sleep(self.server.pause)
        body = json.dumps(REPLY).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told):
        pass


def test_calls_one_after_the_other_share_a_connection():
    with Server() as server:
        model = server.model(streams="false")
        assert [model.complete(Request(f"question {n}")).text for n in range(6)] == ["Ada"] * 6
    assert (server.asked, len(server.connections)) == (6, 1)


def test_there_are_as_many_connections_as_calls_at_once():
    with Server(pause=0.02) as server:
        model = server.model(streams="false", concurrency=4)
        with ThreadPoolExecutor(12) as pool:
            asked = [pool.submit(model.complete, Request(f"question {n}")) for n in range(40)]
        assert {one.result().text for one in asked} == {"Ada"}
    assert server.asked == 40
    assert len(server.connections) <= 4


def test_a_connection_that_was_cut_is_opened_again():
    with Server(fails={2, 3}) as server:
        model = server.model(streams="false", attempts=3, pause=0.01)
        assert [model.complete(Request(f"question {n}")).text for n in range(4)] == ["Ada"] * 4
    assert server.asked == 6
    assert len(server.connections) == 3


def test_a_reply_that_comes_too_late_leaves_the_connection_to_nobody():
    with Server(pause=0.4) as server:
        model = server.model(streams="false", attempts=1, timeout=0.1)
        with pytest.raises(ModelError, match="seconds"):
            model.complete(Request("slow"))
        server.pause = 0.0
        assert server.model(streams="false", timeout=20).complete(Request("quick")).text == "Ada"


def test_behind_a_proxy_the_usual_client_asks(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert _lanes.client_of("http://somewhere/v1") is None
