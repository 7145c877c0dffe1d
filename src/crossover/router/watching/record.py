"""One decision as the log keeps it: numbers and names, never the question or the documents."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from crossover.abstention import abstains
from crossover.decisions import Decision, Expected, Profile
from crossover.errors import DataError
from crossover.router.features.gathering import answered_features, asked_features
from crossover.types import Answer, Question

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Followed:
    """What there is to log of one question: what was decided, who was asked, what came of it.

    ``passes`` are the strategies in the order they were asked, with what each cost; ``first`` is
    the first one's answer, None where nothing shows it.
    """

    question: Question
    profile: Profile
    decisions: Sequence[Decision]
    passes: Sequence[tuple[str, Expected]]
    answer: Answer
    first: Answer | None = None

    @property
    def strategy(self) -> str:
        """Whose answer stands, or what was decided where nothing was asked."""
        names = [name for name, _ in reversed(self.passes)]
        # an escalation that failed leaves the answer before it: only the route's words tell
        told = (name for name in names if f"{name} answered (" in self.answer.message)
        return next(told, names[0] if names else self.decisions[-1].strategy)

    @property
    def expected(self) -> Mapping[str, Expected]:
        """What the last decision expected of each strategy."""
        return self.decisions[-1].expected if self.decisions else {}


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


def row_of(id: str, time: float, router: str, seen: Followed, *, texts: bool) -> dict[str, Any]:
    """The row of the table; features are computed here, away from the answer's own time."""
    answer, usage = seen.answer, seen.answer.usage
    known = usage.input_tokens is not None and usage.output_tokens is not None
    before = asked_features(seen.question, seen.profile, {})
    after = answered_features(seen.question, seen.profile, seen.first) if seen.first else {}
    last = seen.decisions[-1] if seen.decisions else None
    shown = {"question": seen.question.text, "answer": answer.text}
    return {
        "id": id,
        "time": time,
        "router": router,
        "model": seen.profile.model,
        "group": group_of(seen.question, seen.profile) or id,
        "strategy": seen.strategy,
        "escalated": len(seen.passes) > 1,
        "confidence": last.confidence if last else None,
        "outcome": answer.outcome,
        "declined": answer.outcome == "declined" or abstains(answer.text),
        "tokens": _sum(usage.input_tokens, usage.output_tokens) if known else None,
        "dollars": usage.dollars,
        "seconds": answer.seconds,
        "passes": costs_text(dict(seen.passes)),
        "expected": costs_text(seen.expected),
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


def _sum(*parts: float | None) -> float:
    return float(sum(part or 0 for part in parts))
