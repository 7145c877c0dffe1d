"""Passages on invented people and firms, with questions that one or two of them answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from crossover.datasets.biographies import values
from crossover.datasets.biographies.facts import with_article
from crossover.datasets.biographies.names import Names

PEOPLE_OF_A_FIRM = 3
TOWNS = 400
PERSON = (
    "{name} was born in {birthplace} in {born}.",
    "{name}, who came from a family of musicians, worked as {trade}.",
    "In {moved} {name} took a post at {firm} and stayed there for good.",
    "{name} played the {instrument} in the evenings.",
    "At home {name} had {stamps} stamps in a tin that nobody else might open.",
)
FIRM = (
    "{name} was founded in {founded} and had its first workshop in {seat}.",
    "The firm {name} was known for its {product}.",
    "{name} was run by {director} in its best years.",
    "Its mark was {emblem}.",
    "The doors of {name} closed in {closed}.",
)
# what is asked of a passage, by the fact that answers it
OF_A_PERSON = {
    "birthplace": "Where was {name} born?",
    "born": "In which year was {name} born?",
    "trade": "What did {name} work as?",
    "moved": "In which year did {name} take a post?",
    "instrument": "Which instrument did {name} play?",
    "stamps": "How many stamps did {name} have?",
}
OF_A_FIRM = {
    "founded": "In which year was {name} founded?",
    "seat": "In which town was the first workshop of {name}?",
    "product": "What was {name} known for?",
    "director": "In the best years of {name}, who ran it?",
    "closed": "In which year did {name} close?",
}
EMPLOYER = "the firm at which {name} took a post"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, and the characters in it that answer."""

    text: str
    evidence: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answers and the passages that it takes."""

    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a passage tells of somebody or something, and in which sentence."""

    name: str
    facts: Mapping[str, str]
    text: str
    places: Mapping[str, tuple[int, int]]

    def passage(self, fact: str) -> Passage:
        """The passage as one that is asked for a fact."""
        return Passage(self.text, (self.places[fact],))


def one_passage(random: Random, found: Iterator[Told]) -> Asked:
    """Ask for a fact of a firm, or of somebody who worked there."""
    told = next(islice(found, random.randint(0, PEOPLE_OF_A_FIRM), None))
    asked = OF_A_PERSON if "firm" in told.facts else OF_A_FIRM
    fact, wording = random.choice(list(asked.items()))
    return Asked(wording.format(name=told.name), (told.facts[fact],), (told.passage(fact),))


def two_passages(random: Random, found: Iterator[Told]) -> Asked:
    """Ask for a fact of a firm that is described by somebody who worked there."""
    firm, person = next(found), next(found)
    fact, wording = random.choice(list(OF_A_FIRM.items()))
    question = wording.format(name=EMPLOYER.format(name=person.name))
    return Asked(question, (firm.facts[fact],), (person.passage("firm"), firm.passage(fact)))


def told(random: Random) -> Iterator[Told]:
    """Tell of a firm and then of those who worked there, and so on with others."""
    names = Names(random)
    towns = [names.town() for _ in range(TOWNS)]
    while True:
        firm = _firm(random, names, towns)
        yield firm
        for _ in range(PEOPLE_OF_A_FIRM):
            yield _person(random, names, towns, firm)


def _firm(random: Random, names: Names, towns: Sequence[str]) -> Told:
    founded = random.randint(1790, 1900)
    facts = {
        "founded": str(founded),
        "seat": random.choice(towns),
        "product": random.choice(values.PRODUCTS),
        "director": names.person(random.choice(("female", "male"))),
        "emblem": random.choice(values.EMBLEMS),
        "closed": str(founded + random.randint(20, 90)),
    }
    return _written(names.firm(), FIRM, facts)


def _person(random: Random, names: Names, towns: Sequence[str], firm: Told) -> Told:
    moved = random.randint(int(firm.facts["founded"]), int(firm.facts["closed"]))
    facts = {
        "birthplace": random.choice(towns),
        "born": str(moved - random.randint(18, 40)),
        "trade": with_article(random.choice(values.OCCUPATIONS)),
        "moved": str(moved),
        "firm": firm.name,
        "instrument": random.choice(values.INSTRUMENTS),
        "stamps": str(random.randint(101, 999)),
    }
    return _written(names.person(random.choice(("female", "male"))), PERSON, facts)


def _written(name: str, templates: Sequence[str], facts: Mapping[str, str]) -> Told:
    sentences = [template.format(name=name, **facts) for template in templates]
    at = len(name) + 1
    places: dict[str, tuple[int, int]] = {}
    for template, sentence in zip(templates, sentences, strict=True):
        places |= {fact: (at, at + len(sentence)) for fact in facts if f"{{{fact}}}" in template}
        at += len(sentence) + 1
    return Told(name, facts, f"{name}\n{' '.join(sentences)}", places)
