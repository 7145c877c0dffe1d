"""Finds every question of a kind that a document supports, each with one right answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise
from random import Random
from typing import Literal

from crossover.datasets.biographies import wordings
from crossover.datasets.biographies.document import Written
from crossover.datasets.biographies.facts import Entity, Statement, name_answers, word_answers
from crossover.datasets.biographies.habits import RARE

Kind = Literal[
    "lookup",
    "paraphrase",
    "two_hop",
    "comparison",
    "count",
    "earliest_latest",
    "unanswerable",
]

FEW = 12
COUNTED = range(2, FEW + 1)
RANKED = range(2, 21)
SAME_WORD = 5
UNSTATED = {
    "person": (
        "father", "school", "teacher", "employer", "journey", "work", "prize", "spouse",
        "children", "instrument", "languages", "street", "died_on", "died_in", "bequest",
    ),
    "firm": (
        "product", "premises", "workforce", "director", "fire", "emblem", "export", "patents",
        "strike", "closed",
    ),
    "town": (
        "market", "landmark", "dish", "mayor", "flood", "elevation", "bridge", "festival", "mills",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that could be asked; no two with the same key are asked of a document.

    ``evidence`` holds the characters of each sentence that is needed, ``place`` where they lie
    on average (of an unanswerable question: where the entity is introduced).
    """

    key: str
    wordings: Sequence[str]
    slots: Mapping[str, str]
    answers: tuple[str, ...]
    evidence: tuple[tuple[int, int], ...]
    place: float

    def text(self, random: Random) -> str:
        """Word the question."""
        return random.choice(self.wordings).format(**self.slots)


class Candidates:
    """The candidates of one document, by kind."""

    def __init__(self, written: Written, random: Random) -> None:
        self._written = written
        self._random = random
        self._of: dict[str, dict[str, Statement]] = defaultdict(dict)
        self._by_relation: dict[str, list[Statement]] = defaultdict(list)
        for statement in written.statements:
            self._of[statement.fact.subject][statement.fact.relation] = statement
            self._by_relation[statement.fact.relation].append(statement)

    def of(self, kind: Kind) -> list[Candidate]:
        """All candidates of a kind, in the order in which they lie in the document."""
        found: Mapping[Kind, Callable[[], Iterator[Candidate]]] = {
            "lookup": self._lookups,
            "paraphrase": self._oblique,
            "two_hop": self._two_hops,
            "comparison": self._comparisons,
            "count": self._counts,
            "earliest_latest": self._extremes,
            "unanswerable": self._unanswerable,
        }
        return sorted(found[kind](), key=lambda candidate: (candidate.place, candidate.key))

    def habits(self) -> list[Candidate]:
        """Paraphrased questions for a person who is known by a rare peculiarity."""
        asked = dict(RARE)
        return [
            Candidate(
                f"habit {habit.template}",
                (asked[habit.template],),
                {},
                (habit.person,),
                ((habit.start, habit.end),),
                habit.start,
            )
            for habit in self._written.habits
            if habit.template in asked
        ]

    def _lookups(self) -> Iterator[Candidate]:
        for statement in self._written.statements:
            fact = statement.fact
            if fact.relation in wordings.LOOKUP and not statement.oblique:
                key = f"{fact.subject} {fact.relation}"
                words = wordings.LOOKUP[fact.relation]
                yield _candidate(key, words, {"name": fact.subject}, fact.answers, statement)

    def _oblique(self) -> Iterator[Candidate]:
        for statement in self._written.statements:
            fact = statement.fact
            if not statement.oblique or fact.relation not in wordings.OBLIQUE:
                continue
            sentence = self._written.text[statement.start : statement.end]
            if not _share_a_word(fact.subject, sentence):
                key = f"{fact.subject} {fact.relation}"
                words = (wordings.OBLIQUE[fact.relation],)
                yield _candidate(key, words, {"name": fact.subject}, fact.answers, statement)

    def _two_hops(self) -> Iterator[Candidate]:
        for relation, description in wordings.BRIDGES.items():
            for first in self._by_relation[relation]:
                described = description.format(name=first.fact.subject)
                for second in self._of.get(first.fact.target, {}).values():
                    fact = second.fact
                    if fact.relation in wordings.LOOKUP:
                        key = f"{described} {fact.relation}"
                        words = wordings.LOOKUP[fact.relation]
                        slots = {"name": described}
                        yield _candidate(key, words, slots, fact.answers, first, second)

    def _comparisons(self) -> Iterator[Candidate]:
        for relation, (smaller, larger) in wordings.COMPARISON.items():
            for pair in self._pairs(self._by_relation[relation]):
                if pair[0].fact.order == pair[1].fact.order:
                    continue
                names = [statement.fact.subject for statement in pair]
                low, high = sorted(pair, key=lambda statement: statement.fact.order)
                words, right = self._random.choice(((smaller, low), (larger, high)))
                self._random.shuffle(names)
                slots = dict(zip(("first", "second"), names, strict=True))
                key = f"{relation} {' '.join(sorted(names))}"
                yield _candidate(key, words, slots, name_answers(right.fact.subject), *pair)

    def _pairs(self, statements: list[Statement]) -> Iterator[tuple[Statement, Statement]]:
        if len(statements) <= FEW:
            yield from combinations(statements, 2)
            return
        for place, statement in enumerate(statements[:-1]):
            yield statement, statements[place + 1]
            other = self._random.randrange(place + 1, len(statements))
            yield statement, statements[other]

    def _counts(self) -> Iterator[Candidate]:
        for relation, words in wordings.COUNT.items():
            for value, group in self._groups(relation).items():
                if len(group) in COUNTED:
                    yield _count(f"count {relation} {value}", words, {"value": value}, group)
        for relation, wording in wordings.COUNT_BEFORE.items():
            ordered = sorted(self._by_relation[relation], key=_year)
            for size, (last, following) in enumerate(pairwise(ordered[: FEW + 1]), start=1):
                year = _year(following)
                if _year(last) < year:
                    slots, key = {"year": str(year)}, f"before {relation} {year}"
                    yield _count(key, (wording,), slots, ordered[:size])

    def _extremes(self) -> Iterator[Candidate]:
        for relation, (grouped_by, within, overall) in wordings.EXTREMES.items():
            statements = self._by_relation[relation]
            if len(statements) in RANKED:
                yield from _first_and_last(overall, "", statements)
            for value, group in self._groups(grouped_by).items():
                if len(group) in RANKED:
                    dated = [self._of[member.fact.subject][relation] for member in group]
                    yield from _first_and_last(within, value, dated)

    def _unanswerable(self) -> Iterator[Candidate]:
        for entity in self._written.entities:
            told = self._of[entity.name]
            start = min(statement.start for statement in told.values())
            for relation in UNSTATED[entity.kind]:
                if relation not in told and not _follows_from_founding(entity, relation):
                    key = f"unanswerable {entity.name} {relation}"
                    words = wordings.LOOKUP[relation]
                    yield Candidate(key, words, {"name": entity.name}, (), (), start)

    def _groups(self, relation: str) -> Mapping[str, list[Statement]]:
        groups: dict[str, list[Statement]] = defaultdict(list)
        for statement in self._by_relation[relation]:
            groups[statement.fact.value].append(statement)
        return groups


def _candidate(
    key: str,
    words: Sequence[str],
    slots: Mapping[str, str],
    answers: tuple[str, ...],
    *statements: Statement,
) -> Candidate:
    evidence = tuple(sorted({(statement.start, statement.end) for statement in statements}))
    place = sum(start for start, _ in evidence) / len(evidence)
    return Candidate(key, words, slots, answers, evidence, place)


def _count(
    key: str, words: Sequence[str], slots: Mapping[str, str], group: list[Statement]
) -> Candidate:
    return _candidate(key, words, slots, word_answers(len(group))[::-1], *group)


def _first_and_last(
    words: tuple[str, str], value: str, group: list[Statement]
) -> Iterator[Candidate]:
    ordered = sorted(group, key=lambda statement: statement.fact.order)
    pairs = ((ordered[0], ordered[1]), (ordered[-1], ordered[-2]))
    for wording, (right, runner_up) in zip(words, pairs, strict=True):
        if right.fact.order != runner_up.fact.order:
            slots = {"value": value}
            names = name_answers(right.fact.subject)
            yield _candidate(f"{wording} {value}", (wording,), slots, names, *group)


def _year(statement: Statement) -> int:
    born = statement.fact.relation == "born_on"
    order = statement.fact.order
    return date.fromordinal(order).year if born else order


def _follows_from_founding(entity: Entity, relation: str) -> bool:
    """Whether the reader could answer that a founder worked for the firm that they founded."""
    return entity.founder and relation == "employer"


def _share_a_word(name: str, sentence: str) -> bool:
    """Whether a word of the name, or one that begins alike, stands in the sentence."""
    heads = {word[:SAME_WORD] for word in re.findall(r"\w+", sentence.lower())}
    return any(word[:SAME_WORD] in heads for word in re.findall(r"\w+", name.lower()))
