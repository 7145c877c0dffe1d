"""How closely an answer says in other words what a gold says, by the packaged MiniLM."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from crossover import meter
from crossover.errors import MissingExtra
from crossover.metrics._wording import beginning
from crossover.normalise import STOP_WORDS, stem

Matrix = Any
# texts that go through the network together
BATCH = 32
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The state of every word piece of a text as a unit vector, and where it stands."""

    text: str
    states: Matrix
    places: Sequence[tuple[int, int]]


def meanings(asked: Sequence[tuple[str, str, str]]) -> list[float]:
    """Tell for questions, golds and answers how much of each gold's content the answer has.

    The mean over the gold's content words beyond the question of the cosine to the answer's
    closest word, both in their context (BERTScore's recall, without its weights).
    """
    golds = {gold: _gold(gold) for _, gold, _ in asked}
    answers = _read([beginning(answer) for *_, answer in asked])
    return [
        _recall(golds[gold], answer, question)
        for (question, gold, _), answer in zip(asked, answers, strict=True)
    ]


def _recall(gold: Pieces, answer: Pieces, question: str) -> float:
    import numpy as np

    if not len(gold.places) or not len(answer.places):
        return 0.0
    closest = (gold.states @ answer.states.T).max(1)
    return float(np.average(closest, weights=_weights(gold, question)))


def _weights(gold: Pieces, question: str) -> Matrix:
    """One for each content word that the question does not have, shared by its pieces."""
    import numpy as np

    asked = {stem(word) for word in WORD.findall(question.lower())}
    content = [m for m in WORD.finditer(gold.text) if m[0].lower() not in STOP_WORDS]
    beyond = [m for m in content if stem(m[0].lower()) not in asked]
    weights = np.zeros(len(gold.places))
    for word in beyond or content:
        inside = [
            at for at, (a, b) in enumerate(gold.places) if a < word.end() and b > word.start()
        ]
        weights[inside] = 1 / max(1, len(inside))
    return weights if weights.any() else np.ones(len(gold.places))


@lru_cache(maxsize=2048)
def _gold(text: str) -> Pieces:
    return _read([text])[0]


def _read(texts: Sequence[str]) -> list[Pieces]:
    import numpy as np

    from crossover.retrievers import _encoders

    with meter.wait():
        encoder = _loaded()
    with meter.turn(_encoders.running):
        found = encoder.states(texts, BATCH)
    return [
        Pieces(text, states / np.maximum(np.linalg.norm(states, axis=1)[:, None], 1e-9), places)
        for text, (states, places) in zip(texts, found, strict=True)
    ]


def _loaded() -> Any:
    from crossover.retrievers import _encoders

    for package in ("torch", "tokenizers", "safetensors"):
        if find_spec(package) is None:
            raise MissingExtra(package, "rag", "the metric correctness")
    return _encoders.load(_encoders.PACKAGED)
