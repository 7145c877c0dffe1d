"""What replies hold: the forms behind the OpenAPI description."""

from __future__ import annotations

import dataclasses

from pydantic import BaseModel, Field

from crossover.decisions import Decision, Expected
from crossover.models._failures import shortened
from crossover.router.following import Route
from crossover.types import Answer, Passage

# how the reason of a decision begins that an error led to
FAILED = "deciding failed"


class Reply(BaseModel):
    """A part of a reply."""


class DecisionReply(Reply):
    """Which strategy is asked, or with ``keep`` that the last answer stands."""

    strategy: str
    keep: bool
    final: bool = Field(description="whether its answer will stand without another look")
    confidence: float | None
    reasons: list[str]
    expected: dict[str, dict[str, float | None]]


class UsageReply(Reply):
    """The cost of all passes; null is unknown."""

    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    calls: int
    dollars: float | None
    seconds: float | None


class PlaceReply(Reply):
    """A passage by its place; ``text`` only where it is not word for word the document's."""

    document: str
    start: int
    end: int
    score: float
    text: str | None = None


class PassReply(Reply):
    """One strategy that was asked."""

    strategy: str
    outcome: str


class AnswerReply(Reply):
    """An answer, who gave it and why, and what all of it cost."""

    answer: str
    outcome: str
    strategy: str
    model: str
    reasons: list[str]
    decisions: list[DecisionReply]
    passes: list[PassReply]
    fell_back: list[str]
    passages: list[PlaceReply]
    evidence: list[PlaceReply]
    cut: str
    usage: UsageReply
    request_id: str


class ModelReply(Reply):
    """A served model, as OpenAI lists them."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = "crossover"


class ModelsReply(Reply):
    """The served models."""

    object: str = "list"
    data: list[ModelReply]


def told(reason: str) -> str:
    """A reason as clients read it: without what an error said, and without keys."""
    return FAILED if reason.startswith(FAILED) else shortened(reason)


def decision_reply(decision: Decision) -> DecisionReply:
    """A decision for clients."""
    return DecisionReply(
        strategy=decision.strategy,
        keep=decision.keep,
        final=decision.final,
        confidence=decision.confidence,
        reasons=[told(reason) for reason in decision.reasons],
        expected={name: _expected(one) for name, one in decision.expected.items()},
    )


def usage_reply(answer: Answer) -> UsageReply:
    """The whole cost of an answer."""
    usage = answer.usage
    return UsageReply(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        calls=usage.calls,
        dollars=usage.dollars,
        seconds=answer.seconds,
    )


def answer_reply(answer: Answer, route: Route, model: str, request_id: str) -> AnswerReply:
    """An answer for clients."""
    decisions = [decision_reply(one) for one in route.decisions]
    return AnswerReply(
        answer=answer.text,
        outcome=answer.outcome,
        strategy=route.strategy,
        model=model,
        reasons=decisions[-1].reasons,
        decisions=decisions,
        passes=[PassReply(strategy=name, outcome=one.outcome) for name, one in route.asked],
        fell_back=route.fell_back,
        passages=[_place(one) for one in answer.passages],
        evidence=[_place(one) for one in answer.evidence],
        cut=answer.cut,
        usage=usage_reply(answer),
        request_id=request_id,
    )


def _expected(one: Expected) -> dict[str, float | None]:
    return {
        name: None if value is None else float(value)
        for name, value in dataclasses.asdict(one).items()
    }


def _place(one: Passage) -> PlaceReply:
    exact = one.start < one.end and not one.kept
    return PlaceReply(
        document=one.document,
        start=one.start,
        end=one.end,
        score=float(one.score),
        text=None if exact else one.text,
    )
