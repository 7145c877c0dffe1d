"""The verdict of "Long Context vs. RAG" (Li et al. 2025), by its ``Eval/auto_eval.py``."""

from __future__ import annotations

import re
import string

from crossover.metrics._benchmarks import best
from crossover.types import Answer, Example

__all__ = ["lc_vs_rag"]

CHOICES = ("coursera", "quality", "toeflqa", "novelqa")
PUNCTUATION = str.maketrans("", "", string.punctuation)
SMALL = re.compile(r"\b(?:a|an|the|and|or|about|to)\b")
NUMBERED = re.compile(r"Question\s*\d+\.?\s*")
LETTERS = str.maketrans("", "", "., ")
MOST_LETTERS = 4


def lc_vs_rag(example: Example, answer: Answer) -> float | None:
    """1 where all words of gold or answer are in the other, or (by ``task``) the letters agree.

    Empty answers are wrong here; the published script calls them right.
    """
    if example.tags.get("task", "") in CHOICES:
        return best(example, answer, lambda text, gold: float(_letters(text) == _letters(gold)))
    return best(example, answer, lambda text, gold: float(_within(_words(text), _words(gold))))


def _words(text: str) -> set[str]:
    return set(SMALL.sub(" ", text.lower().translate(PUNCTUATION)).split())


def _within(said: set[str], gold: set[str]) -> bool:
    return bool(said) and (gold <= said or said <= gold)


def _letters(text: str) -> str:
    text = NUMBERED.sub("", text)
    if "?" in text:
        text = text.rpartition("?")[2].partition(".")[0]
    text = text.translate(LETTERS)
    return text if len(text) <= MOST_LETTERS else text[0]
