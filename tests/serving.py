"""A server in a thread, as clients meet it: on a port of its own."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.testclient import TestClient

from crossover.app.server import build_app, config
from crossover.app.serving.settings import Settings, served_models
from crossover.router.policies.rules import Rules
from crossover.router.router import Router

BUILT = "Ada Varn built the bridge of Ostrel in 1902."
MAYOR = "Belo Trask is the mayor of Ostrel."
ASKED = {"question": "Who built the bridge?", "documents": [BUILT, MAYOR]}
CHAT = {"model": "fake", "messages": [{"role": "user", "content": "Who built the bridge?"}]}
TOKEN = "a-token-of-enough-characters"
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
RULES = Router(Rules(tokens=8000))


def app_of(router=RULES, models=("fake(reply='Ada Varn')",), watched=None, **settings):
    """An app whose strategies are asked with a scripted model."""
    return build_app(router, served_models(models), Settings(**settings), watched)


def client(*given, **options):
    """A client of such an app, without a network."""
    return TestClient(app_of(*given, **options), "http://127.0.0.1", raise_server_exceptions=False)


@contextmanager
def listening(
    router=RULES, models=("fake(reply='Ada Varn')",), watched=None, **settings
) -> Iterator[str]:
    """Serve on a free port of the loopback; its address."""
    limits = Settings(**settings)
    app = build_app(router, served_models(models), limits, watched)
    server = uvicorn.Server(config(app, limits, "127.0.0.1", 0, 2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server did not end"


def figure(url, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", httpx.get(f"{url}/metrics").text, re.M)
    return float(found[1]) if found else 0.0


def until(met):
    for _ in range(200):
        if met():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that")
