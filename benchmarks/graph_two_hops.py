"""Does the graph find the second hop? ``python benchmarks/graph_two_hops.py``.

Two-hop questions of the generated ``biographies`` ask for a fact of somebody or something that is
described through another one. Recall of the second hop's sentence (the one with the answer) and of
both, among the k best passages, for the graph and the retriever that seeds it; the difference with
a 95 % bootstrap interval over documents. Seeds from 100 up were used to choose the link weights
and the sharper configuration; those below are reported.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from tabulate import tabulate

from crossover import catalog
from crossover.datasets.biographies import Biographies
from crossover.roles import Chunker, Model, Retriever
from crossover.types import Example, Passage, Span

PAIRS = (
    ("bm25", "graph"),
    ("bm25", "graph(seed_k=30, sharpness=3)"),
    ("bm25", "graph(seed_k=30, sharpness=3, links=[entities])"),
    ("dense", "graph(seed_k=30, sharpness=3, links=[entities])"),
    ("dense", "graph(seeds=dense)"),
    ("dense", "graph(seeds=dense, links=[entities])"),
)
RESAMPLES = 2000
Hits = dict[tuple[str, int, str], dict[int, list[float]]]


def second_hop(example: Example) -> Span | None:
    """The one sentence of the evidence that holds the answer; None where that is not clear."""
    text = example.question.documents[0].text
    holding = [
        span
        for span in example.evidence
        if any(answer.lower() in text[span.start : span.end].lower() for answer in example.answers)
    ]
    return holding[0] if len(holding) == 1 else None


def shows(found: Sequence[Passage], span: Span) -> bool:
    """Whether the passages together hold the whole sentence."""
    covered = set[int]()
    for passage in found:
        if passage.document == span.document:
            covered.update(range(max(passage.start, span.start), min(passage.end, span.end)))
    return len(covered) == span.end - span.start


def questions(tokens: int, seed: int, count: int) -> Iterator[tuple[Example, Span]]:
    dataset = Biographies(tokens, 1, count, kinds=("two_hop",), seed=seed)
    for example in dataset.examples():
        span = second_hop(example)
        if span:
            yield example, span


def hits(
    names: Sequence[str], tokens: int, size: int, seeds: Sequence[int], ks: Sequence[int]
) -> Hits:
    model, chunker = catalog.load(Model, "fake"), catalog.load(Chunker, f"tokens(size={size})")
    found: Hits = defaultdict(lambda: defaultdict(list))
    for seed in seeds:
        asked = list(questions(tokens, seed, 14))
        documents = asked[0][0].question.documents
        for name in names:
            index = catalog.load(Retriever, name).index(documents, chunker, model)
            for example, span in asked:
                ranked = index.search(example.question.text, max(ks), model)
                for k in ks:
                    second = shows(ranked[:k], span)
                    both = all(shows(ranked[:k], each) for each in example.evidence)
                    found[name, k, "second hop"][seed].append(second)
                    found[name, k, "both"][seed].append(both)
    return found


def compared(one: dict[int, list[float]], other: dict[int, list[float]]) -> tuple[object, ...]:
    """Means in points, their difference and its interval, documents resampled."""
    random = np.random.default_rng(0)
    totals = np.array([(sum(one[s]), sum(other[s]), len(one[s])) for s in one], dtype=float)
    drawn = totals[random.integers(0, len(totals), (RESAMPLES, len(totals)))].sum(axis=1)
    differences = 100 * (drawn[:, 1] - drawn[:, 0]) / drawn[:, 2]
    low, high = np.quantile(differences, (0.025, 0.975))
    first, second, count = totals.sum(axis=0)
    means = 100 * first / count, 100 * second / count
    return *means, means[1] - means[0], f"{low:+.1f} to {high:+.1f}", int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=16_000, help="length of each document")
    parser.add_argument("--size", type=int, default=100, help="tokens per passage")
    parser.add_argument("--seeds", type=int, default=30, help="documents, seeds from 0 up")
    parser.add_argument("--k", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--no-dense", action="store_true", help="only what BM25 seeds")
    options = parser.parse_args()
    pairs = [pair for pair in PAIRS if not (options.no_dense and pair[0] == "dense")]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    found = hits(names, options.tokens, options.size, range(options.seeds), options.k)
    rows = [
        (one, other, k, what, *compared(found[one, k, what], found[other, k, what]))
        for one, other in pairs
        for k in options.k
        for what in ("second hop", "both")
    ]
    heads = ["seeds", "graph", "k", "recall of", "seeds %", "graph %", "points", "95 %", "n"]
    print(tabulate(rows, heads, floatfmt=".1f"))


if __name__ == "__main__":
    main()
