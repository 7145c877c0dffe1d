"""LoCoMo's own F1 (Maharana et al. 2024), by ``task_eval/evaluation.py``."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec

from crossover.errors import MissingExtra
from crossover.metrics._benchmarks import PUNCTUATION, best, f1, said
from crossover.types import Answer, Example

__all__ = ["locomo_f1"]

ARTICLES = re.compile(r"\b(?:a|an|the|and)\b")
# the benchmark's files number the categories; the dataset `locomo` names them
CATEGORIES = {"1": "multi-hop", "3": "open-domain", "5": "adversarial"}
NO_ANSWER = ("no information available", "not mentioned")


def locomo_f1(example: Example, answer: Answer) -> float | None:
    """F1 of Porter stems, by the question's category (the tag ``category``). Raises MissingExtra.

    Temporal and single-hop: F1 against the gold. Open-domain: against the gold up to its first
    semicolon. Multi-hop: gold and answer are lists separated by commas; the mean over the gold's
    parts of the best part of the answer. Adversarial: 1 where the answer says ``no information
    available`` or ``not mentioned``, whatever the gold. None without a gold in other categories.
    """
    category = example.tags.get("category", "")
    category = CATEGORIES.get(category, category)
    if category == "adversarial":
        text = answer.text.lower() if said(answer) else ""
        return float(any(phrase in text for phrase in NO_ANSWER))
    if category == "multi-hop":
        return best(example, answer, _of_lists)
    if category == "open-domain":
        return best(example, answer, lambda text, gold: _of_stems(text, gold.partition(";")[0]))
    return best(example, answer, _of_stems)


def _of_lists(text: str, gold: str) -> float:
    parts, wanted = text.split(","), gold.split(",")
    return sum(max(_of_stems(part, one) for part in parts) for one in wanted) / len(wanted)


def _of_stems(text: str, gold: str) -> float:
    return f1(_stems(text), _stems(gold))


def _stems(text: str) -> list[str]:
    words = ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()
    return [_stem(word) for word in words]


@cache
def _stem(word: str) -> str:
    if find_spec("nltk") is None:
        raise MissingExtra("nltk", "report", "LoCoMo's F1")
    from nltk.stem.porter import PorterStemmer

    return str(PorterStemmer().stem(word))
