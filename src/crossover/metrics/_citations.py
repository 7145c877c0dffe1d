"""Citations of an answer, checked: which statement cites what, and whether that supports it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.metrics._support import Claim, supported
from crossover.pipelines._citing import Statement, claims, read_statements
from crossover.types import Answer, Passage, Question

NUMBERED = re.compile(r"^\[(\d{1,6})\] ?", re.MULTILINE)
NOBODY = Statement("")


@dataclass(frozen=True, slots=True)
class Cited:
    """Statements with the numbers that they cite, of ``sources`` counted from 1.

    ``invented`` are citations of numbers that no source has: they count as citations that support
    nothing, and are never looked up. ``shared``: each statement cites all sources, because it is
    not known which cites which; a source then counts as one citation.
    """

    statements: tuple[Statement, ...]
    sources: tuple[Passage, ...]
    invented: int = 0
    shared: bool = False

    def passages(self, numbers: Sequence[int]) -> tuple[Passage, ...]:
        """The sources of these numbers."""
        return tuple(self.sources[number - 1] for number in numbers)


@dataclass(frozen=True, slots=True)
class CitationScores:
    """How well an answer is cited; recall is over statements, precision over citations."""

    recall: float
    precision: float
    statements: int
    citations: int
    invented: int

    @property
    def f1(self) -> float:
        """The harmonic mean of recall and precision."""
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


def cited(question: Question, answer: Answer) -> Cited:
    """Read an answer's citations.

    Marks like [3] in its text name the sentences that were shown numbered, as ``cite`` shows them,
    else the passages shown. An answer without marks cites by its evidence: statement by statement
    where it says so, as the answers of ``cite`` do, else each statement all of it.
    """
    text, statements = read_statements(answer.text)
    if any(statement.cited for statement in statements):
        sources = _numbered_sentences(answer.passages) or answer.passages
        invented = sum(not 1 <= n <= len(sources) for s in statements for n in s.cited)
        kept = (
            Statement(s.text, tuple(n for n in s.cited if 1 <= n <= len(sources)))
            for s in statements
        )
        return Cited(tuple(kept), tuple(sources), invented)
    invented = int(answer.figures.get("invented_citations") or 0)
    if answer.stated:
        told = tuple(Statement(s.text, tuple(at + 1 for at in s.cites)) for s in answer.stated)
        return Cited(told, answer.evidence, invented)
    every = tuple(range(1, len(answer.evidence) + 1))
    stated = tuple(Statement(claim, every) for claim in claims(text, question))
    return Cited(stated, answer.evidence, invented, shared=True)


def _numbered_sentences(passages: Sequence[Passage]) -> list[Passage]:
    """The sentences of passages whose lines are numbered from 1 on; none where they are not."""
    found = list[Passage]()
    for passage in passages:
        marks = list(NUMBERED.finditer(passage.text))
        ends = [mark.start() for mark in marks[1:]] + [len(passage.text)] * bool(marks)
        for mark, end in zip(marks, ends, strict=True):
            if int(mark[1]) != len(found) + 1:
                return []
            found.append(passage.cut(mark.end(), end, passage.score))
    return found


def check(
    question: Question, found: Cited, judge: str, threshold: float, graded: bool = False
) -> CitationScores:
    """Score citations as ALCE does (Gao et al., 2023, arXiv 2305.14627).

    Recall: the share of statements that all their citations together support. Precision: the share
    of citations that are of use, which are those of a supported statement that support it alone
    or without which the others do not. ``graded`` is LongCite's scale (Zhang et al., 2024, arXiv
    2409.02897), probabilities in place of its judge: a statement is half supported from half of
    the threshold on, and a citation is of use where it alone supports at least half.
    """
    statements = found.statements
    wanted = {
        numbers: None
        for statement in statements
        for numbers in ((statement, part) for part in _parts(statement.cited, graded))
    }
    asked = [Claim(statement.text, found.passages(part)) for statement, part in wanted]
    chances = dict(zip(wanted, supported(judge, question.text, asked), strict=True))

    def grade(statement: Statement, part: tuple[int, ...]) -> float:
        chance = chances.get((statement, part), 0.0)
        half = 0.5 if graded and chance >= threshold / 2 else 0.0
        return 1.0 if chance >= threshold else half

    def useful(statement: Statement, number: int) -> bool:
        alone = grade(statement, (number,))
        if graded:
            return alone > 0
        rest = tuple(n for n in statement.cited if n != number)
        return grade(statement, statement.cited) == 1 and (alone == 1 or not grade(statement, rest))

    pairs = {(number, s) for s in statements for number in s.cited}
    good = {(number, s) for number, s in pairs if useful(s, number)}
    if found.shared:
        pairs, good = ({(number, NOBODY) for number, _ in some} for some in (pairs, good))
    citations = len(pairs) + found.invented
    recall = sum(grade(s, s.cited) for s in statements) / max(len(statements), 1)
    precision = len(good) / max(citations, 1)
    return CitationScores(recall, precision, len(statements), citations, found.invented)


def _parts(cited: tuple[int, ...], graded: bool) -> list[tuple[int, ...]]:
    """The sets of citations that have to be judged: all, each alone, and all but each."""
    alone = [(number,) for number in cited]
    without = [] if graded else [tuple(n for n in cited if n != number) for number in cited]
    return [part for part in (cited, *alone, *without) if part]
