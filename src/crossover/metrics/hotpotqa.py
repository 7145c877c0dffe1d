"""Answer scores of HotpotQA (``hotpot_evaluate_v1.py``) and Qasper (``scripts/evaluator.py``)."""

from __future__ import annotations

from crossover.metrics._benchmarks import best, squad_f1, verdict_f1
from crossover.types import Answer, Example

__all__ = ["hotpotqa_f1", "qasper_f1"]

UNANSWERABLE = "unanswerable"


def hotpotqa_f1(example: Example, answer: Answer) -> float | None:
    """F1 of SQuAD's tokens; 0 where one side is yes, no or noanswer and the other differs."""
    return best(example, answer, verdict_f1)


def qasper_f1(example: Example, answer: Answer) -> float | None:
    """F1 of SQuAD's tokens, the best over annotators; "Unanswerable" is said in this word.

    An answer that declines says it, and so does a gold of none (Dasigi et al. 2021).
    """
    if example.answers and answer.outcome != "declined":
        return best(example, answer, squad_f1)
    golds = example.answers or (UNANSWERABLE,)
    said = UNANSWERABLE if answer.outcome == "declined" else answer.text
    return max(squad_f1(said, gold) for gold in golds) if said.strip() else 0.0
