"""Turn logits into probabilities, on held-out documents of datasets that are not reported."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.torch import save_file

from crossover.experiments.reader import scores
from crossover.experiments.reader.items import Item
from crossover.models.reader import _calibration
from crossover.models.reader._calibration import Calibration
from crossover.models.reader._reading import Asked, Reading
from crossover.models.reader._spans import Weighing

WEIGHINGS = tuple(
    Weighing(relevance, answerable)
    for relevance in (0.0, 0.25, 0.5, 1.0)
    for answerable in (0.0, 0.25, 0.5, 1.0)
)
# how many strange texts stand beside the right one: from one passage to a long document
CROWDS = (0, 1, 4, 12)
# questions that it is fitted on
CASES = 600


def calibrate(network: Any, items: Sequence[Item], seed: int = 0) -> Calibration:
    """Fit the weighing and the logistic regressions on items with spans and on sentence labels."""
    random = Random(seed)
    spanned = [item for item in items if item.spans]
    spanned = random.sample(spanned, min(CASES, len(spanned)))
    right, wrong = _cases(spanned, random)
    golds = [item.answers for item in spanned]
    found, missed = scores.run(network, right), scores.run(network, wrong)
    weighing = max(WEIGHINGS, key=lambda one: statistics.mean(_f1s(found, right, golds, one)))
    f1s = _f1s(found, right, golds, weighing)
    for reading in missed:
        _reweigh(reading, weighing)
    answerable = _logistic(
        [_calibration.features(one) for one in (*found, *missed)],
        [1] * len(found) + [0] * len(missed),
    )
    supports = [_calibration.logistic(answerable, _calibration.features(one)) for one in found]
    span = _logistic(
        [_calibration.doubts(one, support) for one, support in zip(found, supports, strict=True)],
        [int(value >= 0.5) for value in f1s],
    )
    return Calibration(
        (weighing.relevance, weighing.answerable), answerable, span, _relevance(network, items)
    )


def save(network: Any, calibration: Calibration, path: Path) -> None:
    """Write the weights in half precision, with the calibration as readable metadata."""
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, path, {"calibration": json.dumps(asdict(calibration))})


def _cases(items: Sequence[Item], random: Random) -> tuple[list[Asked], list[Asked]]:
    """Every question with its text among strangers, and with strangers alone."""
    pool = list(dict.fromkeys(item.text for item in items))
    right, wrong = [], []
    for number, item in enumerate(items):
        crowd = CROWDS[number % len(CROWDS)]
        strangers = [
            text
            for text in random.sample(pool, min(2 * crowd + 3, len(pool)))
            if text[:80] != item.text[:80]
            and not any(answer.lower() in text.lower() for answer in item.answers)
        ]
        right.append(Asked(item.question, [item.text, *strangers[:crowd]]))
        wrong.append(Asked(item.question, strangers[-crowd - 1 :] or ["Nothing."]))
    return right, wrong


def _reweigh(reading: Reading, weighing: Weighing) -> None:
    reading.spans = [weighing.weighed(s, s.passage, s.answerable) for s in reading.spans]
    reading.trim()


def _f1s(
    found: Sequence[Reading],
    asked: Sequence[Asked],
    golds: Sequence[Sequence[str]],
    weighing: Weighing,
) -> list[float]:
    for reading in found:
        _reweigh(reading, weighing)
    return [
        scores.f1(scores.best(reading, one.texts), gold)
        for reading, one, gold in zip(found, asked, golds, strict=True)
    ]


def _relevance(network: Any, items: Sequence[Item]) -> tuple[float, ...]:
    given = [[item.sentences] if item.sentences else None for item in items]
    asked = [Asked(i.question, [i.text], p) for i, p in zip(items, given, strict=True)]
    values, labels = list[list[float]](), list[int]()
    for item, reading in zip(items, scores.run(network, asked), strict=True):
        places = [item.sentences[at] for at in item.relevant] or item.spans
        for _, start, end, score in reading.sentences:
            values.append([score])
            labels.append(int(any(first < end and start < last for first, last in places)))
    return _logistic(values, labels)


def _logistic(values: Sequence[Sequence[float]], labels: Sequence[int]) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=10.0).fit(np.array(values), np.array(labels))
    return (*map(float, fitted.coef_[0]), float(fitted.intercept_[0]))
