"""LooGLE's own scores but for its judge (Li et al. 2023), by ``Evaluation/automatic_metrics.py``.

Golds of masked names are one JSON object of masks and names.
"""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Mapping
from typing import Any, Literal

from crossover.metrics._benchmarks import best
from crossover.metrics._rouge import rouge_l_recall_of_sets, rouge_n_recall_of_sets
from crossover.types import Answer, Example

__all__ = ["loogle", "loogle_cloze", "loogle_rouge"]

CLOZE = "shortdep_cloze"
NO_LITERAL = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


def loogle(example: Example, answer: Answer) -> float | None:
    """Partial match of masked names (the tag ``task``), else recall of ROUGE-L."""
    cloze = example.tags.get("task") == CLOZE
    return (loogle_cloze if cloze else loogle_rouge)(example, answer)


def loogle_rouge(
    example: Example,
    answer: Answer,
    *,
    kind: Literal["rouge1", "rouge2", "rougeL"] = "rougeL",
) -> float | None:
    """Recall of the package rouge, distinct words alone: questions and summaries."""

    def score(text: str, gold: str) -> float:
        if kind == "rougeL":
            return rouge_l_recall_of_sets(text, gold)
        return rouge_n_recall_of_sets(text, gold, int(kind[-1]))

    return best(example, answer, score)


def loogle_cloze(example: Example, answer: Answer, *, exact: bool = False) -> float | None:
    """Share of the masks for which a word of the name, with ``exact`` the name itself, is given.

    0 where the answer is anything else than a dictionary, a line around it included.
    """

    def score(text: str, gold: str) -> float:
        names, said = json.loads(gold), _dictionary(text)
        right = sum(
            (said[mask] == name) if exact else _shares_a_word(said[mask], name)
            for mask, name in names.items()
            if mask in said
        )
        return float(right / len(names))

    return best(example, answer, score)


def _dictionary(text: str) -> Mapping[Any, Any]:
    try:
        found = literal_eval(text)
    except NO_LITERAL:
        return {}
    return found if isinstance(found, dict) else {}


def _shares_a_word(said: object, name: str) -> bool:
    return isinstance(said, str) and not set(said.split()).isdisjoint(name.split())
