"""What the benchmarks' own scorers have in common.

They normalise as SQuAD's script does, ASCII punctuation alone, where ``crossover.normalise`` knows
all punctuation and keeps what normalising would erase: close, but not the published numbers.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from crossover.normalise import ARTICLES
from crossover.types import Answer, Example

Golds = tuple[str, ...]

VERDICTS = ("yes", "no", "noanswer")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def scored(
    example: Example, answer: Answer, score: Callable[[str, Golds], float | None]
) -> float | None:
    """Score the answer's text against all golds; None without golds, 0 without an answer."""
    if not example.answers:
        return None
    if not said(answer):
        return 0.0
    return score(answer.text, example.answers)


def best(example: Example, answer: Answer, score: Callable[[str, str], float]) -> float | None:
    """Score the answer's text against the gold that it fits best."""
    return scored(
        example, answer, lambda text, golds: float(max(score(text, gold) for gold in golds))
    )


def said(answer: Answer) -> bool:
    """Whether there is text to score."""
    return answer.scorable and bool(answer.text.strip())


def squad(text: str) -> str:
    """Normalise to lower case without ASCII punctuation, articles and surplus space."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def squad_f1(text: str, gold: str) -> float:
    """F1 of the normalised words, repeated ones counted."""
    return f1(squad(text).split(), squad(gold).split())


def verdict_f1(text: str, gold: str) -> float:
    """HotpotQA's: 0 where one side is yes, no or noanswer and the other differs."""
    given, wanted = squad(text), squad(gold)
    differ = given != wanted and (given in VERDICTS or wanted in VERDICTS)
    return 0.0 if differ else squad_f1(text, gold)


def f1(given: Sequence[str], gold: Sequence[str]) -> float:
    """F1 of two lists of tokens, repeated ones counted; 0 where they share none."""
    shared = (Counter(given) & Counter(gold)).total()
    return 2 * shared / (len(given) + len(gold)) if shared else 0.0


def blanked(text: str, characters: Iterable[str]) -> str:
    """Put a space in the place of each of these characters or words."""
    for character in characters:
        text = text.replace(character, " ")
    return text
