"""Tells an entity: picks what to tell and how, and keeps account of what each sentence states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from string import Formatter

from crossover.datasets.biographies import person_phrases, place_phrases
from crossover.datasets.biographies.facts import Entity, EntityKind, Sentence, with_article

Paragraph = list[Sentence]
Templates = Mapping[str, Sequence[str]]

REMARK_SHARE = 0.16
SURNAME_SHARE = 0.5
LEAD_SHARE = 0.2
TOPICS_BEFORE_A_BREAK = 5
# topics that belong to a year, and the relation that holds it
DATED = {
    "journey": "journey_year",
    "work": "work_year",
    "prize": "prize_year",
    "move": "moved_year",
    "marriage": "wedding",
    "workforce": "workforce_year",
    "director": "director_year",
    "fire": "fire",
    "strike": "strike",
}


@dataclass(frozen=True)
class Phrases:
    """All the sentences for one kind of entity; ``always`` are topics that are never left out."""

    opening: Sequence[str]
    plain: Templates
    oblique: Templates
    transitions: Sequence[str]
    remarks: Sequence[str]
    always: Sequence[str]
    colours: Templates
    leads: Sequence[str] = ()


PHRASES: Mapping[EntityKind, Phrases] = {
    "person": Phrases(
        person_phrases.OPENING,
        person_phrases.PLAIN,
        person_phrases.OBLIQUE,
        person_phrases.TRANSITIONS,
        person_phrases.REMARKS,
        ("occupation",),
        person_phrases.COLOURS,
        person_phrases.LEADS,
    ),
    "firm": Phrases(
        place_phrases.FIRM_OPENING,
        place_phrases.FIRM_PLAIN,
        place_phrases.FIRM_OBLIQUE,
        place_phrases.FIRM_TRANSITIONS,
        place_phrases.FIRM_REMARKS,
        (),
        {},
    ),
    "town": Phrases(
        place_phrases.TOWN_OPENING,
        place_phrases.TOWN_PLAIN,
        place_phrases.TOWN_OBLIQUE,
        place_phrases.TOWN_TRANSITIONS,
        place_phrases.TOWN_REMARKS,
        ("census",),
        {},
    ),
}


def tell(entity: Entity, random: Random, topics: int) -> list[Paragraph]:
    """Write the section about an entity: what everybody's has and ``topics`` topics more."""
    return _Teller(entity, random).section(topics)


def remark(entity: Entity, random: Random, told: set[str]) -> Sentence | None:
    """Write a sentence that states no fact and does not stand in the section yet."""
    left = [text for text in PHRASES[entity.kind].remarks if text not in told]
    return Sentence(random.choice(left)) if left else None


class _Teller:
    def __init__(self, entity: Entity, random: Random) -> None:
        self._entity = entity
        self._random = random
        self._phrases = PHRASES[entity.kind]
        self._oblique_next = random.random() < 0.5
        self._just_named = False

    def section(self, topics: int) -> list[Paragraph]:
        chosen = self._choose(topics)
        paragraphs = [[self._sentence(self._random.choice(self._phrases.opening))]]
        for place, topic in enumerate(chosen):
            if place and place % TOPICS_BEFORE_A_BREAK == 0 and len(chosen) - place > 1:
                transition = self._random.choice(self._phrases.transitions)
                paragraphs.append([self._sentence(transition)])
            paragraphs[-1].append(self._about(topic))
            self._maybe_remark(paragraphs)
        return paragraphs

    def _choose(self, topics: int) -> list[str]:
        known = [t for t in self._phrases.plain if self._knows(t)]
        if self._entity.habit:
            known.insert(-2, "habit")
        always = [topic for topic in self._phrases.always if topic in known]
        optional = [topic for topic in known if topic not in always]
        picked = self._random.sample(optional, min(topics, len(optional)))
        return self._in_time([topic for topic in known if topic in always or topic in picked])

    def _in_time(self, topics: list[str]) -> list[str]:
        """Put the topics that belong to a year in the order of their years, others stay put."""
        facts = self._entity.facts
        dated = [topic for topic in topics if topic in DATED]
        in_order = iter(sorted(dated, key=lambda topic: facts[DATED[topic]].value))
        return [next(in_order) if topic in DATED else topic for topic in topics]

    def _knows(self, topic: str) -> bool:
        relations = _relations(self._phrases.plain[topic][0])
        return all(name in self._entity.facts for name in relations)

    def _about(self, topic: str) -> Sentence:
        if topic == "habit":
            return self._sentence(self._entity.habit, habit=self._entity.habit)
        told_obliquely = self._oblique_next and topic in self._phrases.oblique
        self._oblique_next = not told_obliquely
        phrases = self._phrases.oblique if told_obliquely else self._phrases.plain
        return self._sentence(self._random.choice(phrases[topic]), oblique=told_obliquely)

    def _maybe_remark(self, paragraphs: list[Paragraph]) -> None:
        if self._random.random() < REMARK_SHARE:
            told = {sentence.text for paragraph in paragraphs for sentence in paragraph}
            if sentence := remark(self._entity, self._random, told):
                paragraphs[-1].append(sentence)

    def _sentence(self, template: str, *, oblique: bool = False, habit: str = "") -> Sentence:
        facts, slots = self._entity.facts, dict(self._entity.forms)
        for name in _placeholders(template):
            slots[name] = slots.get(name) or self._slot(name)
        stated = tuple(facts[name] for name in _relations(template) if name in facts)
        text = self._led(template.format(**slots))
        self._just_named = self._entity.forms["last"] in text
        return Sentence(text, stated, oblique, habit)

    def _led(self, text: str) -> str:
        """Put a lead before some of the sentences that begin with a pronoun."""
        forms, leads = self._entity.forms, self._phrases.leads
        begins = text.split(" ", 1)[0] in (forms["He"], forms["His"])
        if not (leads and begins and self._random.random() < LEAD_SHARE):
            return text
        witness = self._random.choice(person_phrases.COLOURS["witness"])
        lead = self._random.choice(leads).format(witness=witness)
        return f"{lead}, {text[0].lower()}{text[1:]}"

    def _slot(self, name: str) -> str:
        if name == "Who":
            surname = self._random.random() < SURNAME_SHARE and not self._just_named
            return self._entity.forms["last" if surname else "He"]
        if name in self._phrases.colours:
            return self._random.choice(self._phrases.colours[name])
        value = self._entity.facts[name.removeprefix("a_")].value
        return with_article(value) if name.startswith("a_") else value


@cache
def _placeholders(template: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))


@cache
def _relations(template: str) -> tuple[str, ...]:
    """Placeholders that may state a fact: lower-case ones that are no grammatical form."""
    grammar = ("name", "last", "he", "his", "him", "partner", *person_phrases.COLOURS)
    names = (name.removeprefix("a_") for name in _placeholders(template))
    return tuple(name for name in names if name.islower() and name not in grammar)
