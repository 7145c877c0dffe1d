"""Was the evidence shown? Scores in 0–1 of what a strategy gave its model to read.

``None`` where the example names no evidence, or an app does not report what it read. What failed
before anything was shown scores 0. Where whole documents were judged (spans with a grade), the
documents that passages come from are ranked, each where its first passage stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from annotated_types import Ge

from crossover.metrics import _trec
from crossover.types import Answer, Example, Passage, Span

__all__ = ["evidence_recall", "evidence_token_recall", "mrecall", "ndcg"]

WORD = re.compile(r"\w+")
# the share of an evidence span's words that a passage must show for the span to count as found
FOUND = 0.5
# the tag that names the document which is the query itself, and as such no hit
ITSELF = "itself"


def evidence_recall(example: Example, answer: Answer, k: Annotated[int, Ge(0)] = 0) -> float | None:
    """Share of the evidence spans found in the passages, in the ``k`` best where k is given.

    A span is found where at least half of its words are shown: the same for every chunking. A
    judged document is found where any passage of it is, and ``k`` counts documents.
    """
    if not example.evidence or not answer.passages_known:
        return None
    if grades := judged(example):
        return sum(name in grades for name in _found(example, answer)[: k or None]) / len(grades)
    shown = ranked(answer.passages)[: k or None]
    return sum(covered(example, span, shown) >= FOUND for span in example.evidence) / len(
        example.evidence
    )


def evidence_token_recall(
    example: Example, answer: Answer, k: Annotated[int, Ge(0)] = 0
) -> float | None:
    """Share of the evidence's words that the passages show, in the ``k`` best where k is given.

    None where whole documents were judged: not all of their words are evidence.
    """
    if not example.evidence or not answer.passages_known or judged(example):
        return None
    shown = ranked(answer.passages)[: k or None]
    words = {(s.document, *word) for s in example.evidence for word in _words(example, s)}
    kept = sum(_shown(document, (start, end), shown) for document, start, end in words)
    return kept / len(words) if words else None


def ndcg(example: Example, answer: Answer, k: Annotated[int, Ge(1)] = 10) -> float | None:
    """trec_eval's nDCG of the ``k`` best documents, whose gain is their grade.

    None where no document was judged. Raises MissingExtra without the library.
    """
    grades = judged(example)
    if not grades or not answer.passages_known:
        return None
    return _trec.ndcg(_found(example, answer), grades, k)


def mrecall(example: Example, answer: Answer, k: Annotated[int, Ge(1)] = 5) -> float | None:
    """1 where the ``k`` best documents hold all judged relevant, or are all relevant (Min 2021).

    None where no document was judged.
    """
    grades = judged(example)
    if not grades or not answer.passages_known:
        return None
    found = sum(name in grades for name in _found(example, answer)[:k])
    return float(found == min(k, len(grades)))


def judged(example: Example) -> Mapping[str, int]:
    """The grades of the documents that were judged relevant, none where evidence is spans."""
    return {span.document: span.grade for span in example.evidence if span.grade > 0}


def first_of_each(example: Example, passages: Iterable[Passage]) -> list[Passage]:
    """The first passage of each document, but for the one that is the query itself."""
    first: dict[str, Passage] = {}
    for passage in passages:
        first.setdefault(passage.document, passage)
    first.pop(example.tags.get(ITSELF, ""), None)
    return list(first.values())


def _found(example: Example, answer: Answer) -> list[str]:
    return [one.document for one in first_of_each(example, ranked(answer.passages))]


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
