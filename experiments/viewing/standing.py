"""What stands behind one question: gold side, every answer, and what each strategy was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from crossover.compressing import parts
from crossover.experiments._summary import TAG
from crossover.experiments.reporting.details import KEYS, read_details, rows_of
from crossover.experiments.viewing import questions
from crossover.experiments.viewing.opened import Opened
from crossover.types import Passage, Piece, Span

WORD = re.compile(r"\S+")
# words of which one text is held against another
MOST_WORDS = 20_000


@dataclass(frozen=True)
class Details:
    """What one strategy was shown and did; ``exact`` says of each passage if its places are known.

    They are not where an earlier version kept a compressed text without them.
    """

    passages: tuple[Passage, ...]
    exact: tuple[bool, ...]
    passages_known: bool
    total: str
    trace: str


@dataclass(frozen=True)
class Standing:
    """A question with its answers as the result frame has them; ``details`` are in their order.

    ``details`` is empty where the run keeps none.
    """

    dataset: str
    example: str
    question: str
    choices: tuple[str, ...]
    references: tuple[str, ...]
    evidence: tuple[Span, ...]
    answers: tuple[Mapping[str, Any], ...]
    details: tuple[Details | None, ...]

    @property
    def tags(self) -> Mapping[str, str]:
        """The question's tags by their names alone."""
        row = self.answers[0] if self.answers else {}
        tags = {n.removeprefix(TAG): v for n, v in row.items() if n.startswith(TAG)}
        return {n: str(v) for n, v in tags.items() if v is not None and v == v}

    def gold(self, passage: Passage) -> list[tuple[int, int]]:
        """Where the evidence stands in a passage's own text."""
        found = list[tuple[int, int]]()
        for span in self.evidence:
            for piece in passage.pieces if span.document == passage.document else ():
                start, end = max(span.start, piece.start), min(span.end, piece.end)
                if start < end:
                    found.append((piece.at + start - piece.start, piece.at + end - piece.start))
        return found


def standing(run: Opened, dataset: str, example: str) -> Standing:
    """Gather what a run holds of a question; without answers where it is not in the run.

    Raises DataError where the run's files cannot be read.
    """
    answers = questions.answers(run, dataset, example)
    table = read_details(run.folder, [example])
    rows = [] if table is None else list(rows_of(table))
    kept = {tuple(row[name] for name in KEYS): row for row in rows if row["dataset"] == dataset}
    first = next(iter(kept.values()), dict[str, Any]())
    known = [kept.get(tuple(row[name] for name in KEYS)) for row in answers]
    return Standing(
        dataset,
        example,
        first.get("question") or "",
        tuple(first.get("choices") or ()),
        tuple(first.get("references") or ()),
        tuple(Span(**span) for span in first.get("evidence") or ()),
        tuple(answers),
        tuple(_details(row) if row else None for row in known) if kept else (),
    )


def _details(row: Mapping[str, Any]) -> Details:
    passages = tuple(map(_passage, row["passages"] or ()))
    told = (one["kept"] is not None for one in row["passages"] or ())
    exact = (
        kept or one.end - one.start in (0, len(one.text))
        for kept, one in zip(told, passages, strict=True)
    )
    known, total, trace = (row[name] for name in ("passages_known", "total", "trace"))
    return Details(passages, tuple(exact), known is not False, total or "", trace or "")


def _passage(kept: Mapping[str, Any]) -> Passage:
    pieces = tuple(Piece(**piece) for piece in kept["kept"] or ())
    place = kept["document"], kept["start"], kept["end"]
    return Passage(*place, kept["text"] or "", kept=pieces)


def placed(details: Details, documents: Mapping[str, str]) -> tuple[list[Passage], bool]:
    """The passages with the places of what they kept, and whether some were found by comparing.

    Where an earlier version kept no places, words are held against those of the document.
    """
    found, compared = list[Passage](), False
    for passage, exact in zip(details.passages, details.exact, strict=True):
        source = documents.get(passage.document)
        if not exact and passage.text and source is not None:
            compared = True
            passage = replace(passage, kept=tuple(same_words(source, passage)))
        found.append(passage)
    return found, compared


def same_words(source: str, passage: Passage) -> Iterator[Piece]:
    """Which words of the passage's stretch of the document its text still has, in their order."""
    original = _words(source[passage.start : passage.end])
    left = _words(passage.text)
    matcher = SequenceMatcher(None, [w[0] for w in original], [w[0] for w in left], autojunk=False)
    for at, to, size in matcher.get_matching_blocks():
        for place in range(size):
            _, start, end = original[at + place]
            yield Piece(left[to + place][1], passage.start + start, passage.start + end)


def dropped(text: str, passages: Sequence[Passage]) -> Iterator[tuple[int, int]]:
    """The stretches of a document that no passage shows word for word, blanks between words aside.

    A blank that stands between two kept pieces alone is no loss worth a mark.
    """
    at = 0
    for kept, part in parts(text, passages):
        if not kept and part.strip():
            yield at, at + len(part)
        at += len(part)


def _words(text: str) -> Sequence[tuple[str, int, int]]:
    found = ((m.group(), m.start(), m.end()) for m in WORD.finditer(text))
    return [word for word, _ in zip(found, range(MOST_WORDS), strict=False)]
