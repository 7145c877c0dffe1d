"""LongCodeZip's own measure: how much code lowers a language model's surprise at the question."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate

from crossover import meter
from crossover.compressors import _causal
from crossover.compressors._code_structure import Chunk, blocks
from crossover.compressors._words import Scored
from crossover.types import Step, Usage

# characters that a token has at least, mostly: how much of a text is shown before the question
CHARACTERS = 2
# a line's perplexity must exceed a neighbour's by the mean and this many standard deviations
SPIKE = 0.2


def gains(query: str, texts: Sequence[str], name: str, threads: int) -> list[float]:
    """For each text, perplexity of the question without it less that after it: more is better.

    Of a text longer than the model's window, the part that tells most counts.
    """
    room = max(1, (_causal.load(name).room // 2) * CHARACTERS)
    query = query[:room]
    shown = [(at, part) for at, text in enumerate(texts) for part in _parts(text, room)]
    asked = ["", *(part + "\n" for _, part in shown)]
    found = _read([before + query for before in asked], name, threads, "perplexity of the question")
    after = [
        _perplexity([token.score for token in tokens if token.start >= len(before)])
        for before, tokens in zip(asked, found, strict=True)
    ]
    best = [-math.inf] * len(texts)
    for (at, _), perplexity in zip(shown, after[1:], strict=True):
        best[at] = max(best[at], after[0] - perplexity)
    return [gain if gain > -math.inf else 0.0 for gain in best]


def by_spikes(chunk: Chunk, lines: Sequence[str], name: str, threads: int) -> list[tuple[int, int]]:
    """Blocks of lines that end where a line's perplexity spikes; by layout in short chunks."""
    own = lines[chunk.first : chunk.last]
    starts = [0, *accumulate(len(line) + 1 for line in own)]
    (tokens,) = _read(["\n".join(own)], name, threads, "perplexity of lines")
    nats = [list[float]() for _ in own]
    at = 0
    for token in tokens:
        while at + 1 < len(own) and token.start >= starts[at + 1]:
            at += 1
        nats[at].append(token.score)
    surprise = [math.log2(_perplexity(one)) if one else 0.0 for one in nats]
    cuts = [chunk.first + at + 1 for at in _spikes(surprise)]
    if not cuts:
        return blocks(chunk, lines)
    return list(zip([chunk.first, *cuts], [*cuts, chunk.last], strict=True))


def _spikes(values: Sequence[float]) -> list[int]:
    """Where a value exceeds a neighbour by more than the threshold, and neither exceeds it."""
    known = [value for value in values if value > 0]
    mean = sum(known) / len(known) if known else 0.0
    spread = math.sqrt(sum((v - mean) ** 2 for v in known) / len(known)) if known else 0.0
    threshold = mean + SPIKE * spread if len(known) > 2 else 0.5
    return [
        at
        for at in range(1, len(values) - 1)
        for rise, fall in [(values[at] - values[at - 1], values[at] - values[at + 1])]
        if min(rise, fall) >= 0 and max(rise, fall) >= threshold
    ]


def _read(texts: Sequence[str], name: str, threads: int, what: str) -> list[list[Scored]]:
    with meter.wait():
        _causal.load(name)
    clock = meter.Meter()
    found = _causal.read(name, texts, threads)
    seconds = clock.elapsed()
    usage = Usage(sum(map(len, found)), 0, calls=1, compute_seconds=seconds)
    meter.current().charge(usage, Step(what, seconds, f"{len(texts)} texts by {name}"))
    return found


def _parts(text: str, room: int) -> Iterator[str]:
    for start in range(0, len(text), room):
        yield text[start : start + room]


def _perplexity(nats: Sequence[float]) -> float:
    return math.exp(min(sum(nats) / len(nats), 500.0)) if nats else 1.0
