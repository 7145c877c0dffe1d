"""Every part beside its peer, in one table: ``python benchmarks/table.py [--inspect PYTHON]``.

Each part and its peer do the same work in the same run, so that ratios hold on any machine: above 1
Crossover is that many times as fast. ``--inspect`` names a Python that has ``inspect_ai``. The
scripts beside this one measure each part at length; what they print goes to the error stream.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

STREAMING = {"true": "streaming", "false": "whole replies"}


class Row(NamedTuple):
    """What a part and its peer reached, both in ``unit``."""

    part: str
    unit: str
    ours: float
    peer: str
    theirs: float


def harness(questions: int, inspect: str) -> Iterator[Row]:
    """A whole run beside a bare pool of threads, and beside another harness."""
    import call_throughput
    import harness_overhead as harness

    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        path = harness.written(here, questions)
        prompts = harness.asked(harness.grid(path, "fake(reply=Ada)"))
        rows, _ = harness.at_once(here, path, prompts, inspect)
        theirs = rows[1][1] if inspect else float("nan")
        part = "harness, a model that answers at once"
        yield Row(part, "answers/s", rows[0][1], "inspect_ai", theirs)
        with call_throughput.endpoint() as url:
            rows, _ = harness.called(here, path, prompts, [16, 64], url)
        for streams, many, pool, ours, *_ in rows:
            how = f"harness, {many} calls of 200 ms at once, {STREAMING[streams]}"
            yield Row(how, "calls/s", ours, "bare pool, LangChain", pool)


def index(chunks: int) -> Iterator[Row]:
    """Dense indexing."""
    import retrieval_speed

    rates = retrieval_speed.embedding(chunks)
    peer = "sentence-transformers, float32"
    yield Row("index, dense", "passages/s", rates["dense"], "sentence-transformers", rates[peer])


def retrieval(passages: int) -> Iterator[Row]:
    """BM25 over the same passages with the same results."""
    import retrieval_speed

    reference, fast = retrieval_speed.bm25(passages)
    yield Row("retrieval, BM25", "queries/s", 1000 / fast[2], "rank-bm25", 1000 / reference[2])


def reader(tokens: int) -> Iterator[Row]:
    """The embedded reader."""
    import reader_speed

    rates = reader_speed.speed(reader_speed._weights.load()[0], tokens)
    theirs = rates["transformers, float32"]
    yield Row("reader", "word pieces/s", rates["reader"], "transformers, float32", theirs)


def compressor(tokens: int) -> Iterator[Row]:
    """A compressor without a network, and one with the library's own."""
    import compression_speed

    theirs = "llmlingua2(model=packaged)"
    rates = compression_speed.main(tokens, 0.25, ["extractive", "similarity", theirs])
    for name in ("extractive", "similarity"):
        yield Row(f"compressor, {name}", "tokens/s", rates[name], "llmlingua", rates[theirs])


def router(questions: int) -> Iterator[Row]:
    """A learned router's decision beside what a semantic router needs for one: an embedding."""
    from sentence_transformers import SentenceTransformer

    import crossover
    from crossover import precision

    dataset = f"biographies(tokens=2000, documents=10, questions={questions // 10})"
    grid = {"datasets": [dataset], "models": ["reader"], "strategies": ["rag(k=2)", "full_context"]}
    with tempfile.TemporaryDirectory() as folder:
        learned = crossover.Router.fit(crossover.run(grid, Path(folder) / "run"))
    asked = [one.question for one in crossover.load_dataset(dataset).examples()]
    plain = SentenceTransformer(str(precision.minilm_folder()), device="cpu", local_files_only=True)
    for question in asked:
        learned.decide(question)
        plain.encode(question.text)
    ours = statistics.median(_seconds(lambda one=one: learned.decide(one)) for one in asked)
    theirs = statistics.median(_seconds(lambda one=one: plain.encode(one.text)) for one in asked)
    yield Row("router, a decision", "questions/s", 1 / ours, "sentence-transformers", 1 / theirs)


def dashboard(rows: int) -> Iterator[Row]:
    """The summary with intervals that every page shows, beside means without any."""
    import dashboard as pages
    import pandas as pd

    from crossover.experiments.viewing.opened import Filter

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pages.invented(rows).to_parquet(folder / "results.parquet", index=False)
        run = pages.loaded(folder)
        run.facts(Filter())
        ours = min(_seconds(lambda: run.facts(Filter())) for _ in range(3))

        def means() -> None:
            frame = pd.read_parquet(folder / "results.parquet")
            frame.groupby(["dataset", "model", "strategy"]).mean(numeric_only=True)

        theirs = min(_seconds(means) for _ in range(3))
    yield Row(f"dashboard, {rows:,} answers", "summaries/s", 1 / ours, "pandas, means", 1 / theirs)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "harness": lambda o: harness(max(50, int(2000 * o.scale)), o.inspect),
    "index": lambda o: index(max(50, int(600 * o.scale))),
    "retrieval": lambda o: retrieval(max(1000, int(20_000 * o.scale))),
    "reader": lambda o: reader(max(2000, int(30_000 * o.scale))),
    "compressor": lambda o: compressor(max(2000, int(30_000 * o.scale))),
    "router": lambda o: router(max(40, int(100 * o.scale))),
    "dashboard": lambda o: dashboard(max(2000, int(100_000 * o.scale))),
}


def alone(options: argparse.Namespace) -> list[Row]:
    """Measure a part in a process of its own: what one has loaded is no help to the next."""
    found: list[Row] = []
    for part in options.parts:
        print(part, file=sys.stderr)
        command = [sys.executable, __file__, part, "--alone", "--scale", str(options.scale)]
        command += ["--inspect", options.inspect]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found += [Row(*row) for row in json.loads(done.stdout)]
    return found


def main(options: argparse.Namespace) -> None:
    os.environ["CROSSOVER_CACHE"] = "off"
    if options.alone:
        with redirect_stdout(sys.stderr):
            rows = [row for part in options.parts for row in PARTS[part](options)]
        print(json.dumps(rows))
        return
    lines = [(*row, row.ours / row.theirs) for row in alone(options)]
    heads = ("part", "unit", "Crossover", "peer", "peer's", "ratio")
    shape = ("", "", ",.1f", "", ",.1f", ".2f")
    print(tabulate(lines, heads, tablefmt="github", floatfmt=shape))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0, help="of the work; 0.1 for a look")
    parser.add_argument("--inspect", default="", help="a Python with inspect_ai")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"no part {name!r}; there are {', '.join(PARTS)}")
    main(options)
