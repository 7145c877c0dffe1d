"""Does the answer say what the gold says? Scores in 0–1, the best over the gold answers.

An answer that is empty, failed or refused scores 0. ``None`` means that a metric does not apply:
comparing with a gold where the question is unanswerable, for instance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from crossover.abstention import abstains
from crossover.choices import chosen
from crossover.normalise import (
    Reading,
    gold_plain,
    gold_reading,
    gold_tokens,
    plain,
    plain_tokens,
    read,
    says_number,
)
from crossover.types import Answer, Example

__all__ = [
    "abstention",
    "answer_recall",
    "choice_accuracy",
    "exact_match",
    "f1_set",
    "f1_squad",
    "substring_match",
]

# answer_recall reads that many words of an answer, or LENGTHS times the gold's if that is more
WORDS, LENGTHS = 100, 3
NOTHING = gold_reading("")


def exact_match(example: Example, answer: Answer) -> float | None:
    """1 where the answer equals a gold but for case, punctuation and articles (SQuAD)."""

    def score(text: str, golds: tuple[str, ...]) -> float:
        given = plain(text)
        return float(any(given == gold_plain(gold) for gold in golds))

    return _scored(example, answer, score)


def substring_match(example: Example, answer: Answer) -> float | None:
    """1 where a normalised gold stands in the normalised answer (HELMET's substring match)."""

    def score(text: str, golds: tuple[str, ...]) -> float:
        given = plain(text)
        return float(any(gold_plain(gold) in given for gold in golds if gold_plain(gold)))

    return _scored(example, answer, score)


def f1_squad(example: Example, answer: Answer) -> float | None:
    """F1 of the answer's tokens against a gold's, repeated ones counted (SQuAD, LongBench)."""

    def score(text: str, golds: tuple[str, ...]) -> float:
        given = Counter(plain_tokens(text))
        return max(_f1(given, gold_tokens(gold)) for gold in golds)

    return _scored(example, answer, score)


def f1_set(example: Example, answer: Answer) -> float | None:
    """F1 of the answer's distinct tokens against a gold's (inspect_ai, LC_VS_RAG)."""

    def score(text: str, golds: tuple[str, ...]) -> float:
        given = Counter(set(plain_tokens(text)))
        return max(_f1(given, Counter(gold_tokens(gold).keys())) for gold in golds)

    return _scored(example, answer, score)


def choice_accuracy(example: Example, answer: Answer) -> float | None:
    """1 where the answer names exactly the right option, by its letter or its text.

    Read strictly: "B", "(B)", "B. text", "text" and "The answer is B" count; an answer that names
    several options, or a letter with another option's text, is ambiguous and scores 0.
    """
    question = example.question
    if question.form != "choice":
        return None

    def score(text: str, golds: tuple[str, ...]) -> float:
        picked = chosen(text, question.choices)
        return float(any(picked and picked == chosen(gold, question.choices) for gold in golds))

    return _scored(example, answer, score)


def abstention(example: Example, answer: Answer) -> float | None:
    """1 where an unanswerable question is left unanswered, 0 where it is answered."""
    if example.answers:
        return None
    if answer.outcome == "declined":
        return 1.0
    return float(answer.scorable and abstains(answer.text))


def answer_recall(
    example: Example, answer: Answer, *, beyond_question: bool = False
) -> float | None:
    """How much of a long free-form gold the answer says; ``abstention`` where there is none.

    The mean of content-word recall (stemmed) and number recall; only one of them where the gold
    has no number or no content word. Reads the answer's first 100 words, or three times the gold's
    length if that is more. With ``beyond_question``, only what the gold says beyond the question's
    own words counts, and an answer that says that there is none scores 0 where the gold does not.
    """
    if not example.answers:
        return abstention(example, answer)
    asked = gold_reading(example.question.text) if beyond_question else NOTHING
    declined = beyond_question and (answer.outcome == "declined" or abstains(answer.text))

    def score(text: str, golds: tuple[str, ...]) -> float:
        fair = [gold for gold in golds if abstains(gold)] if declined else golds
        return max((_recall(text, gold_reading(gold), asked) for gold in fair), default=0.0)

    return _scored(example, answer, score)


def _scored(
    example: Example, answer: Answer, score: Callable[[str, tuple[str, ...]], float]
) -> float | None:
    if not example.answers:
        return None
    if not answer.scorable or not answer.text.strip():
        return 0.0
    return score(answer.text, example.answers)


def _f1(given: Counter[str], gold: Counter[str]) -> float:
    shared = (given & gold).total()
    return 2 * shared / (given.total() + gold.total()) if shared else 0.0


def _recall(text: str, gold: Reading, asked: Reading) -> float:
    given = read(text, max(WORDS, LENGTHS * gold.length))
    content = gold.content - asked.words
    numbers = {number for number in gold.numbers if f"{number:f}" not in asked.words}
    if not content and not numbers:
        content, numbers = gold.content, set(gold.numbers)
    parts = []
    if content:
        parts.append(len(content & given.words) / len(content))
    if numbers:
        parts.append(sum(says_number(number, given) for number in numbers) / len(numbers))
    return sum(parts) / len(parts) if parts else 0.0
