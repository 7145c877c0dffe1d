"""Runs with texts for the pages that show them: answers, questions, passages and calls."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from frames import frame, row

import crossover
from crossover.experiments.grid import Job
from crossover.experiments.report import write_report
from crossover.experiments.reporting.details import DetailsWriter
from crossover.types import Answer, Document, Example, Passage, Question, Record, Span, Step, Usage

STRATEGIES = (
    "full_context",
    "rag(k=1)",
    "rag(k=2)",
    "compressed(compressor=keep_words, rate=0.5)",
)
GRID = {
    "datasets": "biographies(tokens=1500, documents=2, questions=3)",
    "models": ["fake"],
    "strategies": list(STRATEGIES),
}


@cache
def real() -> Path:
    """A run of real strategies over generated documents, with a model that costs nothing."""
    folder = Path(mkdtemp()) / "real"
    crossover.run(GRID, out=folder)
    return folder


def written(folder, texts, question="Who?", answer=None, strategies=("rag", "full_context")):
    """A run whose questions hold these texts; ``rag`` is right on the first half of them."""
    rows, jobs, records = [], [], []
    for at, text in enumerate(texts):
        document = Document(f"d{at}", text)
        example = Example(
            Question(f"q{at}", f"{question} {at}", (document,)),
            ("gold",),
            (Span(document.id, 2, 6),),
            document.id,
        )
        for place, strategy in enumerate(strategies):
            score = 1.0 if (at < len(texts) / 2) == (place == 0) else 0.0
            said = text if answer is None else answer
            rows.append(
                row(strategy, document.id, score, example=f"q{at}", answer=said, message="")
            )
            passage = Passage(document.id, 0, len(text), text)
            given = Answer(said, (passage,), Usage(10, 2, calls=1), 1.0, trace=(Step("read", 1.0),))
            records.append(Record("r", "papers", f"q{at}", document.id, strategy, "reader", given))
            jobs.append(Job(None, example, None, None, ""))
    folder.mkdir(parents=True, exist_ok=True)
    write_report(frame(rows), folder)
    with DetailsWriter(folder) as details:
        for job, record in zip(jobs, records, strict=True):
            details.add(job, record)
    return folder
