"""What a document is made of: facts about entities, told in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Literal

EntityKind = Literal["person", "firm", "town"]

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is true of one entity.

    ``answers`` holds the wording of the text first, then acceptable variants; ``order`` sorts
    facts of one relation (a day, a year, a number); ``target`` is the entity that it points to.
    """

    subject: str
    relation: str
    answers: tuple[str, ...]
    order: int = 0
    target: str = ""

    @property
    def value(self) -> str:
        """The wording that stands in the text."""
        return self.answers[0]


@dataclass(slots=True)
class Entity:
    """A person, firm or town, with the facts that its section tells."""

    kind: EntityKind
    name: str
    forms: Mapping[str, str]
    facts: dict[str, Fact] = field(default_factory=dict)
    habit: str = ""
    founder: bool = False

    def know(self, relation: str, answers: tuple[str, ...], order: int = 0, to: str = "") -> None:
        """Add a fact to be told."""
        self.facts[relation] = Fact(self.name, relation, answers, order, to)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with what it states; ``oblique`` ones share no content word with their question.

    ``habit`` is the peculiarity that it tells, if any: its question asks for the person.
    """

    text: str
    facts: tuple[Fact, ...] = ()
    oblique: bool = False
    habit: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact where it stands: characters ``start`` to ``end`` hold the sentence that states it."""

    fact: Fact
    start: int
    end: int
    oblique: bool = False


def day(random: Random, year: int) -> date:
    """Draw a day of a year."""
    return date(year, random.randint(1, 12), random.randint(1, 28))


def date_answers(random: Random, when: date) -> tuple[str, ...]:
    """Write a date as the text will have it, then in its other acceptable forms."""
    month = MONTHS[when.month - 1]
    plain = f"{when.day} {month} {when.year}"
    ordinal = f"the {when.day}{_suffix(when.day)} of {month} {when.year}"
    american = f"{month} {when.day}, {when.year}"
    first, second = (ordinal, plain) if random.random() < 0.25 else (plain, ordinal)
    return first, second, american


def word_answers(number: int) -> tuple[str, ...]:
    """Write a number up to twenty in words, then in digits."""
    return NUMBER_WORDS[number], str(number)


def digit_answers(number: int) -> tuple[str, ...]:
    """Write a number in digits, a large one with a comma and then without."""
    grouped = f"{number:,}"
    return (grouped,) if grouped == str(number) else (grouped, str(number))


def name_answers(name: str) -> tuple[str, ...]:
    """Write a name, and a firm's with its ampersand spelt out."""
    return (name, name.replace(" & ", " and ")) if "&" in name else (name,)


def with_article(noun: str) -> str:
    """Put the indefinite article before a noun."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _suffix(number: int) -> str:
    if number in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
