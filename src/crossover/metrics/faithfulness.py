"""Does the answer rest on what was shown, and did what was shown suffice? Scores in 0–1.

``judge`` says who decides about support: ``reader`` (packaged), ``nli:NAME`` (an NLI model's
folder or hub id; statements alone), or any model's text, which is then asked, and billed by the
meter that is open. See docs/faithfulness.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Interval

from crossover.abstention import abstains
from crossover.metrics import _citations, _details, _subquestions
from crossover.metrics._citations import CitationScores
from crossover.types import Answer, Example

__all__ = [
    "citation_precision",
    "citation_recall",
    "context_coverage",
    "context_density",
    "genuine_evidence",
]

Share = Annotated[float, Interval(gt=0, le=1)]


def citation_recall(
    example: Example,
    answer: Answer,
    *,
    judge: str = "reader",
    threshold: Share = 0.5,
    graded: bool = False,
) -> float | None:
    """Share of an answer's statements that their citations together support (ALCE).

    ``graded`` counts a statement that is half supported as half (LongCite). None for code, for an
    answer that declines, and where an app reports no passages.
    """
    scores = _cited(example, answer, judge, threshold, graded)
    return scores.recall if isinstance(scores, CitationScores) else scores


def citation_precision(
    example: Example,
    answer: Answer,
    *,
    judge: str = "reader",
    threshold: Share = 0.5,
    graded: bool = False,
) -> float | None:
    """Share of citations that support their statement, alone or as a part that it needs (ALCE).

    A citation of something that was not shown supports nothing; no citation at all scores 0.
    """
    scores = _cited(example, answer, judge, threshold, graded)
    return scores.precision if isinstance(scores, CitationScores) else scores


def genuine_evidence(
    example: Example,
    answer: Answer,
    *,
    within: Literal["passages", "documents"] = "passages",
    similarity: Share = 1.0,
) -> float | None:
    """Share of an answer's quotes, numbers and names that stand in the text: 1 - the invented rate.

    What the question says itself does not count. Strict at ``similarity`` 1; below it, quotes and
    names may differ by edits to that similarity and numbers by rounding. None where the answer
    holds nothing of the kind, declines, is code, or an app reports no passages.
    """
    unknown = within == "passages" and not answer.passages_known
    if (none := _nothing_said(example, answer, unknown)) != "said":
        return none
    question = example.question
    sources = answer.passages if within == "passages" else _details.documents_of(question)
    rate = _details.invented(answer.text, question, sources, similarity).rate
    return None if rate is None else 1 - rate


def context_coverage(
    example: Example,
    answer: Answer,
    *,
    judge: str = "reader",
    threshold: Share = 0.5,
    file: str = "",
) -> float | None:
    """Share of the sub-questions that some passage shown answers (CRUX).

    Sub-questions come from ``file`` (JSON lines with id and sub_questions), the tag
    ``sub_questions``, the gold evidence or the question itself, the first that there is.
    """
    wanted = _subquestions.needed(example, file)
    if not wanted.texts or not answer.passages_known:
        return None
    return _subquestions.coverage(wanted, answer.passages, judge, threshold)


def context_density(
    example: Example,
    answer: Answer,
    *,
    judge: str = "reader",
    threshold: Share = 0.5,
    file: str = "",
) -> float | None:
    """Coverage per token of what was shown, relative to the gold evidence; at most 1 (CRUX).

    None where there is no gold evidence, or where it answers none of the sub-questions.
    """
    wanted, oracle = _subquestions.needed(example, file), _subquestions.evidence(example)
    if not oracle or not wanted.texts or not answer.passages_known:
        return None
    best = _subquestions.coverage(wanted, oracle, judge, threshold)
    if not best:
        return None
    covered = _subquestions.coverage(wanted, answer.passages, judge, threshold)
    if not covered:
        return 0.0
    shorter = _subquestions.tokens(oracle) / max(_subquestions.tokens(answer.passages), 1)
    return min(covered / best * shorter, 1.0)


def _cited(
    example: Example, answer: Answer, judge: str, threshold: float, graded: bool
) -> CitationScores | float | None:
    """The scores of an answer's citations; 0 where it failed, None where it has none to check."""
    unknown = not answer.passages_known and not answer.evidence
    if (none := _nothing_said(example, answer, unknown)) != "said":
        return none
    found = _citations.cited(example.question, answer)
    return _citations.check(example.question, found, judge, threshold, graded)


def _nothing_said(
    example: Example, answer: Answer, unknown: bool
) -> float | None | Literal["said"]:
    """The score of an answer that says nothing to check: 0 where it failed; else ``said``."""
    if answer.outcome == "declined" or example.question.form == "code":
        return None
    if not answer.scorable or not answer.text.strip():
        return 0.0
    return None if unknown or abstains(answer.text) else "said"
