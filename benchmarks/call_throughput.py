"""Calls per second of multi-call strategies: ``python benchmarks/call_throughput.py [--rounds 3]``.

An endpoint of its own process answers every request after 200 ms. The ideal is CONCURRENCY calls
at once, all the time. In turn, over the same LangChain model: a bare pool of threads that does
nothing else, map_reduce over 64 parts, and chain_of_agents on 64 questions (8 on each document)
side by side, as a run asks them. The last call of map_reduce waits for all others and is left out.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tabulate import tabulate

from crossover import catalog
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

LATENCY = 0.2
CONCURRENCY = 16
PARTS = QUESTIONS = 64
DOCUMENTS = 8
# tokens of a text that map_reduce reads in PARTS parts
LONG = 20_200


async def serve() -> None:
    """Answer chat completions in OpenAI's protocol, streamed or whole, as fast as one can."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            await asyncio.sleep(LATENCY)
            writer.write(_streamed() if body.get("stream") else _whole())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    except asyncio.IncompleteReadError:
        return ""


USAGE = {"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102}


def _whole() -> bytes:
    message = {"role": "assistant", "content": "Ada Varn"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    reply = {"id": "r", "object": "chat.completion", "created": 1, "model": "m"}
    body = json.dumps(reply | {"choices": [choice], "usage": USAGE}).encode()
    return _http("application/json", f"Content-Length: {len(body)}", body)


def _streamed() -> bytes:
    base = {"id": "r", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = ({"role": "assistant", "content": ""}, {"content": "Ada"}, {"content": " Varn"})
    events = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    events.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    lines = [json.dumps(base | {"choices": [event]}) for event in events]
    lines += [json.dumps(base | {"choices": [], "usage": USAGE}), "[DONE]"]
    chunks = (f"data: {line}\n\n".encode() for line in lines)
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return _http("text/event-stream", "Transfer-Encoding: chunked", body)


def _http(kind: str, length: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{length}\r\n\r\n".encode() + body


def bare(model: str, url: str, streams: bool, prompts: list[str]) -> float:
    """Calls per second of a pool of threads that calls LangChain's model and nothing else."""
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model=model, base_url=url, api_key="none", stream_usage=True, max_retries=0)

    def call(prompt: str) -> None:
        list(chat.stream(prompt)) if streams else chat.invoke(prompt)

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(call, prompts[:CONCURRENCY]))
        started = time.perf_counter()
        list(pool.map(call, prompts))
        return len(prompts) / (time.perf_counter() - started)


def mapped(model: Model, document: Document) -> float:
    """Calls per second while map_reduce reads the parts of one text."""
    strategy = catalog.load(Strategy, "map_reduce(notes=plain, chunk=450, note=64)")
    answer = measured(strategy, Question("q", "Who built the bridge?", (document,)), model)
    stage = next(at for at, step in enumerate(answer.trace) if step.parent is None)
    calls = sum(step.parent == stage for step in answer.trace)
    if answer.outcome != "answered" or calls != PARTS:
        raise SystemExit(f"{calls} calls, {answer.outcome}: {answer.message}")
    return calls / (answer.trace[stage].seconds or 1)


def chained(model: Model, documents: list[Document]) -> float:
    """Calls per second of QUESTIONS chains of agents, as many at once as the model takes."""
    strategy = catalog.load(Strategy, "chain_of_agents(chunk=900, note=64)")
    asked = [Question(f"q{n}", f"Who built bridge {n}?", (d,)) for n, d in enumerate(documents)]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        started = time.perf_counter()
        answers = list(pool.map(lambda question: measured(strategy, question, model), asked))
        seconds = time.perf_counter() - started
    if any(answer.outcome != "answered" for answer in answers):
        raise SystemExit({f"{answer.outcome}: {answer.message}" for answer in answers})
    return sum(answer.usage.calls for answer in answers) / seconds


@contextmanager
def endpoint() -> Iterator[str]:
    """Serve in a process of its own; yields the address."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{(process.stdout or sys.stdin).readline().strip()}/v1"
        finally:
            process.kill()


def main(rounds: int) -> None:
    with endpoint() as url:
        _compare(url, rounds)


def _compare(url: str, rounds: int) -> None:
    rows = []
    for streams in (True, False):
        text = f'openai:m(base_url="{url}", concurrency={CONCURRENCY}, streams={streams})'
        model = catalog.load(Model, text.replace("True", "true").replace("False", "false"))
        found: dict[str, list[float]] = {"map_reduce": [], "chain_of_agents": [], "bare": []}
        for turn in range(rounds + 1):
            written = [_document(f"{streams} {turn} {n}", 1500) for n in range(DOCUMENTS)]
            documents = written * (QUESTIONS // DOCUMENTS)
            long = _document(f"{streams} {turn} long", LONG)
            fast = bare("m", url, streams, [d.text for d in documents] * 3)
            for name, rate in (
                ("bare", fast),
                ("map_reduce", mapped(model, long)),
                ("chain_of_agents", chained(model, documents)),
            ):
                found[name] += [rate] if turn else []
        ideal, pool = CONCURRENCY / LATENCY, statistics.median(found["bare"])
        for name, rates in found.items():
            rate = statistics.median(rates)
            rows.append(("on" if streams else "off", name, rate, rate / pool, rate / ideal))
    heads = ("streaming", "", "calls/s", "of the bare pool", "of the ideal")
    print(tabulate(rows, heads, floatfmt=("", "", ".1f", ".3f", ".3f")))


def _document(name: str, tokens: int) -> Document:
    sentences = (f"Note {n} of {name} says that the river rose by {n} inches." for n in range(9999))
    size = 17
    return Document(name, " ".join(next(sentences) for _ in range(tokens // size)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    asyncio.run(serve()) if options.serve else main(options.rounds)
