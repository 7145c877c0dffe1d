"""Personalised PageRank over a large passage graph: ``python benchmarks/pagerank_speed.py``.

The walk that ``graph`` takes (conjugate gradients, scipy's sparse matrix) against igraph's
``personalized_pagerank`` (prpack), from the same seeds on the same generated graph: passages in
documents of 50, each linked to its neighbours, to some anywhere and, through shared names, to some
more; a few have no links.
Both use one thread: milliseconds are that thread's, so that other work on the machine counts less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import igraph
import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, triu
from tabulate import tabulate

from crossover.retrievers._graph_walk import pagerank, walk_on

DOCUMENT, NEAR, NAMES, SHARERS, LONELY = 50, 4, 2, 6, 0.01


def links(passages: int, seed: int) -> csr_matrix:
    """A symmetric matrix of weights, about as many links as `graph` makes."""
    random = np.random.default_rng(seed)
    at = np.arange(passages - 1)
    chain = at[at % DOCUMENT != DOCUMENT - 1]
    near = random.integers(0, passages, (2, NEAR * passages))
    names = random.integers(0, passages * NAMES // SHARERS, NAMES * passages)
    owner = np.repeat(np.arange(passages), NAMES)
    held = csr_matrix((np.ones(len(owner)), (owner, names)))
    shared = coo_matrix(held @ held.T)
    one = np.concatenate([chain, near[0], shared.row])
    other = np.concatenate([chain + 1, near[1], shared.col])
    lonely = random.random(passages) < LONELY
    kept = (one != other) & ~lonely[one] & ~lonely[other]
    weights = random.random(kept.sum())
    half = csr_matrix((weights, (one[kept], other[kept])), shape=(passages, passages))
    return csr_matrix(half + half.T)


def timed(work: Callable[[], object]) -> tuple[np.ndarray, float]:
    started = time.thread_time()
    found = work()
    milliseconds = 1000 * (time.thread_time() - started)
    return np.asarray(found), milliseconds


def begin(passages: int, seeds: int, query: int) -> np.ndarray:
    """Random probabilities of that many seeds."""
    random = np.random.default_rng(query)
    start = np.zeros(passages)
    start[random.choice(passages, seeds, replace=False)] = random.random(seeds)
    return start / start.sum()


def row(matrix: csr_matrix, seeds: int, restart: float, queries: int) -> tuple[object, ...]:
    walk, half = walk_on(matrix), triu(matrix).tocoo()
    graph = igraph.Graph(n=matrix.shape[0], edges=np.column_stack([half.row, half.col]))
    weights = half.data.tolist()
    ours, theirs, apart = [], [], []
    for query in range(queries):
        start = begin(matrix.shape[0], seeds, query)
        fast, milliseconds = timed(partial(pagerank, walk, start, restart))
        ours.append(milliseconds)
        ask = partial(graph.personalized_pagerank, directed=False, damping=1 - restart)
        exact, milliseconds = timed(partial(ask, reset=start.tolist(), weights=weights))
        theirs.append(milliseconds)
        apart.append(float(np.abs(fast - exact).sum()))
    return seeds, restart, *spread(ours), *spread(theirs), f"<{max(apart):.0e}"


def spread(milliseconds: list[float]) -> tuple[float, float]:
    return statistics.median(milliseconds), float(np.quantile(milliseconds, 0.95))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=20)
    options = parser.parse_args()
    heads = ["seeds", "restart", "ours p50 ms", "p95", "igraph p50 ms", "p95", "apart (sum)"]
    matrix = links(options.passages, seed=0)
    print(f"{options.passages:,} passages, {matrix.nnz // 2:,} links, {options.queries} queries")
    presets = ((10, 0.5), (5, 0.5), (5, 0.15))
    rows = [row(matrix, *preset, options.queries) for preset in presets]
    print(tabulate(rows, heads, floatfmt=("", ".2f", ".1f", ".1f", ".1f", ".1f", "")))


if __name__ == "__main__":
    main()
