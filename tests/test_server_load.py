"""The server on a port of its own: many at once, slow clients, a model that is down."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from misbehaving import answer, hang, reset, status
from serving import ASKED, BUILT, CHAT, KEY, listening

from crossover.router.policies.fixed import Fixed
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router

MANY = 200


def figure(url, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", httpx.get(f"{url}/metrics").text, re.M)
    return float(found[1]) if found else 0.0


def until(met):
    for _ in range(200):
        if met():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def many(url, count, make):
    """Ask so often at once; what ``make`` gives by number is the path and the body."""

    async def ask():
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
            asked = (client.post(path, json=body) for path, body in map(make, range(count)))
            return await asyncio.gather(*asked)

    return asyncio.run(ask())


def test_two_hundred_at_once_each_get_their_own_answer():
    replies = ", ".join(f"'number {n} => name {n}'" for n in range(MANY))

    def make(number):
        question = f"who sold mill number {number} ?"
        if number % 3 == 0:
            return "/decide", {"question": question, "profile": {"tokens": 10_000 * (number % 2)}}
        if number % 3 == 1:
            messages = [{"role": "system", "content": BUILT}, {"role": "user", "content": question}]
            return "/v1/chat/completions", {"model": "fake", "messages": messages}
        return "/answer", {"question": question, "documents": [BUILT, f"mill number {number}"]}

    # the longest number first: 1 is a part of 10
    model = f"fake(latency=0.05, replies=[{', '.join(reversed(replies.split(', ')))}])"
    with listening(models=[model]) as url:
        found = many(url, MANY, make)
        inside = figure(url, "crossover_requests_inside")
        decided = figure(url, 'crossover_decisions_total{strategy="rag"}')
    assert [one.status_code for one in found] == [200] * MANY
    for number, one in enumerate(found):
        if number % 3 == 1:
            assert one.json()["choices"][0]["message"]["content"] == f"name {number}"
        elif number % 3 == 2:
            assert one.json()["answer"] == f"name {number}"
    assert (inside, decided) == (0, sum(number % 2 for number in range(0, MANY, 3)))


def test_more_than_can_wait_are_told_to_come_again():
    settings = {"concurrency": 2, "waiting": 4}
    with listening(models=["fake(latency=0.3)"], **settings) as url:
        found = many(url, 40, lambda number: ("/answer", ASKED))
        after = httpx.post(f"{url}/answer", json=ASKED)
    codes = [one.status_code for one in found]
    assert (codes.count(200), codes.count(503)) == (6, 34)
    assert {one.headers["retry-after"] for one in found if one.status_code == 503} == {"1"}
    assert after.status_code == 200


def test_deciding_does_not_wait_for_answers():
    with listening(models=["fake(latency=1)"], concurrency=1) as url:
        busy = threading.Thread(target=httpx.post, args=(f"{url}/answer",), kwargs={"json": ASKED})
        busy.start()
        started = time.perf_counter()
        assert httpx.post(f"{url}/decide", json=ASKED).status_code == 200
        assert time.perf_counter() - started < 0.8
        busy.join()


def test_an_answer_that_takes_too_long_is_a_504_and_asks_nothing_more():
    model = "fake(reply='The text does not mention it.', latency=1.2)"
    with listening(Router(SelfRoute()), [model], timeout=0.8) as url:
        found = httpx.post(f"{url}/answer", json=ASKED)
        streamed = httpx.post(f"{url}/answer", json={**ASKED, "stream": True})
        passes = 'crossover_passes_total{outcome="%s",strategy="%s"}'
        until(lambda: figure(url, passes % ("stopped:seconds", "full_context")) == 2)
        # the pass that was under way is counted with its cost
        assert figure(url, passes % ("declined", "rag")) == 2
        assert figure(url, 'crossover_tokens_total{kind="output",model="fake"}') == 12
    assert (found.status_code, found.json()["error"]["code"]) == (504, "timeout")
    assert 'event: error\ndata: {"error": {"message": "no answer in the time' in streamed.text


def test_a_client_that_leaves_is_asked_for_nothing_more(endpoint):
    endpoint.play(answer("The text does not mention it.", pause=0.1))
    with listening(Router(SelfRoute()), [down(endpoint)]) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/answer", json=ASKED, timeout=0.3)
        time.sleep(2)
        left = figure(url, 'crossover_requests_total{route="/answer",status="499"}')
        assert (left, len(endpoint.requests)) == (1, 1)
        whole = httpx.post(f"{url}/answer", json=ASKED, timeout=20)
    assert (whole.status_code, len(endpoint.requests)) == (200, 3)


def down(endpoint):
    return f'served=openai:any(base_url="{endpoint.url}", attempts=1, timeout=1.5)'


@pytest.mark.parametrize(
    ("behaviour", "code", "outcome"),
    [
        (status(500, f"no {KEY}"), 502, "failed:server"),
        (status(401, f"wrong key {KEY}"), 502, "failed:authentication"),
        (status(429, f"slower {KEY}"), 503, "failed:rate_limit"),
        (reset(), 503, "failed:connection"),
        (hang(2), 504, "failed:timeout"),
    ],
)
def test_a_model_that_is_down(endpoint, monkeypatch, caplog, behaviour, code, outcome):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    endpoint.play(behaviour)
    with listening(Router(SelfRoute()), [down(endpoint)], timeout=20) as url:
        found = httpx.post(f"{url}/answer", json=ASKED, timeout=30)
        figures = httpx.get(f"{url}/metrics").text
    assert (found.status_code, found.json()["error"]["outcome"]) == (code, outcome)
    # the other strategy was asked too
    assert len(endpoint.requests) == 2
    assert 'crossover_fallbacks_total{strategy="full_context"} 1.0' in figures
    for said in (found.text, figures, caplog.text):
        assert not re.search(f"{KEY}|{re.escape(endpoint.url)}|Traceback|Ada Varn", said)


def test_a_model_that_nobody_serves():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    model = f'gone=openai:any(base_url="http://127.0.0.1:{port}/v1", attempts=1)'
    with listening(models=[model]) as url:
        found = httpx.post(f"{url}/v1/chat/completions", json={**CHAT, "model": "gone"}, timeout=30)
    assert (found.status_code, found.json()["error"]["outcome"]) == (503, "failed:connection")
    assert str(port) not in found.text


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
        slow = [connected(url) for _ in range(MANY)]
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


def test_openais_client_is_served():
    from openai import NotFoundError, OpenAI

    with listening() as url, OpenAI(base_url=f"{url}/v1", api_key="unused") as client:
        told = client.chat.completions.create(**CHAT, extra_body={"documents": [BUILT]})
        pieces = list(client.chat.completions.create(**CHAT, stream=True))
        assert [one.id for one in client.models.list()] == ["fake"]
        with pytest.raises(NotFoundError, match="the served models are: fake"):
            client.chat.completions.create(**{**CHAT, "model": "gpt"})
    assert told.choices[0].message.content == "Ada Varn"
    assert told.usage.total_tokens > 0
    assert "".join(one.choices[0].delta.content or "" for one in pieces) == "Ada Varn"


def test_stopping_lets_what_is_under_way_end(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", "--policy", "rules", "--model", "fake(latency=1)", "--port", str(port)]
    env = {**os.environ, "CROSSOVER_SERVER_TOKEN": ""}
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "crossover", *words], env=env, stderr=out)
    url, found = f"http://127.0.0.1:{port}", []
    try:
        wait_for(url)
        asking = threading.Thread(
            target=lambda: found.append(httpx.post(f"{url}/answer", json=ASKED))
        )
        asking.start()
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        asking.join(10)
        process.wait(10)
    finally:
        process.kill()
        process.wait()
    assert found[0].json()["answer"] == "fake answer"
    assert "Traceback" not in log.read_text()
    assert re.search(r"POST /answer 200 \d+ ms strategy=full_context", log.read_text())


def wait_for(url):
    for _ in range(200):
        try:
            httpx.get(f"{url}/health")
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def test_the_port_in_use_is_one_clear_line(invoke):
    from crossover.errors import ConfigError

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="in use"):
            invoke("serve", "--policy", "rules", "--port", port)
