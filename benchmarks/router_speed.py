"""How fast a router loads and decides: ``python benchmarks/router_speed.py router.json``.

Questions are asked on one generated document; its index is built once and timed apart.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tabulate import tabulate

from crossover import Router
from crossover.datasets.biographies import Biographies
from crossover.decisions import Budget
from crossover.router.router import profile_of
from crossover.types import Answer

TOKENS, QUESTIONS = 32_000, 200
SAID = "The firm was founded in 1902 by Ada Byron, who sold it to her brother in the same town."


def main(path: Path) -> None:
    started = time.perf_counter()
    router = Router.load(path)
    rows = [("load the file", time.perf_counter() - started)]
    examples = Biographies(TOKENS, 1, QUESTIONS).examples()
    questions = [example.question for example in examples]
    started = time.perf_counter()
    router.decide(questions[0])
    rows.append((f"first decision on {TOKENS:,} tokens", time.perf_counter() - started))
    for name, answers in (("before an answer", []), ("by the first answer", [Answer(SAID)])):
        seconds = []
        for question in questions[1:]:
            profile = profile_of(question)
            started = time.perf_counter()
            router.policy.decide(question, profile, Budget(), answers)
            seconds.append(time.perf_counter() - started)
        ranked = sorted(seconds)
        rows.append((f"decide {name}, p50", statistics.median(ranked)))
        rows.append((f"decide {name}, p95", ranked[int(0.95 * len(ranked))]))
    print(tabulate([(name, 1000 * s) for name, s in rows], ("", "ms"), floatfmt=".1f"))
    print(_import_seconds())


def _import_seconds() -> str:
    code = "import time; t = time.perf_counter(); from crossover import Router; "
    code += "print(f'import: {1000 * (time.perf_counter() - t):.0f} ms')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
