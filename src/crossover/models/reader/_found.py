"""What the reader found, as passages with places and calibrated probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from crossover import meter, precision
from crossover.models.reader import _reading, _weights, _windows
from crossover.models.reader._calibration import (
    Calibration,
    doubts,
    features,
    logistic,
    probability,
)
from crossover.models.reader._reading import Reading
from crossover.models.reader._spans import Span, Weighing
from crossover.types import Passage, Usage

running = Lock()


@dataclass(frozen=True, slots=True)
class Found:
    """What the passages hold for one question. All scores are probabilities but ``support``.

    ``spans`` are the likeliest answers, best first; ``sentences`` all sentences with their
    relevance, in the order they were read; ``passages`` the passages with the probability that
    each answers, in the order they came; ``answerable`` is the probability that any of them does;
    ``support`` the same as a logit, before calibration.
    """

    spans: tuple[Passage, ...]
    sentences: tuple[Passage, ...]
    passages: tuple[Passage, ...]
    answerable: float
    support: float
    tokens: int
    usage: Usage = Usage()

    @property
    def ranked(self) -> tuple[Passage, ...]:
        """The passages, best first."""
        return tuple(sorted(self.passages, key=lambda passage: -passage.score))

    def within(self, tokens: int, most: int | None = None) -> tuple[Passage, ...]:
        """The most relevant sentences, best first, of so many word pieces and sentences at most.

        The best one is kept whatever its length; one read twice counts once.
        """
        kept: dict[tuple[str, int, int], Passage] = {}
        for sentence in sorted(self.sentences, key=lambda one: -one.score):
            place = sentence.document, sentence.start, sentence.end
            size = len(_windows.question_ids(sentence.text, limit=None))
            if place in kept or (kept and size > tokens):
                continue
            kept[place] = sentence
            tokens -= size
            if tokens <= 0 or len(kept) == most:
                break
        return tuple(kept.values())

    def around(self, span: Passage) -> Passage:
        """The sentence that a span stands in."""
        holding = (
            one
            for one in self.sentences
            if one.document == span.document and one.start <= span.start < one.end
        )
        return next(holding, span)


def read(
    asked: Sequence[tuple[str, Sequence[Passage]]], threads: int, spans: bool = True
) -> list[Found]:
    """Read passages for every question with the shipped network.

    Without ``spans`` each sentence is read once, and answerability is the surest passage's.
    """
    import torch

    network, calibration = _weights.load()
    precision.set_threads(threads)
    texts = [_reading.Asked(question, [p.text for p in passages]) for question, passages in asked]
    weighing = Weighing(*calibration.weighing) if spans else None
    with meter.turn(running), torch.inference_mode():
        readings = _reading.read(network, texts, weighing)
    return [
        found(reading, passages, calibration, spans)
        for reading, (_, passages) in zip(readings, asked, strict=True)
    ]


def found(
    reading: Reading, passages: Sequence[Passage], calibration: Calibration, spanned: bool = True
) -> Found:
    """What a reading of these passages says, with places and probabilities."""
    if not reading.windows:
        return Found((), (), tuple(passages), 0.0, -math.inf, reading.tokens)
    support = (
        logistic(calibration.answerable, features(reading))
        if spanned
        else max(answerable for _, _, answerable in reading.windows)
    )
    sure = logistic(calibration.span, doubts(reading, support)) if reading.spans else -math.inf
    spans = tuple(
        passages[span.passage].cut(span.start, span.end, _share(span, reading, sure))
        for span in reading.spans
    )
    sentences = tuple(
        passages[n].cut(start, end, probability(logistic(calibration.relevance, [score])))
        for n, start, end, score in reading.sentences
    )
    scores = [-math.inf] * len(passages)
    for number, _, answerable in reading.windows:
        scores[number] = max(scores[number], answerable)
    scored = tuple(
        replace(p, score=probability(score)) for p, score in zip(passages, scores, strict=True)
    )
    return Found(spans, sentences, scored, probability(support), support, reading.tokens)


def _share(span: Span, reading: Reading, sure: float) -> float:
    """The calibrated probability of the first span; of another, less by its odds against it."""
    return probability(sure) * math.exp(span.score - reading.spans[0].score)
