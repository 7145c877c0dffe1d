"""Which of several answers wins: the one that most share, or the one that a judge picks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from string import ascii_uppercase

from pydantic import BaseModel

from crossover import meter
from crossover.choices import chosen
from crossover.compressors._writing import replies
from crossover.errors import UnreadableReply
from crossover.normalise import plain
from crossover.pipelines import _prompts
from crossover.replies import read_as
from crossover.roles import Model
from crossover.types import Answer, Passage, Question, Request

DECLINED = "declined"
# a number, and why
VERDICT_TOKENS = 200


def majority(answers: Sequence[Answer], question: Question) -> int:
    """The place of the answer that most of the others share; ties go to the earliest.

    Answers are the same where they choose the same letters or, without choices, normalise to the
    same words, as the metrics see them. All that decline are one candidate. A failure is none: it
    wins only where there is nothing else, and then the first does.
    """
    found = _candidates(answers, question)
    votes = Counter(found.values())
    # max keeps the first of equals
    return max(found, key=lambda at: votes[found[at]], default=0)


def agreement(answers: Sequence[Answer], chosen: int, question: Question) -> float:
    """The share of the answers that say what the one at a place says; 0 for a failure."""
    found = _candidates(answers, question)
    same = sum(one == found[chosen] for one in found.values()) if chosen in found else 0
    return same / len(answers)


def judged(
    answers: Sequence[Answer],
    question: Question,
    model: Model,
    judge: Model | None,
    seed: int,
    prompts: str = "",
) -> int:
    """The place of the answer that a judge picks by number; raises UnreadableReply.

    It is shown every different answer once, in an order drawn for the question. Where there is one
    alone it wins unasked, but a dry run counts the call.
    """
    found = _candidates(answers, question)
    # the first of those that say the same
    places = list({candidate: at for at, candidate in reversed(found.items())}.values())
    planning = meter.current().planning
    if len(places) < 2 and not planning:
        return places[0] if places else 0
    random.Random(f"{seed} {question.id}").shuffle(places)
    request = Request(
        _prompts.prompt("vote", "judge", prompts, count=len(places)),
        question=question.text,
        passages=tuple(_shown(answers[at], question) for at in places),
        wants="json",
        max_tokens=VERDICT_TOKENS,
    )
    with meter.stage("judge"):
        (reply,) = replies([request], judge or model, judge is not None)
    return places[0] if planning else places[_picked(reply.text, len(places)) - 1]


class _Verdict(BaseModel):
    choice: int


def _picked(text: str, count: int) -> int:
    number = read_as(_Verdict, text).choice
    if not 1 <= number <= count:
        raise UnreadableReply(f"the judge picked answer {number} of {count}")
    return number


def _candidates(answers: Sequence[Answer], question: Question) -> dict[int, Hashable]:
    """What each answer votes for, by its place; failures vote for nothing."""
    return {at: _candidate(a, question) for at, a in enumerate(answers) if a.scorable}


def _candidate(answer: Answer, question: Question) -> Hashable:
    if answer.outcome == DECLINED:
        return (DECLINED,)
    letters = chosen(answer.text, question.choices) if question.choices else frozenset[str]()
    return letters or plain(answer.text)


def _shown(answer: Answer, question: Question) -> Passage:
    """An answer as a judge sees it, a choice with its words."""
    text = answer.text or "The text does not hold the answer."
    letters = chosen(text, question.choices) if question.choices else frozenset[str]()
    for letter, choice in zip(ascii_uppercase, question.choices, strict=False):
        if letter in letters and choice not in text:
            text += f" ({choice})"
    return Passage("answer", 0, 0, text)
