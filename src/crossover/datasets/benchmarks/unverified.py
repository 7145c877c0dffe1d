"""Benchmarks whose columns could not be read anywhere: they must be named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part
from crossover.errors import DataError


@dataclass(frozen=True, slots=True)
class LCFO(Benchmark):
    """LCFO (Costa-jussà et al. 2024): summaries of 20 %, 10 % and 5 % of a text's length.

    Of its columns only ``source`` is known, the text, which the files hold for Wikipedia alone:
    fill the others in, or give ``skip_bad``. Say which column holds the summary, and how long it
    is. Its own scores are people's.
    """

    summary: str = field(default="", metadata={"help": "column of the summary"})
    percent: int = field(default=20, metadata={"help": "of the text's length: 20, 10 or 5"})

    name = "lcfo"
    about = About(
        source="huggingface.co/datasets/facebook/LCFO",
        licence="CC BY-NC 4.0; texts of Wikipedia CC BY-SA 4.0",
        size="251 texts of 5k words in 10 domains",
        verified="",
        paper="arXiv 2412.08268",
        hub="facebook/LCFO",
    )
    scores = ("rouge_l",)
    files = ("data/source_data.parquet", "source_data.parquet", "source_data.jsonl")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {"source_data": {}}

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A text to be summarised at one length."""
        if not self.summary:
            raise DataError(
                "which column holds the summary could not be verified: name it by summary=COLUMN"
            )
        yield {
            "question": f"Summarise the text in about {self.percent} % of its length.",
            "answers": [row.text(self.summary)],
            "context": row.text("source"),
            "form": "summary",
            "tags": {"percent": str(self.percent)},
        }


@dataclass(frozen=True, slots=True)
class DocPuzzle(Benchmark):
    """DocPuzzle (Zhuang et al. 2025): 100 Chinese questions on documents of 10k tokens.

    The paper names no place of its data: say which columns hold document, question and answer.
    Its judge also looks at the steps of the reasoning, which is not done here.
    """

    document: str = field(default="", metadata={"help": "column of the document"})
    question: str = field(default="", metadata={"help": "column of the question"})
    answer: str = field(default="", metadata={"help": "column of the answer"})

    name = "docpuzzle"
    about = About(
        source="arxiv.org/abs/2502.17807",
        licence="unknown",
        size="100 questions",
        verified="",
        paper="arXiv 2502.17807",
    )
    scores = ("answer_recall", "f1_squad")
    files = ("*.jsonl|*.json|*.parquet",)

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question by the columns that the options name."""
        if not (self.document and self.question and self.answer):
            raise DataError(
                "no published file's columns could be verified: name them by document=COLUMN,"
                " question=COLUMN and answer=COLUMN"
            )
        yield {
            "question": row.text(self.question),
            "answers": row.texts(self.answer),
            "context": row.text(self.document),
        }
