"""The server on a port of its own: many at once, a model that is down, stopping."""

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
from serving import ASKED, BUILT, CHAT, KEY, figure, listening, until

from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router

MANY = 200


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
