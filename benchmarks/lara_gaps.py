"""Replay LaRA's released answers and compare the full−RAG gaps with the paper's judged ones.

Usage: python benchmarks/lara_gaps.py LARA_DIRECTORY [--metric METRIC ...] (its published layout,
and paper_gaps.csv). The shipped weights of ``correctness`` are fitted to this very table: for
figures with each model left out run ``python -m crossover.experiments.correctness``.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import spearmanr
from tabulate import tabulate

from crossover import catalog
from crossover.datasets.lara import ARMS, Lara
from crossover.measure import measured
from crossover.metrics.answer import answer_recall
from crossover.models.released import Released
from crossover.pipelines.replay import Replay
from crossover.types import Answer, Example

Cell = tuple[str, str, str]
Metric = Callable[[Example, Answer], float | None]
METRICS = ("answer_recall", "answer_recall(beyond_question=true)", "correctness(signals=words)")


@dataclass(frozen=True)
class Gaps:
    """Mean gap in points per model × length × task, how many answers that took, and how long."""

    measured: dict[Cell, float]
    answers: int
    seconds: float


def replayed_gaps(folder: Path, metric: Metric = answer_recall) -> Gaps:
    """Replay and score every released answer, loading included in the seconds."""
    started = time.perf_counter()
    dataset = Lara(str(folder), questions="predictions")
    examples = list(dataset.examples())
    scores: dict[tuple[str, Cell], list[float]] = defaultdict(list)
    for name in sorted(path.name for path in (folder / "prediction").iterdir()):
        model = Released(name).bound(dataset)
        for arm in ARMS:
            for example in examples:
                answer = measured(Replay(arm), example.question, model)
                cell = (name, example.tags["length"], example.tags["task"])
                scores[arm, cell].append(metric(example, answer) or 0.0)
    means = {key: 100 * statistics.fmean(values) for key, values in scores.items()}
    gaps = {cell: means["full", cell] - means["rag", cell] for arm, cell in means if arm == "full"}
    return Gaps(gaps, sum(map(len, scores.values())), time.perf_counter() - started)


def paper_gaps(folder: Path) -> dict[Cell, float]:
    """Read the paper's gaps in points."""
    with (folder / "paper_gaps.csv").open(newline="") as file:
        return {(r["model"], r["length"], r["task"]): float(r["gap"]) for r in csv.DictReader(file)}


def agreement(found: dict[Cell, float], judged: dict[Cell, float], tasks: Sequence[str]) -> float:
    """Spearman's correlation over the cells of some tasks."""
    cells = [cell for cell in judged if cell[2] in tasks]
    return float(spearmanr([found[c] for c in cells], [judged[c] for c in cells]).statistic)


def same_signs(found: dict[Cell, float], judged: dict[Cell, float]) -> float:
    """The share of cells in which the same arm is ahead."""
    return statistics.fmean((found[c] > 0) == (gap > 0) for c, gap in judged.items())


def whole_document_score(folder: Path, metric: Metric = answer_recall) -> float:
    """Score the whole document as the answer to every question, unanswerable ones included."""
    examples = Lara(str(folder)).examples()
    return statistics.fmean(
        metric(example, Answer(example.question.documents[0].text)) or 0.0 for example in examples
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="LaRA's directory")
    parser.add_argument("--metric", action="append", help=f"default: {', '.join(METRICS)}")
    given = parser.parse_args()
    metrics = {text: catalog.metric(text) for text in given.metric or METRICS}
    found = {text: replayed_gaps(given.folder, metric) for text, metric in metrics.items()}
    judged = paper_gaps(given.folder)
    rows = [
        (*cell, *(one.measured[cell] for one in found.values()), judged[cell]) for cell in judged
    ]
    print(tabulate(rows, ["model", "length", "task", *found, "paper"], floatfmt=".1f"))
    tasks = sorted({cell[2] for cell in judged})
    for text, one in found.items():
        print(f"\n{text}: {one.answers:,} answers loaded, replayed, scored in {one.seconds:.1f} s")
        for some in (tasks, *([task] for task in tasks)):
            print(f"Spearman {agreement(one.measured, judged, some):.3f}  {', '.join(some)}")
        print(f"the same sign in {same_signs(one.measured, judged):.3f} of the cells")
        pasted = whole_document_score(given.folder, metrics[text])
        print(f"the whole document as the answer scores {pasted:.3f}")


if __name__ == "__main__":
    main()
