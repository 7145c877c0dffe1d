"""LIBRA's own scores (Churin et al. 2024), by its ``eval.py`` and ``evaluation/metrics.py``."""

from __future__ import annotations

import re

from crossover.metrics._benchmarks import PUNCTUATION, Golds, f1, scored
from crossover.types import Answer, Example

__all__ = ["libra"]

COUNTED = "ru_sci_passage_count"
OVERLAPPING = "ru_qasper"
NUMBER = re.compile(r"\d+")


def libra(example: Example, answer: Answer) -> float | None:
    """1 where the answer holds a gold, letter by letter; for two values of ``task`` another score.

    ru_sci_passage_count: the share of its numbers that are the gold. ru_qasper: F1 of words. What
    must not be said stands in the tag ``negatives``, one on each line: each takes its share off,
    and all of them everything. Later scorers compare lemmas.
    """
    task = example.tags.get("task", "")
    wrong = example.tags.get("negatives", "").splitlines()
    score = {COUNTED: _counted, OVERLAPPING: _overlap}.get(task, _held)

    def judged(text: str, golds: Golds) -> float:
        said = sum(one in text for one in wrong)
        if wrong and said == len(wrong):
            return 0.0
        right = max(score(text, gold) for gold in golds)
        return max(right - said / len(wrong), 0.0) if wrong else right

    return scored(example, answer, judged)


def _held(text: str, gold: str) -> float:
    return float(gold in text)


def _counted(text: str, gold: str) -> float:
    numbers = NUMBER.findall(text)
    return numbers.count(gold) / len(numbers) if numbers else 0.0


def _overlap(text: str, gold: str) -> float:
    return f1(_words(text), _words(gold))


def _words(text: str) -> list[str]:
    return text.lower().translate(PUNCTUATION).split()
