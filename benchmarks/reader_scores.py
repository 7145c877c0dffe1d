"""Held-out scores of the shipped reader: ``python benchmarks/reader_scores.py DATA``."""

import sys
from pathlib import Path

from tabulate import tabulate

from crossover.experiments.reader import items, scores
from crossover.models.reader import _weights


def main(data: Path) -> None:
    network, calibration = _weights.load()
    held_out = [item for item in items.load(data) if item.held_out]
    print(tabulate(scores.table(network, calibration, held_out), floatfmt=".3f"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
