"""Answers whose passages are known, for attribution."""

from crossover import catalog
from crossover.roles import Model
from crossover.types import Passage

READER = catalog.load(Model, "reader")
GROUNDED = catalog.load(Model, "fake(replies=['built => Ada Varn'], grounded=true)")
ASKED = "Who built the bridge of Ostrel?"


def passage(text, name="d"):
    return Passage(name, 0, len(text), text)


def among(count, gold, at):
    filler = [
        passage(f"Market {n} opens on Mondays and sells cheese.", f"f{n}") for n in range(count)
    ]
    return (*filler[:at], passage(gold, "gold"), *filler[at:])


BRIDGE = "The bridge of Ostrel was built by Ada Varn in 1902."
