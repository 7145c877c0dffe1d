"""What the embedded reader finds in the best windows: whether they answer, and with what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossover.router.features.retrieval import Evidence, terms
from crossover.types import Answer, Document, Passage, Question

if TYPE_CHECKING:
    from crossover.models.reader import Found

# windows read beside each other as one passage, and how many of the best
READ = 6
NAMES = ("answerable", "support", "best_span", "best_window", "second_window", "level", "relevant")
AGREEMENT = ("agrees", "agrees_best", "span_words")


def windows(question: Question, evidence: Evidence | None, most: int = READ) -> list[Passage]:
    """The windows of the question's documents that a word search ranks highest, none twice."""
    if evidence is None:
        return []
    taken: list[tuple[int, int, int]] = []
    for _, window in evidence.ranked(terms(question.text), 2 * most):
        number, start, end = evidence.places[window]
        if not any(n == number and s < end and start < e for n, s, e in taken):
            taken.append((number, start, end))
    return [_passage(question.documents[n], start, end) for n, start, end in taken[:most]]


def read(asked: Sequence[tuple[str, Sequence[Passage]]]) -> list[Found]:
    """Read passages for many questions at once; raises MissingExtra without the reader's needs."""
    from crossover.models.reader import Reader

    return Reader().read(asked)


def reading_features(found: Found | None) -> dict[str, float]:
    """How sure the reader is that the passages answer, and how that is spread over them."""
    if found is None or not found.passages:
        return {f"reading.{name}": math.nan for name in NAMES}
    scores = sorted((passage.score for passage in found.passages), reverse=True)
    values = (
        found.answerable,
        found.support,
        found.spans[0].score if found.spans else 0.0,
        scores[0],
        scores[min(1, len(scores) - 1)],
        sum(scores) / len(scores),
        max((sentence.score for sentence in found.sentences), default=0.0),
    )
    return {f"reading.{name}": value for name, value in zip(NAMES, values, strict=True)}


def agreement_features(found: Found | None, answer: Answer) -> dict[str, float]:
    """How much of the reader's likeliest spans the answer says."""
    if found is None or not found.spans:
        return {f"reading.{name}": math.nan for name in AGREEMENT}
    said = set(terms(answer.text[:2000]))
    shares = [_share(set(terms(span.text)), said) for span in found.spans[:5]]
    values = (max(shares), shares[0], float(len(terms(found.spans[0].text))))
    return {f"reading.{name}": value for name, value in zip(AGREEMENT, values, strict=True)}


def _share(span: set[str], said: set[str]) -> float:
    return len(span & said) / len(span) if span else 0.0


def _passage(document: Document, start: int, end: int) -> Passage:
    return Passage(document.id, start, end, document.text[start:end])
