"""Every retriever family on LoCoMo and on biographies: chosen on one part, reported on another.

``python benchmarks/retrieval_table.py biographies`` or ``… locomo PATH``. Of every family the
configuration with the best recall@5 on three dialogues (LoCoMo) or seeds 0 to 2 (biographies) is
measured on the other dialogues or seeds, beside plain BM25 and plain dense.
"""

import argparse
from pathlib import Path

import pandas as pd
from rich.console import Console

from crossover.experiments._ranking import (
    retrieval_columns,
    summarise_retrieval,
    write_retrieval,
)
from crossover.experiments.grid import load_grid
from crossover.experiments.progress import LiveProgress
from crossover.experiments.report import render_terminal
from crossover.experiments.retrieval import measure_retrieval

HEADLINE = "recall@5"
HYBRID = "hybrid(retrievers=[bm25, dense])"
RETRIEVERS = {
    "BM25": ("retriever=bm25",),
    "dense": ("retriever=dense",),
    "hybrid": (f"retriever={HYBRID}", "retriever=hybrid(fusion=weighted)"),
    "hybrid + rerank": tuple(
        f"retriever={HYBRID}, reranker=reader, candidates={n}" for n in (10, 20, 40)
    ),
    "late chunking": ("retriever=dense(late=true)",),
    "graph": ("retriever=graph", "retriever=graph(seeds=dense)", "retriever=graph(seeds=hybrid)"),
    "property graph": ("retriever=property_graph",),
    "RAPTOR": ("retriever=raptor",),
    "tree index": ("retriever=tree_index",),
    "auto-merging": ("retriever=auto_merging(sizes=[512, 256, 128])",),
}
DATASETS = {
    "locomo": (
        "locomo('{path}', dialogue=['26', '30', '42'])",
        "locomo('{path}', dialogue=['43', '47', '48', '50'])",
        ("lines", "lines(lines=3)"),
    ),
    "biographies": (
        "biographies(tokens=16000, documents=4, questions=42, seed=[0, 1, 2])",
        "biographies(tokens=16000, documents=4, questions=42, seed=[3, 4, 5, 6])",
        ("tokens(size=100)", "sentence(size=100, overlap=0)"),
    ),
}


def measured(datasets, strategies):
    grid = {"datasets": datasets, "strategies": list(strategies), "models": "reader"}
    with LiveProgress(Console(stderr=True)) as progress:
        frame = measure_retrieval(load_grid(grid, asks=False), progress)
    return frame.assign(dataset=frame["dataset"].str.partition("(")[0])


def chosen(frame):
    """The best configuration of every family, the baselines first."""
    means = frame.groupby("strategy", sort=False)[HEADLINE].mean()
    family = frame.groupby("strategy", sort=False)["family"].first()
    return [str(means[family == name].idxmax()) for name in RETRIEVERS]


def main(name: str, path: str, out: Path) -> None:
    first, second, chunkers = DATASETS[name]
    parts = []
    for family, retrievers in RETRIEVERS.items():
        texts = [f"rag({r}, k=10, chunker={c})" for r in retrievers for c in chunkers]
        parts.append(measured(first.format(path=path), texts).assign(family=family))
    best = chosen(pd.concat(parts, ignore_index=True))
    console = Console(width=200)
    for baseline in best[:2]:
        others = [text for text in best if text != baseline]
        frame = measured(second.format(path=path), [baseline, *others])
        console.print(render_terminal(summarise_retrieval(frame, HEADLINE), retrieval_columns))
        write_retrieval(frame, HEADLINE, out / name / baseline.partition(",")[0].partition("=")[2])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=list(DATASETS))
    parser.add_argument("path", nargs="?", default="")
    parser.add_argument("--out", type=Path, default=Path("runs/retrieval"))
    options = parser.parse_args()
    main(options.name, options.path, options.out)
