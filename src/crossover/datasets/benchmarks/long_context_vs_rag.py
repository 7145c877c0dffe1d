"""The twelve sets of "Long Context vs. RAG": a text and many questions on each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part

CHOICES = ("coursera", "quality", "toeflqa", "novelqa")
SOURCES: Mapping[str, tuple[str, ...]] = {
    "course": ("coursera",),
    "Wikipedia": ("2wikimultihopqa", "2wikimultihop", "hotpotqa", "naturalquestion", "musique"),
    "paper or report": ("multifieldqa", "qasper"),
    "story": ("narrativeqa", "quality", "novelqa"),
    "dialogue": ("toeflqa", "multidoc2dial"),
}
SOURCE = {task: source for source, tasks in SOURCES.items() for task in tasks}
LETTERS = "{}\nReply with the letter of the right option, or with all right letters, and no more."
BRIEF = "{}\nAnswer briefly, without any explanation."


class LongContextVsRag(Benchmark):
    """The sets of "Long Context vs. RAG for LLMs" (Li et al. 2025), twelve in one format.

    The paper scores right or wrong: all words of one side in the other, or the same letters. Golds
    of novelqa are hidden: its questions have none.
    """

    name = "lc_vs_rag"
    about = About(
        source="github.com/lixinze777/LC_VS_RAG (its README links the data)",
        licence="none stated; the data as its sources",
        size="19,188 questions in 12 sets",
        verified="lixinze777/LC_VS_RAG@2e72fe9bbf7d LC/, RAG/, Eval/; no data file seen",
        tasks=tuple(dict.fromkeys(SOURCE)),
        paper="arXiv 2501.01880",
    )
    scores: ClassVar[tuple[str, ...]] = ("lc_vs_rag", "f1_set")
    files = (
        *("{task}.jsonl", "full_set/{task}.jsonl", "datasets/full_set/{task}.jsonl"),
        "Datasets/full_set/{task}.jsonl",
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions on a text, golds in the same order."""
        asked, golds = row.texts("questions"), row.texts("answer")
        if len(asked) != len(golds):
            raise row.bad("answer", f"expected {len(asked)}, one for each question")
        task = part.tags.get("task", "")
        for question, gold in zip(asked, golds, strict=True):
            yield {
                "question": (LETTERS if task in CHOICES else BRIEF).format(question.strip()),
                "answers": [gold] if gold.strip() else [],
                "context": row.text("context"),
                "tags": {"source": SOURCE.get(task), "asks": _word(question)},
            }


def _word(question: str) -> str:
    """The first of the question words that stands in it, as the paper counts them."""
    words = ("how", "why", "what", "when", "where", "which", "who")
    return next((word for word in words if word in question.lower()), "other")
