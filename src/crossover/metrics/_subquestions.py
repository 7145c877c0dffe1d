"""What a context must answer: the sub-questions of an example, and which passages answer them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from crossover.errors import DataError
from crossover.metrics._support import Claim, answered, supported
from crossover.tokens import count_tokens
from crossover.types import Example, Passage

TAG = "sub_questions"


@dataclass(frozen=True, slots=True)
class Needed:
    """What a context is asked for: questions, or statements of the gold evidence."""

    texts: tuple[str, ...]
    statements: bool = False


def needed(example: Example, file: str = "") -> Needed:
    """The sub-questions of an example, from the first of these that has any.

    ``file``, JSON lines of ``{"id": question id, "sub_questions": [...]}``; the example's tag
    ``sub_questions``, one a line; its evidence, each span a statement that must be shown; the
    question itself where it has an answer. Raises DataError for a file that is none such.
    """
    given = _given(file).get(example.question.id, ()) if file else ()
    tagged = tuple(line.strip() for line in example.tags.get(TAG, "").splitlines() if line.strip())
    if given or tagged:
        return Needed(given or tagged)
    if example.evidence:
        return Needed(tuple(passage.text for passage in evidence(example)), statements=True)
    return Needed((example.question.text,) if example.answers else ())


def evidence(example: Example) -> list[Passage]:
    """The gold evidence as passages: the oracle's context."""
    texts = {document.id: document.text for document in example.question.documents}
    spans = dict.fromkeys(example.evidence)
    return [Passage(s.document, s.start, s.end, texts[s.document][s.start : s.end]) for s in spans]


def coverage(
    wanted: Needed, shown: Sequence[Passage], judge: str, threshold: float
) -> float | None:
    """Share of sub-questions that one of the passages answers by itself; None where none is asked.

    CRUX (Ju et al., 2025, arXiv 2506.20051) has a model grade each passage from 0 to 5 per
    sub-question; here it is a probability, or yes or no, against ``threshold``.
    """
    if not wanted.texts:
        return None
    claims = [Claim(text, (passage,)) for text in wanted.texts for passage in shown]
    chances = supported(judge, "", claims) if wanted.statements else answered(judge, claims)
    covered = {claim.text for claim, p in zip(claims, chances, strict=True) if p >= threshold}
    return sum(text in covered for text in wanted.texts) / len(wanted.texts)


def tokens(passages: Sequence[Passage]) -> int:
    """The o200k tokens of passages."""
    return sum(count_tokens(passage.text) for passage in passages)


@lru_cache(maxsize=8)
def _given(file: str) -> Mapping[str, tuple[str, ...]]:
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read: {error}") from None
    return dict(_rows(file, lines))


def _rows(file: str, lines: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{file}, line {number}: no JSON: {error}") from None
        asked = row.get("sub_questions") if isinstance(row, dict) else None
        if not isinstance(asked, list):
            asked = []
        texts = asked and all(isinstance(text, str) and text.strip() for text in asked)
        if not texts or not isinstance(row.get("id"), str):
            raise DataError(
                f'{file}, line {number}: expected {{"id": "…", "sub_questions": ["…"]}}'
            )
        yield row["id"], tuple(asked)
