"""A needle in much hay, for the tests of attention."""

from crossover import catalog
from crossover.roles import Model
from crossover.types import Passage

FAKE = catalog.load(Model, "fake")


QUESTION = "Who built the bridge of Ostrel?"


NEEDLE = "Ada Varn built the bridge in 1902."


HAY = "The market opens on Mondays and sells cheese. Rain falls in autumn. "


TOWN = HAY * 15 + NEEDLE + " " + HAY * 9


def whole(text, name="d"):
    return Passage(name, 0, len(text), text)


def counted(passages):
    return sum(FAKE.count(passage.text) for passage in passages)
