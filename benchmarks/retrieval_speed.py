"""Speed of retrieval: ``python benchmarks/retrieval_speed.py [bm25] [embedding] [vectors]``.

``bm25``: queries per second of bm25s against rank-bm25 on the same passages, same answers.
``embedding``: dense indexing against plain sentence-transformers in float32.
``vectors``: a million vectors, searched from disk in a process of its own: memory, time, recall.
Every ratio is of one run, its sides measured in turn.
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tabulate import tabulate

from crossover.datasets.biographies import Biographies
from crossover.models.fake import Fake
from crossover.retrievers import _nearest
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.types import Document

ROUNDS = 3
DIMENSIONS, CLUSTERS, SPREAD, BLOCK = 384, 10_000, 0.6, 50_000
QUERIES, K = 200, 10


def table(rows: list[tuple[object, ...]], *headers: str) -> None:
    print(tabulate(rows, headers, floatfmt=",.2f", intfmt=","), "\n")


def timed(work, items) -> list[float]:
    """Milliseconds of each."""
    taken = []
    for item in items:
        started = time.perf_counter()
        work(item)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def invented(passages: int) -> tuple[list[Document], list[str]]:
    """Zipf-like words; queries are eight words of a passage, so common ones are among them."""
    draw = random.Random(0)
    words = [f"w{n}" for n in range(50_000)]
    weights = np.cumsum(1 / np.arange(1, len(words) + 1)).tolist()
    documents = [
        Document(str(n), " ".join(draw.choices(words, cum_weights=weights, k=200)))
        for n in range(passages)
    ]
    queries = [" ".join(draw.sample(draw.choice(documents).text.split(), 8)) for _ in range(200)]
    return documents, queries


def bm25(passages: int) -> list[tuple[str, float, float, int]]:
    """Both engines on the same passages, in turn; returns the last variant's rows."""
    documents, queries = invented(passages)
    rows: list[tuple[str, float, float, int]] = []
    for variant in ("okapi", "plus"):
        indexes, rows = {}, []
        for engine in ("reference", "fast"):
            started = time.perf_counter()
            retriever = Bm25(variant=variant, engine=engine, words="plain")
            indexes[engine] = retriever.index(documents, Tokens(100_000), Fake())
            built, asked = (
                time.perf_counter() - started,
                queries[: 20 if engine == "reference" else 200],
            )
            taken = timed(lambda q, i=indexes[engine]: i.search(q, K, Fake()), asked)
            rows.append((engine, built, statistics.median(taken), indexes[engine].size() // 2**20))
        table(rows, f"{variant}, {passages:,} passages", "index s", "ms a query", "MB")
        print(f"times as fast: {rows[0][2] / rows[1][2]:,.0f}")
        pairs = [[i.search(q, K, Fake()) for i in indexes.values()] for q in queries[:20]]
        same = all([p.document for p in a] == [p.document for p in b] for a, b in pairs)
        apart = max(abs(x.score - y.score) for a, b in pairs for x, y in zip(a, b, strict=True))
        print(f"same {K} best for every query: {same}; scores differ by at most {apart:.1e}\n")
    return rows


def embedding(chunks: int) -> dict[str, float]:
    """Chunk and index biographies; the plain library gets the chunks ready-made."""
    import torch
    from sentence_transformers import SentenceTransformer

    from crossover import precision

    os.environ["CROSSOVER_CACHE"] = "off"
    text = next(iter(Biographies(220 * chunks, 1, 1).examples())).question.documents[0].text
    document, chunker = Document("d", text), Tokens(200)
    passages = [passage.text for passage in chunker.chunk(document)]
    plain = SentenceTransformer(str(precision.minilm_folder()), device="cpu", local_files_only=True)
    plain.max_seq_length = 512
    dense, seconds = Dense(), {"sentence-transformers, float32": [], "dense": []}
    expected = plain.encode(passages[:64], show_progress_bar=False)
    vectors, _ = dense.embed(passages[:64], "warm up")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        plain.encode(passages, batch_size=32, show_progress_bar=False)
        seconds["sentence-transformers, float32"].append(time.perf_counter() - started)
        started = time.perf_counter()
        dense.index([document], chunker, Fake())
        seconds["dense"].append(time.perf_counter() - started)
    best = {name: statistics.median(taken) for name, taken in seconds.items()}
    rows = [(name, len(passages) / taken) for name, taken in best.items()]
    table(
        rows,
        f"{len(passages):,} passages of 200 tokens, {torch.get_num_threads()} threads",
        "a second",
    )
    print(f"times as fast: {best['sentence-transformers, float32'] / best['dense']:.2f}")
    print(f"cosine with float32: at least {np.sum(vectors * expected, axis=1).min():.5f}\n")
    return {name: len(passages) / taken for name, taken in best.items()}


def block(number: int, size: int) -> np.ndarray:
    """Some of the clustered vectors; the same number gives the same ones."""
    centres = np.random.default_rng(1).standard_normal((CLUSTERS, DIMENSIONS), dtype="float32")
    draw = np.random.default_rng((2, number))
    found = centres[draw.integers(CLUSTERS, size=size)]
    found += SPREAD * draw.standard_normal(found.shape, dtype="float32")
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def peak() -> float:
    """Megabytes that this process held at most; getrusage would count the parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def build(folder: Path, count: int, kind: str) -> None:
    """Build from blocks, so that no more than one and the sample are held."""
    numbers = range(count // BLOCK)
    share = int(_nearest.TRAINED_ON * 4 * count**0.5 / len(numbers))
    sample = np.concatenate([block(n, BLOCK)[:share] for n in numbers])
    started = time.perf_counter()
    parts = (block(n, BLOCK) for n in numbers)
    index = _nearest.assemble(parts, sample, DIMENSIONS, kind)
    index.save(folder)
    print(time.perf_counter() - started, index.size() / 2**20, peak())


def search(folder: Path) -> None:
    """Search one query after the other, as questions come."""
    index, queries = _nearest.Nearest.load(folder), np.load(folder / "queries.npy")
    for query in queries[:20]:
        index.search(query, K)
    found = []
    taken = timed(lambda query: found.append([at for at, _ in index.search(query, K)]), queries)
    np.save(folder / "found.npy", np.array(found))
    print(statistics.median(taken), statistics.quantiles(taken, n=20)[-1], peak())


def exact(queries: np.ndarray, count: int) -> np.ndarray:
    scores = np.full((len(queries), 0), -np.inf, dtype="float32")
    places = np.zeros((len(queries), 0), dtype="int64")
    for number in range(count // BLOCK):
        new = queries @ block(number, BLOCK).T
        scores = np.concatenate([scores, new], axis=1)
        here = np.broadcast_to(number * BLOCK + np.arange(BLOCK), new.shape)
        places = np.concatenate([places, here], axis=1)
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        scores = np.take_along_axis(scores, best, axis=1)
        places = np.take_along_axis(places, best, axis=1)
    return places


def vectors(count: int, kinds: list[str]) -> None:
    queries = block(10**6, QUERIES)
    expected, rows = exact(queries, count), []
    for kind in kinds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            np.save(folder / "queries.npy", queries)
            built, size, held = child("build", folder, count, kind)
            middle, late, memory = child("search", folder, count, kind)
            found = np.load(folder / "found.npy")
        hits = [
            len({*a} & {*b}) / K for a, b in zip(found.tolist(), expected.tolist(), strict=True)
        ]
        rows.append((kind, statistics.mean(hits), middle, late, memory, size, built, held))
    headers = ("recall@10 of flat", "ms median", "ms p95", "MB of the process", "MB of the index")
    table(rows, f"{count:,} vectors", *headers, "build s", "MB while building")


def child(*work: object) -> list[float]:
    done = subprocess.run(
        [sys.executable, __file__, *map(str, work)], stdout=subprocess.PIPE, text=True, check=True
    )
    return [float(number) for number in done.stdout.split()]


if __name__ == "__main__":
    if sys.argv[1:2] == ["build"]:
        build(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    elif sys.argv[1:2] == ["search"]:
        search(Path(sys.argv[2]))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("what", nargs="*", default=["bm25", "embedding", "vectors"])
        parser.add_argument("--passages", type=int, default=20_000)
        parser.add_argument("--chunks", type=int, default=600)
        parser.add_argument("--vectors", type=int, default=1_000_000)
        parser.add_argument("--kinds", default="ivf")
        options = parser.parse_args()
        if "bm25" in options.what:
            bm25(options.passages)
        if "embedding" in options.what:
            embedding(options.chunks)
        if "vectors" in options.what:
            vectors(options.vectors, options.kinds.split(","))
