"""Texts of the small models' words, for the tests of token pruning."""

import random

from small_models import WORDS

from crossover import catalog
from crossover.roles import Model
from crossover.types import Passage

FAKE = catalog.load(Model, "fake")


QUESTION = "Who built the bridge of Ostrel?"


def prose(sentences, seed=0):
    """Sentences of the small models' words, none like another."""
    chance = random.Random(seed)
    lines = [" ".join(chance.choices(WORDS, k=chance.randint(6, 14))) for _ in range(sentences)]
    return " ".join(line[0].upper() + line[1:] + "." for line in lines)


def whole(text, name="d"):
    return Passage(name, 0, len(text), text)


def counted(passages, model=FAKE):
    return sum(model.count(passage.text) for passage in passages)


LONG = prose(240)


DOCUMENTS = [whole(prose(14, seed), f"d{seed}") for seed in range(8)]
