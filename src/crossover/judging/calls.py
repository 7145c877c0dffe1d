"""One call of a judge, as a strategy: so it is billed, retried and named like any answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from crossover import catalog
from crossover.judging.judge import Ask, Judge
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question, Request, Usage

UNPARSABLE = "unparsable verdict"


@dataclass(frozen=True, slots=True)
class Judging(Strategy):
    """Puts a judge's whole prompt to the model; an empty reply is a failure of its own."""

    version: ClassVar[int] = 1

    max_tokens: int = field(default=512, metadata={"help": "longest reply"})

    def answer(self, question: Question, model: Model) -> Answer:
        """Return what the judge said; a reply that was cut is ``truncated``."""
        request = Request(question.text, wants="text", max_tokens=self.max_tokens)
        reply = model.complete(request)
        if not reply.text.strip():
            return Answer("", outcome="failed:empty", message="the judge replied with nothing")
        return Answer(reply.text, outcome="truncated" if reply.finish == "length" else "answered")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one or several calls: a value 0-1, or None and the outcome that says why.

    ``judged``, ``unparsable verdict``, or how the call failed (``failed:timeout``, ``refused``,
    ``unsupported``, ``overflow``).
    """

    value: float | None
    outcome: str
    message: str = ""


def key_of(judge: Judge, question: Question) -> str:
    """SHA-256 of all that a verdict depends on: the judge, its settings and its whole prompt.

    The prompt holds instructions, graded examples, question, reference and answer.
    """
    content = [catalog.identity(judge.model), judge.seed, judge.max_tokens, question.text]
    return hashlib.sha256(json.dumps([Judging.version, *content]).encode()).hexdigest()


def verdict(ask: Ask, reply: Answer) -> Verdict:
    """Read one reply."""
    if reply.outcome == "truncated":
        return Verdict(None, UNPARSABLE, "the reply was cut at its longest")
    if reply.outcome != "answered":
        return Verdict(None, reply.outcome, reply.message)
    value = ask.read(reply.text)
    if value is None:
        said = " ".join(reply.text.split())[-80:]
        return Verdict(None, UNPARSABLE, f"no certain verdict in: … {said}")
    return Verdict(value, "judged")


def retried(replies: Iterable[Answer]) -> int:
    """How many attempts were made beyond the first of each call."""
    return sum(max(reply.usage.calls - 1, 0) for reply in replies)


def failed(replies: Iterable[Answer]) -> int:
    """How many calls brought no reply at all."""
    return sum(reply.outcome not in ("answered", "truncated") for reply in replies)


def bill(replies: Iterable[Answer]) -> Usage:
    """What the calls cost together."""
    return sum((reply.usage for reply in replies), Usage())
