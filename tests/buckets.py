"""Buckets for tests: in memory, on a server of S3's kind, and on one that refuses everyone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SECRET = "hidden-value-of-a-key"
KEYS = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_CONFIG_FILE": "/none",
    "AWS_SHARED_CREDENTIALS_FILE": "/none",
}


def at(monkeypatch: pytest.MonkeyPatch, endpoint: str, **others: str) -> None:
    """Have s3:// mean this endpoint, asked anew."""
    s3fs = pytest.importorskip("s3fs", reason="the extra [s3] is not installed")
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint, **others}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()


def fill(folder: Path, address: str) -> None:
    """Copy a folder to a bucket."""
    from crossover.blobs import place

    for path in sorted(folder.rglob("*")):
        if path.is_file():
            (place(address) / path.relative_to(folder).as_posix()).put(path)


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A server that answers every request alike, on the loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
