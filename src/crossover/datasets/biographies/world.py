"""Invents the people, firms and towns of a document, each with facts that fit together."""

from __future__ import annotations

from random import Random

from crossover.datasets.biographies import values
from crossover.datasets.biographies.facts import (
    Entity,
    EntityKind,
    date_answers,
    day,
    digit_answers,
    name_answers,
    word_answers,
)
from crossover.datasets.biographies.habits import COMMON, RARE
from crossover.datasets.biographies.names import Names

FEMALE = {"He": "She", "he": "she", "his": "her", "His": "Her", "him": "her", "partner": "husband"}
MALE = {"He": "He", "he": "he", "his": "his", "His": "His", "him": "him", "partner": "wife"}
TOKENS_PER_SECTION = 185
TOKENS_PER_SHORT_SECTION = 110
SHORT_DOCUMENT = 4000


class World:
    """The entities of one document; people can be added for as long as there is room."""

    def __init__(self, random: Random, tokens: int) -> None:
        self._random = random
        self.names = Names(random)
        self.tokens = tokens
        per_section = TOKENS_PER_SHORT_SECTION if tokens < SHORT_DOCUMENT else TOKENS_PER_SECTION
        self.scale = max(5, tokens // per_section)
        self._rare = [text for text, _ in RARE]
        random.shuffle(self._rare)
        self._rare_share = min(0.6, 1.2 * len(RARE) / self.scale)
        self.firms: list[Entity] = []
        self.people: list[Entity] = []
        self.towns = [self._town() for _ in range(max(1, self.scale // 8))]
        self._elsewhere = [self.names.town() for _ in range(1 + self.scale // 25)]
        self._schools = [self.names.school() for _ in range(2 + self.scale // 14)]
        self._prizes = [self.names.prize() for _ in range(2 + self.scale // 18)]
        for _ in range(max(1, self.scale // 7)):
            self._add_firm()

    def add_person(self) -> Entity:
        """Invent one more person, who works and studies where others of the document do."""
        person = self._person(self._random.randint(1780, 1905))
        self._employ(person)
        return person

    def _town(self) -> Entity:
        random, town = self._random, self._named("town", self.names.town())
        charter = random.randint(1240, 1690)
        town.know("river", _named_thing("river", self.names.river()))
        town.know("charter", (str(charter),), charter)
        population = random.randint(900, 48_000)
        town.know("population", digit_answers(population), population)
        town.know("census", (str(random.randint(1801, 1911)),))
        town.know("market", (random.choice(values.WEEKDAYS),))
        town.know("landmark", _with_and_without_article(random.choice(values.LANDMARKS)))
        town.know("dish", (random.choice(values.DISHES),))
        town.know("mayor", (self.names.person(random.choice(("female", "male"))),))
        for relation in ("mayor_year", "flood", "bridge"):
            town.know(relation, (str(random.randint(1790, 1935)),))
        elevation = random.randint(12, 1400)
        town.know("elevation", digit_answers(elevation), elevation)
        town.know("festival", (random.choice(values.FESTIVAL_MONTHS),))
        town.know("mills", word_answers(random.randint(3, 19)))
        return town

    def _add_firm(self) -> None:
        random, firm = self._random, self._named("firm", self.names.firm())
        founded = random.randint(1815, 1925)
        founder = self._person(founded - random.randint(24, 45))
        founder.founder = True
        seat = random.choice(self.towns)
        firm.know("founded", (str(founded),), founded)
        firm.know("founder", (founder.name,), 0, founder.name)
        firm.know("seat", (seat.name,), 0, seat.name)
        firm.know("product", (random.choice(values.PRODUCTS),))
        firm.know("premises", _with_and_without_article(random.choice(values.PREMISES)))
        workforce = random.randint(24, 3200)
        firm.know("workforce", digit_answers(workforce), workforce)
        firm.know("director", (self.names.person(random.choice(("female", "male"))),))
        for relation in ("workforce_year", "director_year", "fire", "strike"):
            firm.know(relation, (str(founded + random.randint(8, 38)),))
        firm.know("emblem", _with_and_without_article(random.choice(values.EMBLEMS)))
        firm.know("export", (self.names.land(),))
        firm.know("patents", word_answers(random.randint(2, 20)))
        firm.know("strike_weeks", word_answers(random.randint(2, 15)))
        closed = founded + random.randint(40, 110)
        firm.know("closed", (str(closed),), closed)
        self.firms.append(firm)

    def _person(self, birth: int) -> Entity:
        random = self._random
        gender = random.choice(("female", "male"))
        person = self._named("person", self.names.person(gender), gender)
        born = day(random, birth)
        person.know("born_on", date_answers(random, born), born.toordinal())
        person.know("born_in", *self._place())
        person.know("father", (random.choice(values.TRADES),))
        person.know("occupation", (random.choice(values.OCCUPATIONS),))
        school = random.choice(self._schools)
        person.know("school", (school, f"the {school}"))
        self._teach(person, birth)
        self._later_life(person, birth, "male" if gender == "female" else "female")
        person.habit = self._habit()
        self.people.append(person)
        return person

    def _later_life(self, person: Entity, birth: int, other_gender: str) -> None:
        random, names = self._random, self.names
        person.know("journey", (names.land(),))
        person.know("journey_year", (str(birth + random.randint(22, 55)),))
        title = f"{random.choice(values.TITLE_HEADS)} {random.choice(values.TITLE_TAILS)}"
        person.know("work", (title,))
        person.know("work_year", (str(birth + random.randint(28, 58)),))
        prize = random.choice(self._prizes)
        person.know("prize", (prize, f"the {prize}"))
        person.know("prize_year", (str(birth + random.randint(35, 58)),))
        person.know("moved_to", *self._place(apart_from=person.facts["born_in"].value))
        person.know("moved_year", (str(birth + random.randint(25, 50)),))
        person.know("spouse", (names.person(other_gender),))
        person.know("wedding", (str(birth + random.randint(21, 40)),))
        person.know("children", word_answers(random.randint(2, 9)))
        instrument = random.choice(values.INSTRUMENTS)
        person.know("instrument", (instrument, f"the {instrument}"))
        person.know("languages", word_answers(random.randint(3, 9)))
        number, name = random.randint(2, 98), random.choice(values.STREETS)
        person.know("street", (f"{number} {name} {random.choice(values.STREET_KINDS)}",))
        died = day(random, birth + random.randint(60, 91))
        person.know("died_on", date_answers(random, died), died.toordinal())
        person.know("died_in", *self._place())
        person.know("bequest", _with_and_without_article(random.choice(values.HEIRS)))

    def _teach(self, person: Entity, birth: int) -> None:
        for candidate in self._tries(self.people):
            age = day(self._random, birth).toordinal() - candidate.facts["born_on"].order
            if 15 * 365 < age < 45 * 365:
                person.know("teacher", (candidate.name,), 0, candidate.name)
                return

    def _employ(self, person: Entity) -> None:
        start = int(person.facts["born_on"].order / 365.25) + self._random.randint(18, 30)
        service = self._random.randint(3, 20)
        for firm in self._tries(self.firms):
            last = firm.facts["closed"].order
            if firm.facts["founded"].order <= start and start + service <= last:
                person.know("employer", name_answers(firm.name), 0, firm.name)
                person.know("service", word_answers(service))
                return

    def _tries(self, entities: list[Entity]) -> list[Entity]:
        return [self._random.choice(entities) for _ in range(5)] if entities else []

    def _place(self, apart_from: str = "") -> tuple[tuple[str], int, str]:
        while True:
            portrayed = self._random.random() < 0.75
            options = [town.name for town in self.towns] if portrayed else self._elsewhere
            name = self._random.choice(options)
            if name != apart_from:
                return (name,), 0, name if portrayed else ""

    def _habit(self) -> str:
        if self._rare and self._random.random() < self._rare_share:
            return self._rare.pop()
        return self._random.choice(COMMON)

    def _named(self, kind: EntityKind, name: str, gender: str = "") -> Entity:
        words = FEMALE if gender == "female" else MALE
        return Entity(kind, name, {**words, "name": name, "last": name.split()[-1]})


def _with_and_without_article(phrase: str) -> tuple[str, ...]:
    for article in ("a ", "an ", "the "):
        if phrase.startswith(article):
            return phrase, phrase.removeprefix(article)
    return (phrase,)


def _named_thing(noun: str, name: str) -> tuple[str, ...]:
    return name, f"the {noun} {name}", f"the {name}"
