"""Was the evidence shown? Scores in 0–1 of what a strategy gave its model to read.

``None`` where the example names no evidence, or an app does not report what it read. What failed
before anything was shown scores 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated

from annotated_types import Ge

from crossover.types import Answer, Example, Passage, Span

__all__ = ["evidence_recall", "evidence_token_recall"]

WORD = re.compile(r"\w+")
# the share of an evidence span's words that a passage must show for the span to count as found
FOUND = 0.5


def evidence_recall(example: Example, answer: Answer, k: Annotated[int, Ge(0)] = 0) -> float | None:
    """Share of the evidence spans found in the passages, in the ``k`` best where k is given.

    A span is found where at least half of its words are shown: the same for every chunking.
    """
    if not example.evidence or not answer.passages_known:
        return None
    shown = ranked(answer.passages)[: k or None]
    return sum(covered(example, span, shown) >= FOUND for span in example.evidence) / len(
        example.evidence
    )


def evidence_token_recall(
    example: Example, answer: Answer, k: Annotated[int, Ge(0)] = 0
) -> float | None:
    """Share of the evidence's words that the passages show, in the ``k`` best where k is given."""
    if not example.evidence or not answer.passages_known:
        return None
    shown = ranked(answer.passages)[: k or None]
    words = {(s.document, *word) for s in example.evidence for word in _words(example, s)}
    kept = sum(_shown(document, (start, end), shown) for document, start, end in words)
    return kept / len(words) if words else None


def ranked(passages: Iterable[Passage]) -> list[Passage]:
    """Passages best first, however they were ordered for the model."""
    return sorted(passages, key=lambda passage: -passage.score)


def covered(example: Example, span: Span, passages: Sequence[Passage]) -> float:
    """Share of an evidence span's words that the passages show."""
    words = _words(example, span)
    return sum(_shown(span.document, word, passages) for word in words) / max(len(words), 1)


def _words(example: Example, span: Span) -> list[tuple[int, int]]:
    text = next(d.text for d in example.question.documents if d.id == span.document)
    return [match.span() for match in WORD.finditer(text, span.start, span.end)]


def _shown(document: str, word: tuple[int, int], passages: Sequence[Passage]) -> bool:
    return any(
        piece.start <= word[0] and word[1] <= piece.end
        for passage in passages
        if passage.document == document
        for piece in passage.pieces
    )
