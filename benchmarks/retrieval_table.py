"""Every retriever family on LoCoMo and on biographies: chosen on one part, reported on another.

``python benchmarks/retrieval_table.py biographies`` or ``… locomo PATH``. Of every family the
configuration with the best recall@5 on three dialogues (LoCoMo) or on the documents of one seed
(biographies) is measured on the other dialogues or another seed's documents, beside plain BM25 and
plain dense, over all questions and by their kind.
"""

import argparse
from pathlib import Path

import pandas as pd
from rich.console import Console

from crossover.experiments.grid import load_grid
from crossover.experiments.progress import LiveProgress
from crossover.experiments.report import render_terminal
from crossover.experiments.retrieval.measuring import measure_retrieval
from crossover.experiments.retrieval.table import (
    retrieval_columns,
    summarise_retrieval,
    write_retrieval,
)

HEADLINE = "recall@5"
HYBRID = "hybrid(retrievers=[bm25, dense])"
WEIGHTED = "hybrid(fusion=weighted)"
FAMILIES = {
    "BM25": ("retriever=bm25",),
    "dense": ("retriever=dense",),
    "BM25 + rerank": ("retriever=bm25, reranker=reader, candidates=20",),
    "hybrid + rerank alone": (f"retriever={WEIGHTED}, reranker=reader(weight=1.0), candidates=20",),
    "hybrid": (f"retriever={HYBRID}", f"retriever={WEIGHTED}"),
    "hybrid + rerank": tuple(
        f"retriever={retriever}, reranker=reader, candidates=20" for retriever in (HYBRID, WEIGHTED)
    ),
    "late chunking": ("retriever=dense(late=true)",),
    "graph": (
        "retriever=graph",
        "retriever=graph(seed_k=30, sharpness=3)",
        "retriever=graph(seeds=dense)",
        "retriever=graph(seeds=hybrid)",
    ),
    "property graph": ("retriever=property_graph",),
    "RAPTOR": ("retriever=raptor",),
    "tree index": ("retriever=tree_index",),
    "auto-merging": ("retriever=auto_merging(sizes=[512, 256, 128])",),
}
BASELINES = ("BM25", "dense")
# questions that choose a configuration; all of the other part are reported on
CHOOSING = 120
DATASETS = {
    "locomo": (
        "locomo('{path}', dialogue=['26', '30', '42'])",
        "locomo('{path}', dialogue=['43', '47', '48', '50'])",
        ("lines", "lines(lines=3)"),
        "category",
    ),
    "biographies": (
        "biographies(tokens=16000, documents=6, questions=42, seed=1)",
        "biographies(tokens=16000, documents=12, questions=42, seed=2)",
        ("tokens(size=100)", "sentence(size=100, overlap=0)"),
        "kind",
    ),
}


def measured(datasets: str, strategies: list[str], limit: int | None = None) -> pd.DataFrame:
    grid = {"datasets": datasets, "strategies": strategies, "models": "reader"}
    with LiveProgress(Console(stderr=True)) as progress:
        return measure_retrieval(load_grid(grid, limit=limit, asks=False), progress)


def best_of(family: str, dataset: str, chunkers: tuple[str, ...], console: Console) -> str:
    """The family's configuration with the best headline measure."""
    retrievers = FAMILIES[family]
    texts = [f"rag({r}, k=20, chunker={c})" for r in retrievers for c in chunkers]
    means = measured(dataset, texts, CHOOSING).groupby("strategy", sort=False)[HEADLINE].mean()
    for text, mean in means.items():
        console.print(f"{family}: {mean:.3f} {text}", highlight=False)
    return str(means.idxmax())


def shown(frame: pd.DataFrame, first: str, by: tuple[str, ...], folder: Path, console: Console):
    """The table with one baseline first, for all differences are against the first row."""
    order = frame["strategy"].ne(first).sort_values(kind="stable").index
    turned = frame.loc[order].reset_index(drop=True)
    turned.attrs = frame.attrs
    summary = summarise_retrieval(turned, HEADLINE, by)
    console.print(render_terminal(summary, retrieval_columns))
    write_retrieval(turned, summary, folder)


def main(name: str, path: str, families: list[str], out: Path) -> None:
    first, second, chunkers, tag = DATASETS[name]
    console = Console(width=220)
    best = {
        family: best_of(family, first.format(path=path), chunkers, console) for family in families
    }
    frame = measured(second.format(path=path), list(best.values()))
    for baseline in BASELINES:
        folder = out / name / f"against-{baseline.lower()}"
        shown(frame, best[baseline], (), folder, console)
        shown(frame, best[baseline], (tag,), folder / tag, console)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=list(DATASETS))
    parser.add_argument("path", nargs="?", default="")
    parser.add_argument("--only", nargs="*", default=[], help="families beside the baselines")
    parser.add_argument("--out", type=Path, default=Path("runs/retrieval"))
    options = parser.parse_args()
    named = [f for f in FAMILIES if f in (*BASELINES, *(options.only or FAMILIES))]
    main(options.name, options.path, named, options.out)
