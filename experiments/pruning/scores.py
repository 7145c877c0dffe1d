"""What the trained models reach on texts that they were not trained on."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from crossover import tokens
from crossover.compressors import _classifier
from crossover.compressors._words import Scored, mean_scores, words
from crossover.experiments.pruning.labels import labels, worth
from crossover.experiments.pruning.texts import Asked
from crossover.experiments.reader.items import Item, Place

if TYPE_CHECKING:
    from crossover.compressors._causal import Causal
    from crossover.compressors._packaged._weights import Classifier

RATES = (0.5, 0.25)
TELLING = re.compile(r"[A-Z0-9]")
Scoring = Callable[[Sequence[Asked]], list[list[float]]]
"""A score for every word of every text; the higher, the rather it is kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """How well a way of choosing words does.

    ``precision`` is the average precision against the labels; ``survive`` the share of questions
    of which an answer stands verbatim in the text that is left, by the rate of tokens kept.
    """

    method: str
    precision: float
    survive: Mapping[float, float]


def perplexity(causal: Causal, held: Sequence[Asked]) -> tuple[float, float]:
    """Perplexity per token and per word (what white space sets apart), texts read by themselves."""
    nats = [[token.score for token in one] for one in causal.read([asked.text for asked in held])]
    total, counted = sum(map(sum, nats)), sum(map(len, nats))
    spoken = sum(len(asked.text.split()) for asked in held)
    return math.exp(total / counted), math.exp(total / spoken)


def table(
    causal: Causal, classifier: Classifier, held: Sequence[Asked], seed: int
) -> Iterator[Row]:
    """Yield a row for each way of choosing words: by chance, by rule, by surprise, as learned."""
    ways: dict[str, Scoring] = {
        "random": lambda some: _by_chance(some, Random(seed)),
        "capitals and digits": lambda some: _by_look(some, Random(seed)),
        "self-information": lambda some: _by_tokens(some, causal.read([a.text for a in some])),
        "classifier": lambda some: _by_tokens(
            some, _classifier.read([a.text for a in some], network=classifier)
        ),
    }
    for name, way in ways.items():
        yield row(name, held, way(held))


def row(method: str, held: Sequence[Asked], scores: Sequence[Sequence[float]]) -> Row:
    """Judge scores of the words of these texts."""
    from sklearn.metrics import average_precision_score

    right = [mark for asked in held for mark in labels(words(asked.text), worth(asked))]
    flat = [score for one in scores for score in one]
    survive = {rate: _surviving(held, scores, rate) for rate in RATES}
    return Row(method, float(average_precision_score(right, flat)), survive)


def _by_chance(held: Sequence[Asked], random: Random) -> list[list[float]]:
    return [[random.random() for _ in words(asked.text)] for asked in held]


def _by_look(held: Sequence[Asked], random: Random) -> list[list[float]]:
    """Words with a capital letter or a digit first, in random order, then the others."""
    return [
        [bool(TELLING.search(asked.text[a:b])) + random.random() for a, b in words(asked.text)]
        for asked in held
    ]


def _by_tokens(held: Sequence[Asked], found: Sequence[Sequence[Scored]]) -> list[list[float]]:
    return [
        mean_scores(words(asked.text), scored) for asked, scored in zip(held, found, strict=True)
    ]


def _surviving(held: Sequence[Asked], scores: Sequence[Sequence[float]], rate: float) -> float:
    kept = total = 0
    for asked, own in zip(held, scores, strict=True):
        places = words(asked.text)
        chosen = _chosen(asked.text, places, own, rate)
        answered = [item for item in asked.items if item.spans]
        total += len(answered)
        kept += sum(_survives(item, places, chosen) for item in answered)
    return kept / max(total, 1)


def _chosen(text: str, places: Sequence[Place], scores: Sequence[float], rate: float) -> set[int]:
    """Which words are kept: best first, while ``rate`` of the text's tokens has room for them."""
    sizes = [tokens.count_tokens(text[start:end]) for start, end in places]
    room: Any = rate * sum(sizes)
    chosen = set()
    for at in sorted(range(len(places)), key=lambda at: (-scores[at], at)):
        if sizes[at] <= room:
            chosen.add(at)
            room -= sizes[at]
    return chosen


def _survives(item: Item, places: Sequence[Place], chosen: set[int]) -> bool:
    """Whether at one place all words of the answer are kept."""
    return any(
        all(at in chosen for at, (a, b) in enumerate(places) if a < end and b > start)
        for start, end in item.spans
    )
