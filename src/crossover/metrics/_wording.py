"""What an answer's words and numbers share with a gold, beyond what the question already says."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

from crossover.normalise import WORD_LENGTH, Reading, gold_reading, read, says_number

# words of an answer that are read, a character of Chinese or Japanese counting as one
WORDS = 300
VERDICT = re.compile(
    r"^\W*(?:(?:the\s+)?answer(?:\s+is)?\W+)?"
    r"(?:(?P<yes>(?:yes|true|correct)\b|是|对|對)|(?P<no>(?:no|false|incorrect)\b(?!\s+\w)|否|不))",
    re.IGNORECASE,
)
# the marks of a list that a text opens with are no numbers of its own
LISTED, MARK = re.compile(r"\s*1[.)]\s"), re.compile(r"(?:^|(?<=\s))\d{1,2}[.)]\s")
LETTER = re.compile(r"[^\W\d_]")
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Wording:
    """Shares in 0–1.

    ``words``: the gold's content words that the answer has; ``numbers``: the gold's numbers that
    it gives, 1 where there are none; ``focus``: the answer's own content that the gold has too.
    """

    words: float
    numbers: float
    focus: float


def wording(question: str, gold: str, answer: str) -> Wording:
    """Compare the content of an answer's beginning with a gold's, the question's left out."""
    asked, told = gold_reading(question), gold_reading(_unlisted(gold))
    given = read(_unlisted(answer), WORDS)
    # a gold that takes all its words from the question (which of two?) is compared whole
    asked = asked if any(_beyond(told, asked)) else gold_reading("")
    wanted, numbers = _beyond(told, asked)
    added, given_numbers = _beyond(given, asked)
    right = len(added & told.words) + sum(says_number(n, told) for n in given_numbers)
    total = len(added) + len(given_numbers)
    numeric = _said(numbers, given)
    return Wording(
        len(wanted & given.words) / len(wanted) if wanted else numeric * bool(numbers),
        numeric,
        right / total if total else 0.0,
    )


def beginning(answer: str) -> str:
    """The part of an answer that is read, its white space made even."""
    return " ".join(answer[: WORDS * WORD_LENGTH].split()[:WORDS])


def verdict(text: str) -> str:
    """``yes`` or ``no`` where a text opens with it, else nothing."""
    found = VERDICT.match(text)
    return "" if found is None else "yes" if found["yes"] else "no"


def bare_verdict(text: str) -> bool:
    """Whether a gold is yes or no and nothing else."""
    found = VERDICT.match(text)
    return found is not None and not LETTER.search(text, found.end())


def latin(text: str) -> bool:
    """Whether most letters are Latin: the packaged networks know no others."""
    letters = LETTER.findall(text)
    return 2 * len(LATIN.findall(text)) >= len(letters)


def _unlisted(text: str) -> str:
    return MARK.sub("", text) if LISTED.match(text) else text


def _beyond(reading: Reading, asked: Reading) -> tuple[Set[str], Set[Decimal]]:
    """Content words and numbers that the question does not have."""
    numbers = {number for number in reading.numbers if f"{number:f}" not in asked.words}
    return reading.content - asked.words, numbers


def _said(numbers: Set[Decimal], reading: Reading) -> float:
    return sum(says_number(n, reading) for n in numbers) / len(numbers) if numbers else 1.0
