"""Writes a document of the length asked for and notes where each fact stands."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from crossover.datasets.biographies.facts import Entity, Statement
from crossover.datasets.biographies.prose import Paragraph, remark, tell
from crossover.datasets.biographies.world import World
from crossover.tokens import count_tokens

GAP = "\n\n"
SECTION_TRIES = 12


@dataclass(slots=True)
class Section:
    """The paragraphs about one entity and how many tokens they take."""

    entity: Entity
    paragraphs: list[Paragraph]
    tokens: int = 0

    def __post_init__(self) -> None:
        self.tokens = count_tokens(self.text() + GAP)

    def text(self) -> str:
        """The section as it will stand in the document."""
        return GAP.join(" ".join(s.text for s in paragraph) for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Habit:
    """A rare peculiarity where it stands: the template that tells it, the person, the sentence."""

    template: str
    person: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Written:
    """A document's text with its table of facts, in the order in which they stand."""

    tokens: int
    text: str
    statements: tuple[Statement, ...]
    habits: tuple[Habit, ...]
    entities: tuple[Entity, ...]


def write(tokens: int, seed: str) -> Written:
    """Write the document of that seed: within a sentence of ``tokens`` o200k tokens."""
    random = Random(seed)
    world = World(random, tokens)
    sections = _core(world, random)
    left = tokens - sum(section.tokens for section in sections)
    left = _add_people(world, random, sections, left)
    _pad(random, sections, left)
    random.shuffle(sections)
    return _assemble(sections, tokens)


def topics_for(tokens: int, random: Random) -> int:
    """Decide how much a section tells: short documents hold more entities that say less."""
    if tokens < 1500:
        return 2
    return random.randint(3, 4) if tokens < 4000 else random.randint(5, 9)


def _core(world: World, random: Random) -> list[Section]:
    entities = [*world.towns, *world.firms, *world.people]
    return [_section(world, entity, random) for entity in entities]


def _section(world: World, entity: Entity, random: Random) -> Section:
    return Section(entity, tell(entity, random, topics_for(world.tokens, random)))


def _add_people(world: World, random: Random, sections: list[Section], left: int) -> int:
    """Add people until the next one does not fit; the last tries look for a short one."""
    tries = SECTION_TRIES
    while tries:
        person = world.add_person()
        section = _section(world, person, random)
        if section.tokens <= left:
            sections.append(section)
            left -= section.tokens
        else:
            world.people.remove(person)
            tries -= 1
    return left


def _pad(random: Random, sections: list[Section], left: int) -> None:
    """Fill the rest with remarks that state nothing."""
    exhausted = 0
    while left > 6 and exhausted < 20:
        section = random.choice(sections)
        told = {s.text for paragraph in section.paragraphs for s in paragraph}
        sentence = remark(section.entity, random, told)
        cost = count_tokens(f" {sentence.text}") if sentence else left + 7
        if sentence and cost <= left + 6:
            section.paragraphs[-1].append(sentence)
            left -= cost
        else:
            exhausted += 1


def _assemble(sections: list[Section], tokens: int) -> Written:
    pieces: list[str] = []
    statements: list[Statement] = []
    habits: list[Habit] = []
    position = 0
    for section in sections:
        for paragraph in section.paragraphs:
            for sentence in paragraph:
                end = position + len(sentence.text)
                statements += (
                    Statement(fact, position, end, sentence.oblique) for fact in sentence.facts
                )
                if sentence.habit:
                    habits.append(Habit(sentence.habit, section.entity.name, position, end))
                pieces += (sentence.text, " ")
                position = end + 1
            pieces[-1] = GAP
            position += len(GAP) - 1
    entities = tuple(section.entity for section in sections)
    return Written(tokens, "".join(pieces[:-1]), tuple(statements), tuple(habits), entities)
