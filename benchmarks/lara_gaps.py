"""Replay LaRA's released answers and compare the full−RAG gaps with the paper's judged ones.

Usage: python benchmarks/lara_gaps.py LARA_DIRECTORY (its published layout, and paper_gaps.csv).
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import spearmanr
from tabulate import tabulate

from crossover.datasets.lara import ARMS, Lara
from crossover.measure import measured
from crossover.metrics.answer import answer_recall
from crossover.models.released import Released
from crossover.pipelines.replay import Replay
from crossover.types import Answer, Example

Cell = tuple[str, str, str]


@dataclass(frozen=True)
class Gaps:
    """Mean gap in points per model × length × task, how many answers that took, and how long."""

    measured: dict[Cell, float]
    answers: int
    seconds: float


def replayed_gaps(folder: Path) -> Gaps:
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
                scores[arm, cell].append(answer_recall(example, answer) or 0.0)
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


def whole_document_score(folder: Path) -> float:
    """Score the whole document as the answer to every question, unanswerable ones included."""
    scores = [_pasted(example) for example in Lara(str(folder)).examples()]
    return statistics.fmean(scores)


def _pasted(example: Example) -> float:
    return answer_recall(example, Answer(example.question.documents[0].text)) or 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="LaRA's directory")
    folder = parser.parse_args().folder
    found, judged = replayed_gaps(folder), paper_gaps(folder)
    rows = [(*cell, found.measured[cell], gap) for cell, gap in judged.items()]
    print(tabulate(rows, ["model", "length", "task", "measured", "paper"], floatfmt=".1f"))
    tasks = sorted({cell[2] for cell in judged})
    for some in (tasks, *([task] for task in tasks)):
        print(f"Spearman {agreement(found.measured, judged, some):.3f}  {', '.join(some)}")
    print(f"{found.answers:,} answers loaded, replayed and scored in {found.seconds:.1f} s")
    print(f"the whole document as the answer scores {whole_document_score(folder):.3f}")


if __name__ == "__main__":
    main()
