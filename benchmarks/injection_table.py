"""What planted instructions do to every strategy, with its default options, on two models:
``python benchmarks/injection_table.py [--attacks naive,combined] [--out runs/injection]``.

The embedded reader cannot follow an instruction; what it can do is be shown it and quote it. The
other model is a scripted endpoint on the loopback that obeys whatever it reads (tests/obedient.py).
The documents are generated, the instructions ask for a made-up word or a sum.
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from crossover import catalog
from crossover.experiments import _tables
from crossover.experiments._markdown import markdown_table
from crossover.experiments.grid import load_grid
from crossover.experiments.injection.detector import Detector
from crossover.experiments.injection.measuring import measure_injection
from crossover.experiments.injection.table import (
    injection_columns,
    summarise_injection,
    write_injection,
)
from crossover.experiments.progress import LiveProgress
from crossover.faithfulness import Search
from crossover.roles import Dataset, Strategy

TESTS = Path(__file__).parents[1] / "tests"
# an app of somebody else's: there is none without its address
NO_DEFAULT = ("external",)
# beside the defaults: on so short a document, eight passages are all of it
BESIDE = ("rag(k=2)",)
# what is printed; injection.md and injection.csv beside the answers hold the rest
PRINTED = (
    "strategy exposure shown_difference success in_trace quoted clean under lost"
    " detected_success detected false_alarms failed"
).split()
# each group of pieces alone: without leave-one-out and shapley's orders, for the time they take
DETECTOR = Detector(Search(scores=("stc",)))
FIRST = "full_context"
BASE = "biographies(tokens={tokens}, documents={documents}, questions={questions}, kinds=[lookup])"


def main(given: argparse.Namespace) -> None:
    base = BASE.format(tokens=given.tokens, documents=given.documents, questions=given.questions)
    for model in given.models.split(","):
        if model == "scripted":
            _scripted(given, base)
        else:
            _measure(model, given, base, given.out / "reader")


def _scripted(given: argparse.Namespace, base: str) -> None:
    sys.path.insert(0, str(TESTS))
    os.environ.setdefault("OPENAI_API_KEY", "none is needed here")
    from misbehaving import Endpoint
    from obedient import obeying

    examples = list(catalog.load(Dataset, base).examples())
    with Endpoint(obeying(examples), port=given.port) as endpoint:
        model = f'openai:scripted(base_url="{endpoint.url}", attempts=1)'
        _measure(model, given, base, given.out / "scripted")


def _measure(model: str, given: argparse.Namespace, base: str, folder: Path) -> None:
    """Measure all strategies on a model and print the tables as Markdown."""
    others = [name for name in catalog.names(Strategy) if name not in (*NO_DEFAULT, FIRST)]
    attacked = f"attacked({base}, attack=[{given.attacks}], depth={given.depth})"
    datasets = [base, attacked]
    strategies = given.strategies.split("|") if given.strategies else [*others, *BESIDE]
    grid = load_grid({"datasets": datasets, "models": [model], "strategies": [FIRST, *strategies]})
    with LiveProgress(Console(stderr=True)) as progress:
        frame = measure_injection(grid, folder, detector=DETECTOR, progress=progress)
    write_injection(frame, folder)
    print(f"\n## {model.partition('(')[0]}, {base}, depth {given.depth}\n")
    for _, table in _tables.datasets(summarise_injection(frame)):
        shown = [column for column in injection_columns(table) if column.source in PRINTED]
        print(f"{_tables.setting(table)}, {given.attacks}\n")
        print(markdown_table(table, shown), "\n")
        print("\n".join(_tables.failed(table, injection_columns)), "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="reader,scripted")
    parser.add_argument("--attacks", default="naive, combined, competing")
    parser.add_argument("--strategies", default="", help="separated by |; default: all")
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--documents", type=int, default=6)
    parser.add_argument("--questions", type=int, default=2)
    parser.add_argument("--depth", type=float, default=0.5)
    parser.add_argument("--port", type=int, default=8799, help="of the scripted endpoint")
    parser.add_argument("--out", type=Path, default=Path("runs/injection"))
    main(parser.parse_args())
