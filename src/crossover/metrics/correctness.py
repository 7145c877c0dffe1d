"""Is a long free-form answer right? Judged without a judge, by signals fitted to judged tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from crossover.abstention import abstains
from crossover.metrics._fitted import ALL, LEXICAL_ALONE
from crossover.metrics._signals import Compared, compared, decided
from crossover.metrics._wording import latin
from crossover.metrics.answer import abstention
from crossover.types import Answer, Example

__all__ = ["correctness"]

# answers whose score is kept: a report scores the same ones again
KEPT = 16_384


def correctness(
    example: Example, answer: Answer, *, signals: Literal["all", "words"] = "all"
) -> float | None:
    """How probable it is that a judge calls the answer right; ``abstention`` without a gold.

    Weighs how much of the gold's words, numbers and meaning an answer gives beyond the question,
    and how much of it is about that. Declining is wrong, unless the gold itself says that there is
    no answer; so is yes for no. Reads the first 300 words. ``signals=words`` needs no packages and
    runs no network; golds that are not in the Latin alphabet are always scored so. The weights are
    fitted to the accuracies of seven models that an LLM judged on LaRA (ICML 2025). Raises
    MissingExtra.
    """
    if not example.answers:
        return abstention(example, answer)
    declined = answer.outcome == "declined" or abstains(answer.text)
    if not answer.scorable or not (declined or answer.text.strip()):
        return 0.0
    asked = example.question.text
    return max(
        _score(asked, gold, answer.text, declined, signals == "words") for gold in example.answers
    )


@lru_cache(maxsize=KEPT)
def _score(question: str, gold: str, answer: str, declined: bool, lexical: bool) -> float:
    known = decided(gold, answer, declined=declined)
    if known == known:
        return known
    lexical = lexical or not latin(gold)
    [found] = compared([Compared(question, gold, answer)], lexical)
    return (LEXICAL_ALONE if lexical else ALL).score(found)
