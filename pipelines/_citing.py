"""Citations of sentences: numbering, reading them out of a reply, and checking them offline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase

from crossover.choices import chosen
from crossover.normalise import Reading, read, says_number
from crossover.sentences import sentences
from crossover.types import Passage, Question, Stated

MARK = re.compile(r"[ \t]*\[(\d{1,6}(?:\s*[-–,;]\s*\d{1,6})*)\]")
RANGE = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")
# a range of more sentences than that cites nothing in particular: its ends count
LONGEST_RANGE = 20


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, and the numbers that it cites."""

    text: str
    cited: tuple[int, ...] = ()


def split(passages: Sequence[Passage], once: bool = False) -> list[Passage]:
    """The sentences of passages, with their places; ``once``: none twice."""
    every = [
        passage.cut(start, end, passage.score)
        for passage in passages
        for start, end in sentences(passage.text)
    ]
    if not once:
        return every
    places = {(p.document, p.start, p.end, p.text): p for p in reversed(every)}
    return list(reversed(places.values()))


def numbered(passages: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
    """Passages with ``[n]`` before every sentence, and the sentences in the order of n."""
    shown, every = list[Passage](), list[Passage]()
    for passage in passages:
        own = split([passage])
        shown.append(_with_numbers(passage, own, len(every) + 1))
        every += own
    return shown, every


def read_statements(reply: str) -> tuple[str, list[Statement]]:
    """A reply without its citations, and its sentences with what each cites.

    A citation belongs to the sentence that it stands in or, after a full stop, behind.
    """
    bare, marks, last = "", list[tuple[int, tuple[int, ...]]](), 0
    for match in MARK.finditer(reply):
        bare += reply[last : match.start()]
        marks.append((len(bare), tuple(_numbers(match[1]))))
        last = match.end()
    bare += reply[last:]
    spans = [(a, b) for a, b in sentences(bare) if any(map(str.isalnum, bare[a:b]))]
    cited: list[list[int]] = [[] for _ in spans]
    for at, numbers in marks:
        before = sum(start < at for start, _ in spans)
        if spans:
            cited[max(before - 1, 0)] += numbers
    found = [
        Statement(bare[start:end].strip(), tuple(dict.fromkeys(numbers)))
        for (start, end), numbers in zip(spans, cited, strict=True)
    ]
    return bare.strip(), found


def claims(text: str, question: Question) -> list[str]:
    """What an answer without citations states, sentence by sentence; a choice by its words."""
    letters = chosen(text, question.choices) if question.choices else frozenset[str]()
    labelled = zip(ascii_uppercase, question.choices, strict=False)
    options = [option for letter, option in labelled if letter in letters]
    spans = sentences(text)
    return options or [text[a:b] for a, b in spans if any(map(str.isalnum, text[a:b]))]


def likely(claim: str, question: Question, every: Sequence[Passage], most: int) -> list[int]:
    """The numbers of the sentences that share most words with a claim, in the order of the text."""
    said, asked = read(claim).words, read(question.text).content
    readings = [read(sentence.text).words for sentence in every]
    scores = [2 * len(said & words) + len(asked & words) for words in readings]
    ranked = sorted(range(len(every)), key=lambda at: -scores[at])
    return sorted(at + 1 for at in ranked[:most])


def numbers_of(evidence: Sequence[Passage], every: Sequence[Passage]) -> tuple[int, ...]:
    """The numbers of the sentences that a model's own evidence stands in."""
    return tuple(
        number
        for number, sentence in enumerate(every, 1)
        if any(_overlap(sentence, passage) for passage in evidence)
    )


@dataclass(frozen=True)
class Checked:
    """Statements held against the sentences that they cite, by the words that they share.

    A statement is supported where the cited sentences together hold its numbers and at least
    ``share`` of its content words that the question does not bring itself. That shows that a
    citation speaks of the same things; not that it says the same of them (a negation passes), and a
    paraphrase in other words fails.
    """

    statements: Sequence[Statement]
    sentences: Sequence[Passage]
    question: Question
    share: float

    @property
    def cited(self) -> tuple[Passage, ...]:
        """The sentences that are cited and exist, in the order of mention."""
        return tuple(self.sentences[n - 1] for n in self._mentioned)

    @property
    def stated(self) -> tuple[Stated, ...]:
        """The statements with the places in ``cited`` of what each cites."""
        at = {number: place for place, number in enumerate(self._mentioned)}
        return tuple(
            Stated(one.text, tuple(at[n] for n in dict.fromkeys(one.cited) if n in at))
            for one in self.statements
        )

    @property
    def _mentioned(self) -> list[int]:
        numbers = dict.fromkeys(n for statement in self.statements for n in statement.cited)
        return [number for number in numbers if self._exists(number)]

    @property
    def figures(self) -> Mapping[str, float]:
        """How many statements and citations there are, and which share of them holds.

        Recall is the share of statements that are supported, precision that of citations that
        support theirs, alone or as a part without which the rest does not (as ALCE counts both).
        """
        citations = [n for statement in self.statements for n in statement.cited]
        invented = sum(not self._exists(n) for n in citations)
        good = sum(self._useful(s, n) for s in self.statements for n in s.cited)
        supported = sum(self._supports(s, s.cited) for s in self.statements)
        figures: dict[str, float] = {
            "statements": len(self.statements),
            "citations": len(citations),
            "uncited_statements": sum(not s.cited for s in self.statements),
            "invented_citations": invented,
        }
        if self.statements:
            figures["citation_recall"] = supported / len(self.statements)
        if citations:
            figures["citation_precision"] = good / len(citations)
        return figures

    def _exists(self, number: int) -> bool:
        return 1 <= number <= len(self.sentences)

    def _useful(self, statement: Statement, number: int) -> bool:
        if not self._exists(number) or not self._supports(statement, statement.cited):
            return False
        others = [other for other in statement.cited if other != number]
        return self._supports(statement, [number]) or not self._supports(statement, others)

    def _supports(self, statement: Statement, numbers: Sequence[int]) -> bool:
        held = " ".join(self.sentences[n - 1].text for n in numbers if self._exists(n))
        return bool(held) and _holds(read(held), read(statement.text), self._asked, self.share)

    @cached_property
    def _asked(self) -> Reading:
        return read(self.question.text)


def _holds(shown: Reading, said: Reading, asked: Reading, share: float) -> bool:
    numbers = said.numbers - asked.numbers
    words = said.content - asked.content
    if not words and not numbers:
        words = said.content
    known = not words or len(words & shown.words) / len(words) >= share
    return known and all(says_number(number, shown) for number in numbers)


def _with_numbers(passage: Passage, own: Sequence[Passage], first: int) -> Passage:
    """A passage as its numbered sentences, one a line."""
    text, pieces = "", []
    for number, sentence in enumerate(own, first):
        text += f"\n[{number}] " if text else f"[{number}] "
        pieces += [piece._replace(at=piece.at + len(text)) for piece in sentence.pieces]
        text += sentence.text
    start, end = (pieces[0].start, pieces[-1].end) if pieces else (passage.start, passage.start)
    return Passage(passage.document, start, end, text, passage.score, tuple(pieces))


def _numbers(cited: str) -> Iterator[int]:
    for match in RANGE.finditer(cited):
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first <= LONGEST_RANGE:
            yield from range(first, last + 1)
        else:
            yield from (first, last)


def _overlap(one: Passage, other: Passage) -> bool:
    if one.document != other.document:
        return False
    if not one.pieces or not other.pieces:
        return one.start == other.start and one.text in other.text
    return any(a.start < b.end and b.start < a.end for a in one.pieces for b in other.pieces)
