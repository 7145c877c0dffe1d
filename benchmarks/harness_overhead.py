"""What a run costs beside its calls: ``python benchmarks/harness_overhead.py [--questions 2000]``.

Against an endpoint of its own process that answers after 200 ms: calls per second of a whole run
(four strategies, every answer on disk) beside a bare pool of threads over the same LangChain model,
which is given the same prompts. With a model that answers at once: stored answers per second,
beside ``inspect_ai`` and its mock model on the same questions, where ``--inspect`` names a Python
that has it.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import call_throughput
from tabulate import tabulate

from crossover.experiments.answering import Silent
from crossover.experiments.grid import Grid, load_grid
from crossover.experiments.store import Store
from crossover.experiments.working import answer_apart
from crossover.models._rendering import rendered_text
from crossover.roles import Model
from crossover.types import Completion, Request, Usage

STRATEGIES = ["closed_book", "full_context", "rag(retriever=bm25, k=2)", "rag(retriever=bm25, k=4)"]
DOCUMENTS = 50
PEER = """
import json, sys, time
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
samples = [Sample(input=one, target="Ada") for one in json.load(open(sys.argv[1]))]
model = get_model("mockllm/model")
started = time.perf_counter()
eval(Task(dataset=samples, solver=generate(), scorer=includes()), model=model, display="none",
     log_dir=sys.argv[2], max_connections=64, max_samples=64)
print(len(samples) / (time.perf_counter() - started))
"""
Table = tuple[list[object], list[str]]


class Recording(Model):
    """Keeps what a strategy asks, for the bare pool to ask the same."""

    window = 1_000_000

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def complete(self, request: Request) -> Completion:
        self.prompts.append(rendered_text(request))
        return Completion("Ada", Usage(calls=1))


def main(questions: int, concurrencies: list[int], peer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        path = written(here, questions)
        prompts = asked(grid(path, "fake(reply=Ada)"))
        print(tabulate(*at_once(here, path, prompts, peer), floatfmt=("", ".0f", ".1f")), "\n")
        with call_throughput.endpoint() as url:
            print(tabulate(*called(here, path, prompts, concurrencies, url), floatfmt=".3f"))


def written(here: Path, questions: int) -> Path:
    text = "The river rose and the bridge of Ostrel was closed for a week. " * 12
    lines = [
        {
            "question": f"Who built bridge {n}?",
            "answers": ["Ada"],
            "documents": [
                {"id": f"d{n % DOCUMENTS}", "text": f"Ada built {n % DOCUMENTS}. {text}"}
            ],
        }
        for n in range(questions)
    ]
    path = here / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def grid(path: Path, model: str) -> Grid:
    return load_grid({"datasets": [f"jsonl({path})"], "models": [model], "strategies": STRATEGIES})


def asked(planned: Grid) -> list[str]:
    recording = Recording()
    for job in planned.jobs():
        job.strategy.answer(job.example.question, recording)
    return recording.prompts


def rate(planned: Grid, folder: Path) -> float:
    """Stored answers per second of a run, its imports and indexes apart."""
    jobs = list(planned.jobs())
    with Store(folder) as store:
        started = time.perf_counter()
        answer_apart(planned.engine, planned, jobs, folder, store, Silent())
        return len(jobs) / (time.perf_counter() - started)


def at_once(
    here: Path, path: Path, prompts: list[str], peer: str
) -> tuple[list[object], list[str]]:
    found = rate(grid(path, "fake(reply=Ada, concurrency=16)"), here / "at once")
    rows: list[object] = [("crossover, answers stored", found, None)]
    if peer:
        (here / "prompts.json").write_text(json.dumps(prompts))
        command = [peer, "-c", PEER, str(here / "prompts.json"), str(here / "logs")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        other = float(done.stdout.split()[-1])
        rows = [("crossover, answers stored", found, found / other), ("inspect_ai", other, 1.0)]
    return rows, ["model that answers at once", "answers/s", "of inspect_ai"]


def called(here: Path, path: Path, prompts: list[str], concurrencies: list[int], url: str) -> Table:
    rows: list[object] = []
    for streams in ("true", "false"):
        for many in concurrencies:
            call_throughput.CONCURRENCY = many
            pool = call_throughput.bare("m", url, streams == "true", prompts)
            model = f"openai:m(base_url={url}, concurrency={many}, streams={streams})"
            ours = rate(grid(path, model), here / f"{streams} {many}")
            ideal = many / call_throughput.LATENCY
            rows.append((streams, many, pool, ours, ours / pool, ours / ideal))
    return rows, ["streaming", "calls at once", "bare pool", "run", "of the pool", "of the ideal"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--inspect", default="", help="a Python with inspect_ai")
    options = parser.parse_args()
    main(options.questions, options.concurrency, options.inspect)
