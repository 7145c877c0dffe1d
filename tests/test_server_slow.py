"""The server and clients that are slow, send too much, or speak no HTTP."""

import socket
import time

import httpx
import pytest
from serving import ASKED, figure, listening, until

from crossover.router.policies.fixed import Fixed
from crossover.router.router import Router

HEAD = (
    b"POST /answer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n"
)


@pytest.mark.parametrize(
    ("sent", "replied"),
    [(HEAD[:40], b""), (HEAD, b""), (HEAD + b"\r\n{", b"408"), (b"", b"")],
    ids=["half a line", "half a head", "half a body", "nothing"],
)
def test_slow_clients_are_cut(sent, replied):
    with listening(patience=0.4) as url:
        with connected(url) as slow:
            slow.sendall(sent)
            started = time.perf_counter()
            received = everything(slow)
            assert 0.2 < time.perf_counter() - started < 4
        assert received.partition(b"\r\n")[0][9:12] == replied
        assert httpx.get(f"{url}/health").status_code == 200
        assert figure(url, "crossover_requests_inside") == 0


def test_a_body_that_drips_is_cut_though_every_piece_is_quick():
    with listening(patience=0.5) as url, connected(url) as slow:
        slow.sendall(HEAD + b"\r\n")
        started, received = time.perf_counter(), b""
        slow.settimeout(0.05)
        while not received and time.perf_counter() - started < 4:
            slow.sendall(b" ")
            try:
                received = slow.recv(4096)
            except TimeoutError:
                continue
        assert b" 408 " in received
        assert time.perf_counter() - started < 2


def test_a_client_that_takes_no_reply_is_cut():
    models = [f"fake(reply={'x' * 30_000_000})"]
    with listening(Router(Fixed("closed_book")), models, patience=0.4) as url:
        with connected(url) as slow:
            body = b'{"question": "Who?"}'
            slow.sendall(HEAD.replace(b"1000", str(len(body)).encode()) + b"\r\n" + body)
            until(
                lambda: figure(url, 'crossover_requests_total{route="/answer",status="200"}') == 1
            )
            time.sleep(0.8)
            assert len(everything(slow)) < 30_000_000
        assert httpx.get(f"{url}/health").status_code == 200


def test_two_hundred_slow_clients_keep_nobody_out():
    with listening(patience=3, concurrency=8, waiting=500) as url:
        slow = [connected(url) for _ in range(200)]
        for one in slow:
            one.sendall(HEAD + b"\r\n{")
        started = time.perf_counter()
        assert httpx.post(f"{url}/answer", json=ASKED).status_code == 200
        assert time.perf_counter() - started < 2
        for one in slow:
            one.close()


def test_the_sender_of_too_much_reads_the_refusal():
    with listening(max_body=100_000) as url:
        with connected(url) as sends_all_first:
            head = HEAD.replace(b"1000", b"20000000") + b"\r\n"
            sends_all_first.sendall(head + b"x" * 20_000_000)
            whole = everything(sends_all_first)
        pieces = (b"x" * 100_000 for _ in range(50))
        kind = {"Content-Type": "application/json"}
        chunked = httpx.post(f"{url}/answer", content=pieces, headers=kind)
        with connected(url) as asks_before:
            asks_before.sendall(HEAD.replace(b"1000", b"9000000") + b"Expect: 100-continue\r\n\r\n")
            first = everything(asks_before)
    assert whole.startswith(b"HTTP/1.1 413")
    assert chunked.status_code == 413
    assert first.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02", b"GET / HTTP/9\r\n\r\n", b"\r\n" * 40_000])
def test_what_is_no_http_is_cut(sent):
    with listening(patience=0.5) as url:
        with connected(url) as other:
            other.sendall(sent)
            assert b" 200 " not in everything(other)
        assert httpx.get(f"{url}/health").status_code == 200


def connected(url):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def everything(connection):
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        return received
    return received
