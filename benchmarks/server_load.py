"""How long `/decide` and `/answer` take under load: ``python benchmarks/server_load.py [ROUTER]``.

A server of its own process on the loopback, the scripted model with 200 ms of latency, so that
what is measured is the server's own time. Requests come from this process, over connections that
stay open, and take their share of the machine. Without a router file the policy is
rules(tokens=8000).
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time

from tabulate import tabulate

MODEL_SECONDS = 0.2
QUESTION = "Who built the bridge of Ostrel?"
SENTENCES = "Ada Varn built the bridge of Ostrel in 1902. Belo Trask is the mayor of Ostrel. "
LONG = SENTENCES * 500


def main() -> None:
    """Start a server, ask it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("router", nargs="?", help="a router file [rules(tokens=8000)]")
    parser.add_argument("--requests", type=int, default=600)
    given = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chosen = [given.router] if given.router else ["--policy", "rules(tokens=8000)"]
    words = [*chosen, "--model", f"fake(latency={MODEL_SECONDS}, concurrency=512)"]
    command = [sys.executable, "-m", "crossover", "serve", *words, "--port", str(port)]
    env = {**os.environ, "CROSSOVER_SERVER_TOKEN": ""}
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        rows = asyncio.run(measured(port, given.requests))
    finally:
        process.terminate()
        process.wait(30)
    print(tabulate(rows, headers="keys", floatfmt=".1f"))


async def measured(port: int, count: int) -> list[dict[str, object]]:
    """Each kind of request at several numbers at once."""
    kinds: dict[str, tuple[str, dict[str, object]]] = {
        "decide, profile": ("/decide", {"question": QUESTION, "profile": {"tokens": 20000}}),
        f"decide, {len(LONG):,} characters": (
            "/decide",
            {"question": QUESTION, "documents": [LONG]},
        ),
        "answer": ("/answer", {"question": QUESTION, "documents": [SENTENCES]}),
    }
    await started(port)
    rows = []
    for name, (path, body) in kinds.items():
        for at_once in (1, 20, 200):
            asked = min(count, 50) if at_once == 1 else count
            rows.append({"request": name} | await load(port, path, body, asked, at_once))
    return rows


async def started(port: int) -> None:
    """Wait until the server listens."""
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    sys.exit("the server did not start")


async def load(
    port: int, path: str, body: dict[str, object], count: int, at_once: int
) -> dict[str, object]:
    """Ask ``count`` times, so many at once; milliseconds, and what was not answered."""
    sent, left = request(path, body), iter(range(count))
    times, failed = list[float](), list[str]()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            begun = time.perf_counter()
            writer.write(sent)
            status = await reply(reader)
            times.append((time.perf_counter() - begun) * 1000)
            failed.extend([status] * (status != "200"))
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(at_once)))
    seconds = time.perf_counter() - begun
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {
        "at once": at_once,
        "p50 ms": cuts[9],
        "p95 ms": cuts[18],
        "a second": count / seconds,
        "not 200": len(failed),
    }


def request(path: str, body: dict[str, object]) -> bytes:
    """A whole request as it is sent."""
    data = json.dumps(body).encode()
    kind = "Content-Type: application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\nContent-Length: {len(data)}"
    return f"{head}\r\n\r\n".encode() + data


async def reply(reader: asyncio.StreamReader) -> str:
    """Read a whole reply; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    await reader.readexactly(int(head.partition("content-length:")[2].partition("\r\n")[0]))
    return head.split(" ")[1]


if __name__ == "__main__":
    main()
