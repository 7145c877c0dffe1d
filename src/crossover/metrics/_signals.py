"""What tells a right answer from a wrong one: certain signs, and signals to be weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from crossover.abstention import abstains
from crossover.metrics._answering import answering
from crossover.metrics._meaning import meanings
from crossover.metrics._wording import bare_verdict, verdict, wording
from crossover.normalise import gold_plain, plain


@dataclass(frozen=True, slots=True)
class Compared:
    """A gold and an answer to the same question."""

    question: str
    gold: str
    answer: str


@dataclass(frozen=True, slots=True)
class Signals:
    """All in 0–1: see ``Wording`` for the first three, ``meanings`` and ``answering``."""

    words: float
    numbers: float
    focus: float
    meaning: float = 0.0
    answering: float = 0.0


SIGNALS = tuple(field.name for field in fields(Signals))
LEXICAL = SIGNALS[:3]


def compared(pairs: Sequence[Compared], lexical: bool = False) -> list[Signals]:
    """Compute the signals of answers; with ``lexical`` no network is run: its signals are 0."""
    words = [wording(one.question, one.gold, one.answer) for one in pairs]
    if lexical:
        return [Signals(one.words, one.numbers, one.focus) for one in words]
    meaning = meanings([(one.question, one.gold, one.answer) for one in pairs])
    answers = answering([(one.question, one.answer) for one in pairs])
    return [
        Signals(one.words, one.numbers, one.focus, *read)
        for one, *read in zip(words, meaning, answers, strict=True)
    ]


def decided(gold: str, answer: str, *, declined: bool) -> float:
    """Return the score of an answer that needs no weighing, else NaN.

    Declining is right where the gold says that there is no answer, and only there; yes against no
    is wrong; the gold's own words, or its bare yes or no, are right.
    """
    silent = abstains(gold)
    if declined or silent:
        return float(declined == silent)
    told, given = verdict(gold), verdict(answer)
    if told and given and told != given:
        return 0.0
    same = gold_plain(gold) == plain(answer) or (told == given and bare_verdict(gold))
    return 1.0 if same else math.nan
