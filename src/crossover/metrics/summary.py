"""How close a long answer's wording is to a reference text."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crossover.errors import MissingExtra
from crossover.normalise import WORD_OR_CHARACTER
from crossover.types import Answer, Example

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

__all__ = ["rouge_l"]


def rouge_l(example: Example, answer: Answer, *, stem: bool = False) -> float | None:
    """ROUGE-L F1 of the rouge-score library, the best over the golds; ``stem`` is Porter's.

    Tokens are the library's on ASCII text; other alphabets keep their words, Chinese and Japanese
    their characters, which the library alone would drop. Raises MissingExtra.
    """
    if not example.answers:
        return None
    if not answer.scorable or not answer.text.strip():
        return 0.0
    scores = _scorer(stem).score_multi(list(example.answers), answer.text)
    return float(scores["rougeL"].fmeasure)


class _Tokens:
    """Lower-case words, and characters where words are not set apart."""

    def __init__(self, stem: bool) -> None:
        from nltk.stem.porter import PorterStemmer

        self._stem = PorterStemmer().stem if stem else str

    def tokenize(self, text: str) -> list[str]:
        """Cut a text as rouge-score does; it stems words of more than three letters only."""
        words = WORD_OR_CHARACTER.findall(text.lower())
        return [self._stem(word) if len(word) > 3 else word for word in words]


@cache
def _scorer(stem: bool) -> RougeScorer:
    if find_spec("rouge_score") is None:
        raise MissingExtra("rouge-score", "report", "the metric rouge_l")
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Tokens(stem))
