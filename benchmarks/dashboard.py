"""How fast the dashboard is on 100,000 result rows: ``python benchmarks/dashboard.py [ROWS]``.

Ten strategies and two models on questions of 200 documents with three tags, invented. ``work`` is
the processor's time, which other processes on the machine do not lengthen. Libraries are loaded
before; parts are the best of three times, a page is drawn once.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest
from tabulate import tabulate

from crossover.experiments.reporting import curves, slices
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.viewing.opened import Filter, Opened
from crossover.experiments.viewing.questions import Wanted, page

STRATEGIES = ["closed_book", "full_context", *(f"rag(k={k})" for k in (2, 5, 10, 20, 40))]
STRATEGIES += ["map_reduce", "memory", "evidence_first"]
MODELS, DOCUMENTS = ("small", "large"), 200
LENGTHS = np.array(["8k", "32k", "128k"])
TAGS = {"tag.kind": ["fact", "compare", "count", "hop"], "tag.half": ["first", "second"]}
PAGES = """
from crossover.app.dashboard import drawn
from crossover.app.pages import {page}
from crossover.app.showing.setup import read

drawn({page}.show, read([{run!r}]))
"""


def invented(rows: int) -> pd.DataFrame:
    """Answers whose scores depend on the document, the question, the strategy and the model."""
    chance = np.random.default_rng(0)
    questions = rows // (len(STRATEGIES) * len(MODELS))
    document = np.arange(questions) % DOCUMENTS
    hard = chance.normal(0, 0.5, DOCUMENTS)[document] + chance.normal(0, 1, questions)
    tags = {
        name: np.array(values)[chance.integers(0, len(values), questions)]
        for name, values in TAGS.items()
    }
    cells = []
    for at, model in enumerate(MODELS):
        for place, strategy in enumerate(STRATEGIES):
            right = hard + 0.1 * place + 0.3 * at + chance.normal(0, 0.8, questions) > 0.5
            failed = chance.random(questions) < 0.01
            words = chance.integers(3, 60, questions)
            tokens = 300 * (place + 1) ** 2 * (1 + document % 3) + chance.integers(
                0, 200, questions
            )
            cells.append(
                pd.DataFrame(
                    {
                        "dataset": "invented",
                        "example": [f"q{number}" for number in range(questions)],
                        "group": [f"document {number}" for number in document],
                        "strategy": strategy,
                        "model": model,
                        "outcome": np.where(failed, "failed:timeout", "answered"),
                        "answer": "an answer of a few words, as a model writes them",
                        "message": "",
                        "answer_recall": np.where(failed, 0.0, right),
                        "input_tokens": tokens,
                        "output_tokens": words,
                        "cached_tokens": 0,
                        "dollars": tokens * 1e-6,
                        "seconds": 0.2 + tokens / 5000 * chance.random(questions),
                        "first_token_seconds": 0.1,
                        "calls": 1,
                        "indexing_seconds": 0.5,
                        "indexing_tokens": 20_000,
                        "indexing_dollars": 0.0004,
                        "answer_words": words,
                        "tag.length": LENGTHS[document % 3],
                        **tags,
                    }
                )
            )
    frame = pd.concat(cells, ignore_index=True)
    frame.attrs = {"metrics": {"invented": ["answer_recall"]}, "run": "invented"}
    frame.attrs |= {"price_as": "openai:gpt-4o-mini", "config": "seed: 0"}
    return frame


def timed(work):
    """What it returns, and its seconds and processor's seconds."""
    start, used = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - start, time.process_time() - used


def best(work):
    """The least seconds of three times."""
    return [min(times) for times in zip(*(timed(work)[1:] for _ in range(3)), strict=True)]


def computed(folder: Path):
    """The parts that pages are made of."""
    part = Filter({"length": ("8k", "32k")})
    run = loaded(folder)
    facts, fewer = run.facts(Filter()), run.facts(part)
    yield "load", *best(lambda: loaded(folder))
    yield "summary of all rows", *best(lambda: run.facts(Filter()))
    yield "summary of two thirds", *best(lambda: run.facts(part))
    yield "summary by a tag", *best(lambda: run.facts(Filter(), ["kind"]))
    yield "pairs of all rows", *best(lambda: Facts(facts.frame, facts.summary).pairs)
    yield "pairs of two thirds", *best(lambda: Facts(fewer.frame, fewer.summary).pairs)
    yield "heat map", *best(lambda: list(slices.heats(facts.frame)))
    yield "crossover curves", *best(lambda: crossed(facts))
    yield "a page of questions", *best(lambda: page(run, Wanted(part)))


def loaded(folder: Path) -> Opened:
    run = Opened.of(folder)
    _ = run.frame
    return run


def crossed(facts: Facts):
    return [one for cell in facts.cells for one in curves.crossings(cell)]


def visited(folder: Path):
    """Pages as Streamlit draws them, without a browser."""
    for name in ("decide", "compare", "questions"):
        script = PAGES.format(page=name, run=str(folder))
        shown = AppTest.from_string(script, default_timeout=120)
        yield f"page {name}: first", *timed(shown.run)[1:]
        yield f"page {name}: again", *timed(shown.run)[1:]
        box = next(one for one in shown.multiselect if one.key == "only.length")
        box.select("8k").select("32k")
        yield f"page {name}: changed filter", *timed(shown.run)[1:]
        if name == "decide":
            slider = next(one for one in shown.slider if one.key == "decide.score")
            slider.set_value(0.5)
            yield "page decide: a slider", *timed(shown.run)[1:]


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        invented(rows).to_parquet(folder / "results.parquet", index=False)
        # libraries are loaded once, by a run of a few rows
        small = folder / "small"
        small.mkdir()
        invented(4_000).to_parquet(small / "results.parquet", index=False)
        for _ in visited(small):
            continue
        lines = [*computed(folder), *visited(folder)]
    print(tabulate(lines, ("what", "seconds", "work"), floatfmt=".2f"))


if __name__ == "__main__":
    main()
