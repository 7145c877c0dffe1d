"""The likeliest answers of a window, and what makes one window's comparable with another's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from crossover.models.reader._windows import Window

# word pieces in an answer
LONGEST = 30
# spans kept of a window
KEPT = 3


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of a passage, with the log odds against "no answer".

    ``relevance`` is its sentence's logit and ``answerable`` its window's; ``score`` weighs all
    three and is comparable across windows.
    """

    start: int
    end: int
    odds: float
    relevance: float
    passage: int = 0
    answerable: float = 0.0
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighing:
    """How much a sentence's relevance and a window's answerability count beside a span's odds."""

    relevance: float = 0.0
    answerable: float = 0.0

    def weighed(self, span: Span, passage: int, answerable: float) -> Span:
        """Put a span into its passage and score it."""
        score = span.odds + self.relevance * span.relevance + self.answerable * answerable
        return replace(span, passage=passage, answerable=answerable, score=score)


SPANS_ALONE = Weighing()


def band(spans: Any) -> Any:
    """Log odds by length: of batch × first × last, batch × LONGEST × first."""
    import torch

    most = min(LONGEST, spans.shape[1])
    rows = [
        torch.nn.functional.pad(spans.diagonal(apart, 1, 2), (0, apart), value=-math.inf)
        for apart in range(most)
    ]
    return torch.stack(rows, 1)


def best(
    spans: Any,
    places: Sequence[tuple[int, Window]],
    relevance: Sequence[Sequence[float]],
    weighing: Weighing,
) -> list[list[Span]]:
    """Find the KEPT best spans of every window, of at most LONGEST pieces.

    ``spans`` are log odds, windows × first × last piece; ``places`` where each passage begins
    among its pieces, with its sentences; ``relevance`` a logit for each of these.
    """
    import torch

    length = spans.shape[1]
    leaning = torch.full((len(places), length), -math.inf)
    for row, ((at, window), scores) in enumerate(zip(places, relevance, strict=True)):
        for sentence, score in zip(window, scores, strict=True):
            leaning[row, at : at + len(sentence.ids)] = weighing.relevance * score
            at += len(sentence.ids)
    inside = torch.where(leaning.isinf(), leaning, 0.0)
    table = band(spans + leaning[:, :, None] + inside[:, None, :])
    values, found = table.flatten(1).topk(KEPT, 1)
    return [
        [
            _span(place % length - at, place // length, value, window, scores, weighing)
            for value, place in zip(row, spots, strict=True)
            if math.isfinite(value)
        ]
        for (at, window), scores, row, spots in zip(
            places, relevance, values.tolist(), found.tolist(), strict=True
        )
    ]


def _span(
    first: int,
    apart: int,
    value: float,
    window: Window,
    relevance: Sequence[float],
    weighing: Weighing,
) -> Span:
    offsets = [offset for sentence in window for offset in sentence.offsets]
    owners = [n for n, sentence in enumerate(window) for _ in sentence.ids]
    logit = relevance[owners[first]]
    start, end = offsets[first][0], offsets[first + apart][1]
    return Span(start, end, value - weighing.relevance * logit, logit)
