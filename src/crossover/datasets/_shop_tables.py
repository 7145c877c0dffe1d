"""Rows of an invented market as sentences, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from crossover.datasets._words import coined, keys
from crossover.datasets.biographies.names import Names

KINDS = ("lamp", "kettle", "blanket", "clock", "saddle", "mirror", "basket", "trunk")
WORKSHOP = (
    "The workshop {name} stands in {town}, was founded in {founded} and has {workers} workers."
)
PRODUCT = (
    "{workshop} makes the {name}, a {kind} that costs {price} crowns, weighs {weight} grams and "
    "has been sold since {year}."
)
LOAN = "{reader} borrowed “{book}” from the library in {place} for {days} days."
WEATHER = "On day {day} of {year} it was {degrees} degrees in {place}, with wind from the {wind}."
WINDS = ("north", "south", "east", "west")
# products of a workshop, on the average
PRODUCTS = 6
# rows that an answer has at most
MOST = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the table that it is of, its values, and the sentence that says them."""

    table: str
    values: Mapping[str, str | int]
    said: str

    def __getitem__(self, column: str) -> str | int:
        return self.values[column]


@dataclass(frozen=True, slots=True)
class Query:
    """A question, the rows of its answer, what of them is asked, and the rows it rests on."""

    question: str
    answers: tuple[str, ...]
    rows: tuple[Row, ...]


def relevant(random: Random, joined: bool) -> Iterator[Row]:
    """Products without an end; ``joined``: each workshop before its products."""
    names, makers, towns = keys(random), _makers(random), _towns(random)
    for number in count():
        maker = next(makers)
        town = next(towns) if number % 4 else random.choice(("Harlow Bay", next(towns)))
        if joined:
            yield _row(
                "workshops", WORKSHOP, name=maker, town=town,
                founded=random.randint(1800, 1990), workers=random.randint(3, 400),
            )  # fmt: skip
        for _ in range(random.randint(1, 2 * PRODUCTS - 1)):
            yield _row(
                "products", PRODUCT, workshop=maker, name=next(names), kind=random.choice(KINDS),
                price=random.randint(20, 99_999), weight=random.randint(50, 9_999),
                year=random.randint(1950, 2024),
            )  # fmt: skip


def irrelevant(random: Random) -> Iterator[Row]:
    """Rows of tables that nobody asks about."""
    names = Names(random)
    readers = [names.person(random.choice(("female", "male"))) for _ in range(60)]
    places, books = [names.town() for _ in range(40)], keys(random)
    while True:
        if random.random() < 0.5:
            yield _row(
                "loans", LOAN, reader=random.choice(readers), place=random.choice(places),
                book=next(books).replace("-", " "), days=random.randint(2, 60),
            )  # fmt: skip
        else:
            yield _row(
                "weather", WEATHER, day=random.randint(1, 365), year=random.randint(1900, 2024),
                degrees=random.randint(-20, 38), place=random.choice(places),
                wind=random.choice(WINDS),
            )  # fmt: skip


def _row(table: str, template: str, **values: str | int) -> Row:
    return Row(table, values, template.format(**values))


def _makers(random: Random) -> Iterator[str]:
    return (f"{name} Works" for name in _distinct(random))


def _towns(random: Random) -> Iterator[str]:
    return (f"{name} Ford" for name in _distinct(random))


def _distinct(random: Random) -> Iterator[str]:
    taken: set[str] = set()
    while True:
        if (name := coined(random).title()) not in taken:
            taken.add(name)
            yield name


def _products(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.table == "products"]


def _of_a_kind(random: Random, rows: Sequence[Row]) -> tuple[str, list[Row]]:
    products = _products(rows)
    kind = str(random.choice(products)["kind"])
    return kind, [row for row in products if row["kind"] == kind]


def _named(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(str(row["name"]) for row in rows)


def _dearest(rows: Sequence[Row], number: int) -> list[Row] | None:
    """The dearest rows, dearest first, if their prices differ from one another and the next."""
    ordered = sorted(rows, key=lambda row: int(row["price"]), reverse=True)[: number + 1]
    prices = {row["price"] for row in ordered}
    clear = len(prices) == len(ordered) and len(ordered) >= min(number, 2)
    return ordered[:number] if clear and len(ordered) > number else None


def comparison(random: Random, rows: Sequence[Row]) -> Query | None:
    """The rows above a value."""
    kind, found = _of_a_kind(random, rows)
    ordered = sorted((int(row["price"]) for row in found), reverse=True)
    if len(ordered) < 2:
        return None
    limit = ordered[random.randint(1, min(MOST, len(ordered) - 1))]
    above = tuple(row for row in found if int(row["price"]) > limit)
    question = f"Name every {kind} that costs more than {limit} crowns."
    return Query(question, _named(above), above) if above else None


def extreme(random: Random, rows: Sequence[Row]) -> Query | None:
    """The row with the largest value."""
    kind, found = _of_a_kind(random, rows)
    best = _dearest(found, 1)
    question = f"Which {kind} is the dearest?"
    return Query(question, _named(best), tuple(best)) if best else None


def ranking(random: Random, rows: Sequence[Row]) -> Query | None:
    """The first rows in order."""
    kind, found = _of_a_kind(random, rows)
    best = _dearest(found, 3)
    question = f"Name the three dearest products of the kind {kind}, the dearest first."
    return Query(question, _named(best), tuple(best)) if best else None


def aggregation(random: Random, rows: Sequence[Row]) -> Query | None:
    """How many rows there are, or what they weigh together."""
    kind, found = _of_a_kind(random, rows)
    if random.random() < 0.5:
        question, number = f"How many products of the kind {kind} are there?", len(found)
    else:
        number = sum(int(row["weight"]) for row in found)
        question = f"What do all products of the kind {kind} weigh together, in grams?"
    return Query(question, (str(number),), tuple(found))


def join(random: Random, rows: Sequence[Row]) -> Query | None:
    """The products of a workshop that is told by its town."""
    workshops = [row for row in rows if row.table == "workshops"]
    if not workshops:
        return None
    town = random.choice(workshops)["town"]
    there = [row for row in workshops if row["town"] == town]
    names = {row["name"] for row in there}
    made = tuple(row for row in _products(rows) if row["workshop"] in names)
    if not 0 < len(made) <= MOST:
        return None
    question = f"Name every product of the workshops that stand in {town}."
    return Query(question, _named(made), (*there, *made))


def join_aggregation(random: Random, rows: Sequence[Row]) -> Query | None:
    """How many products there are of workshops founded before a year."""
    workshops = [row for row in rows if row.table == "workshops"]
    if not workshops:
        return None
    kind, found = _of_a_kind(random, rows)
    year = random.randint(1810, 1985)
    old = [row for row in workshops if int(row["founded"]) < year]
    names = {row["name"] for row in old}
    made = tuple(row for row in found if row["workshop"] in names)
    question = (
        f"How many products of the kind {kind} are there of workshops founded before {year}? "
        "Count those alone whose workshop's year is told."
    )
    return Query(question, (str(len(made)),), (*old, *made))


QUERIES: Mapping[str, Callable[[Random, Sequence[Row]], Query | None]] = {
    "comparison": comparison,
    "extreme": extreme,
    "ranking": ranking,
    "aggregation": aggregation,
    "join": join,
    "join_aggregation": join_aggregation,
}
JOINED = ("join", "join_aggregation")
