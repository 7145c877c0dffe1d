"""What the gold evidence says about a question: for slices of a report, never for a strategy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crossover.profiles.searched import Indexed, indexed
from crossover.types import Document, Example, Span

# a shorter answer ("6", "no") stands in a long text by chance
SHORTEST_ANSWER = 4


@dataclass(frozen=True, slots=True)
class GoldProfile:
    """The profile that needs gold; None where there is no evidence to measure it by.

    ``scope``: passages of 150 words that hold evidence; ``diffusion``: share of the context, in
    BM25's order, until all evidence has been read; ``coverage``: share of the context's
    characters that are evidence (after ETHIC's information coverage); ``stretch``: share of the
    context from the first evidence to the last; ``depth``: how far into the context evidence
    stands on average, or the first occurrence of an answer where no evidence is named.
    """

    scope: int | None = None
    diffusion: float | None = None
    coverage: float | None = None
    stretch: float | None = None
    depth: float | None = None


def gold_profile(example: Example) -> GoldProfile:
    """Measure by the gold evidence; documents stand behind one another as the question has them.

    Raises DataError where a document cannot be loaded.
    """
    documents = example.question.documents
    total = sum(len(document.text) for document in documents)
    places = _places(example.evidence, documents)
    if not places:
        return GoldProfile(depth=_first_answer(example, total))
    index = indexed(documents)
    evidence = _holding(index, example.evidence)
    order, _ = index.order(example.question)
    last = max(at for at, place in enumerate(order) if place in evidence)
    read = sum(len(index.passages[place].text) for place in order[: last + 1])
    return GoldProfile(
        scope=len(evidence),
        diffusion=read / total,
        coverage=sum(end - start for start, end in places) / total,
        stretch=(places[-1][1] - places[0][0]) / total,
        depth=sum((start + end) / 2 for start, end in places) / len(places) / total,
    )


def _places(evidence: Sequence[Span], documents: Sequence[Document]) -> list[tuple[int, int]]:
    """Characters of the whole context that are evidence, in order; what overlaps is one place."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(_moved(evidence, documents)):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _moved(evidence: Sequence[Span], documents: Sequence[Document]) -> Iterator[tuple[int, int]]:
    before = 0
    for document in documents:
        length = len(document.text)
        for span in evidence:
            if span.document == document.id and span.start < min(span.end, length):
                yield before + span.start, before + min(span.end, length)
        before += length


def _holding(index: Indexed, evidence: Sequence[Span]) -> set[int]:
    return {
        at
        for at, passage in enumerate(index.passages)
        for span in evidence
        if span.document == passage.document
        and span.start < passage.end
        and passage.start < span.end
    }


def _first_answer(example: Example, total: int) -> float | None:
    """How far into the context an answer stands first; None where none does."""
    text = "".join(document.text for document in example.question.documents)
    wanted = [answer for answer in example.answers if len(answer) >= SHORTEST_ANSWER]
    found = [re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text, re.IGNORECASE) for each in wanted]
    return min((match.start() / total for match in found if match), default=None)
