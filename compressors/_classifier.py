"""How probable it is of each word piece of a text that it is worth keeping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossover import meter, precision
from crossover.compressors._words import Scored
from crossover.errors import MissingExtra
from crossover.models.reader import _windows
from crossover.retrievers._encoders import running

if TYPE_CHECKING:
    from crossover.compressors._packaged._weights import Classifier
    from crossover.models.reader._windows import Window

# word pieces that are read at once
BATCH = 4096


def load() -> Classifier:
    """Load the packaged classifier once; raises MissingExtra."""
    try:
        from crossover.compressors._packaged import _weights
    except ImportError as error:
        raise MissingExtra(str(error.name), "rag", "keep_words") from None
    return _weights.load()


def read(
    texts: Sequence[str], threads: int = 0, network: Classifier | None = None
) -> list[list[Scored]]:
    """Read texts in windows of whole sentences: every word piece with its probability, in order."""
    network = network or load()
    precision.set_threads(threads)
    room = _windows.LENGTH - 2
    windows = [
        (owner, window)
        for owner, text in enumerate(texts)
        for window in _windows.pack(_windows.cut(text), room)
    ]
    # of a sentence that stands in two windows, the reading with more before it is taken
    found: list[dict[tuple[int, int], float]] = [{} for _ in texts]
    with meter.turn(running):
        for first in range(0, len(windows), max(1, BATCH // _windows.LENGTH)):
            some = windows[first : first + max(1, BATCH // _windows.LENGTH)]
            for (owner, window), scores in zip(some, _judged(network, some), strict=True):
                places = [place for sentence in window for place in sentence.offsets]
                for place, score in zip(places, scores, strict=True):
                    found[owner].setdefault(place, score)
            meter.working("passages", first + len(some), len(windows))
    return [[Scored(*place, one[place]) for place in sorted(one)] for one in found]


def _judged(network: Classifier, windows: Sequence[tuple[int, Window]]) -> list[list[float]]:
    import torch

    rows = [
        [_windows.CLS, *(at for sentence in window for at in sentence.ids), _windows.SEP]
        for _, window in windows
    ]
    length = max(map(len, rows))
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = 1
    with torch.inference_mode():
        scores = network(ids.to(precision.device()), mask.to(precision.device())).tolist()
    return [found[1 : len(row) - 1] for found, row in zip(scores, rows, strict=True)]
