"""One decision as the log keeps it: numbers and names, never the question or the documents."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from crossover.abstention import abstains
from crossover.decisions import Expected, Profile
from crossover.errors import DataError
from crossover.router.features.gathering import answered_features, asked_features
from crossover.router.following import DECIDED, Followed
from crossover.types import Answer, Question

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Logged:
    """A row of the log.

    ``passes`` and ``expected`` give each strategy's cost as it was and as it was expected;
    ``before`` and ``after`` are the features that a learner takes; ``grades`` is the feedback.
    ``group`` names the documents by a digest.
    """

    id: str
    time: datetime
    router: str
    model: str
    group: str
    strategy: str
    escalated: bool
    confidence: float | None
    outcome: str
    declined: bool | None
    tokens: float | None
    dollars: float | None
    seconds: float | None
    passes: Mapping[str, Expected]
    expected: Mapping[str, Expected]
    before: Features
    after: Features
    texts: Mapping[str, str] | None = None
    grades: Mapping[str, float] = field(default_factory=dict)


def row_of(
    id: str, time: float, router: str, seen: Followed, cheapest: str, *, texts: bool
) -> dict[str, Any]:
    """The row of the table; features are computed here, away from the answer's own time."""
    answer, route = seen.answer, seen.route
    before = asked_features(route.question, route.profile, {})
    # what a learner knows of answers is about the cheapest strategy's
    first = next((one for name, one in route.asked[:1] if name == cheapest), None)
    after = answered_features(route.question, route.profile, first) if first else {}
    last = route.decisions[-1] if route.decisions else None
    unseen = answer.outcome == DECIDED
    passes = {name: Expected(None, *_cost(one)) for name, one in route.asked}
    shown = {"question": route.question.text, "answer": answer.text}
    tokens, dollars, seconds = _cost(answer)
    return {
        "id": id,
        "time": time,
        "router": router,
        "model": route.profile.model,
        "group": group_of(route.question, route.profile) or id,
        "strategy": last.strategy if unseen and last else route.strategy,
        "escalated": len(route.asked) + unseen > 1,
        "confidence": last.confidence if last else None,
        "outcome": answer.outcome,
        "declined": None if unseen else answer.outcome == "declined" or abstains(answer.text),
        "tokens": tokens,
        "dollars": dollars,
        "seconds": seconds,
        "passes": costs_text(passes),
        "expected": costs_text(last.expected if last else {}),
        "before": _features_text(before),
        "after": _features_text(after),
        "texts": json.dumps(shown, ensure_ascii=False) if texts else None,
    }


def logged(row: Mapping[str, Any], grades: Mapping[str, float]) -> Logged:
    """Read a row of the table."""
    kept = {name: row[name] for name in row if name in Logged.__dataclass_fields__}
    parsed = {
        "time": datetime.fromtimestamp(row["time"], UTC),
        "passes": costs_read(row["passes"]),
        "expected": costs_read(row["expected"]),
        "before": _features_read(row["before"]),
        "after": _features_read(row["after"]),
        "texts": json.loads(row["texts"]) if row["texts"] else None,
    }
    return Logged(**{**kept, **parsed, "grades": grades})


def group_of(question: Question, profile: Profile) -> str:
    """A digest of the documents, else of the passages; questions on the same ones go together."""
    try:
        parts = [document.digest for document in question.documents]
    except DataError:
        parts = [document.id for document in question.documents]
    parts = parts or sorted({passage.document for passage in profile.passages})
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16] if parts else ""


def costs_text(costs: Mapping[str, Expected]) -> str:
    """What each strategy cost or was expected to, as JSON."""
    return json.dumps({name: list(asdict(one).values()) for name, one in costs.items()})


def costs_read(text: str) -> dict[str, Expected]:
    """Read what each strategy cost or was expected to."""
    return {name: Expected(*values) for name, values in json.loads(text).items()}


def _features_text(features: Mapping[str, float]) -> str:
    finite = {k: float(v) if math.isfinite(v) else None for k, v in features.items()}
    return json.dumps(finite, separators=(",", ":"))


def _features_read(text: str) -> Features:
    return {k: math.nan if v is None else v for k, v in json.loads(text).items()}


def _cost(answer: Answer) -> tuple[float | None, float | None, float | None]:
    """Tokens, dollars and seconds, each None where it is not known."""
    usage = answer.usage
    known = usage.input_tokens is not None and usage.output_tokens is not None
    tokens = float((usage.input_tokens or 0) + (usage.output_tokens or 0)) if known else None
    return tokens, usage.dollars, answer.seconds
