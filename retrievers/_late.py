"""Late chunking: a passage's vector from the states of its tokens within the whole document."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from crossover import meter, precision
from crossover.retrievers._embedding import Computed, unit
from crossover.retrievers._encoders import Encoder, Offsets, window_of

Span = tuple[int, int]
# windows whose states are held at once
WINDOWS = 64


class Part(NamedTuple):
    """What one window is to say of a passage: characters ``start`` to ``end``."""

    passage: int
    start: int
    end: int


def late(encoder: Encoder, text: str, spans: Sequence[Span], prefix: str, batch: int) -> Computed:
    """Encode a whole text and average the states of each span's tokens.

    Günther et al. 2024 (arXiv 2409.04701), with windows that overlap by half where the text is
    longer than one: a span is read in the window that shows most on both of its sides, a long one
    in several.
    """
    with precision.inference():
        clock = meter.Meter()
        places = encoder.offsets([text])[0]
        room = max(2, window_of(encoder.room - len(encoder.offsets([prefix])[0])))
        windows = _overlapping(places, len(text), room)
        parts = _parts(places, windows, spans, room // 2)
        pooled = _Pooled(len(spans))
        for first in range(0, len(windows), WINDOWS):
            some = windows[first : first + WINDOWS]
            states = encoder.states([prefix + text[start:end] for start, end in some], batch)
            for at, (rows, offsets) in enumerate(states, first):
                pooled.add(rows, offsets, windows[at][0] - len(prefix), parts[at])
            meter.working("embedding", min(first + WINDOWS, len(windows)), len(windows))
        vectors, seconds = unit(encoder.finish(pooled.mean())), clock.elapsed()
    return Computed(vectors, [_tokens(places, span) for span in spans], seconds)


class _Pooled:
    """Sums of states, passage by passage."""

    def __init__(self, passages: int) -> None:
        import numpy as np

        self.sums: Any = None
        self.counts = np.zeros((passages, 1))

    def add(self, rows: Any, offsets: Offsets, shift: int, parts: Sequence[Part]) -> None:
        """Add the states of one window whose first character stands at ``shift``."""
        import numpy as np

        middles = shift + np.array([(start + end) / 2 for start, end in offsets])
        if self.sums is None:
            self.sums = np.zeros((len(self.counts), rows.shape[1]))
        for part in parts:
            inside = (middles >= part.start) & (middles < part.end)
            # a span of mere white space has no token: what stands around it must do
            chosen = rows[inside] if inside.any() else rows
            self.sums[part.passage] += chosen.sum(0)
            self.counts[part.passage] += len(chosen)

    def mean(self) -> Any:
        """The mean state of every passage."""
        import numpy as np

        return (self.sums / np.maximum(self.counts, 1)).astype("float32")


def _overlapping(places: Offsets, length: int, room: int) -> list[Span]:
    """Cut a text into windows of ``room`` tokens, each beginning in the middle of the last."""
    if len(places) <= room:
        return [(0, length)]
    starts = [*range(0, len(places) - room, max(1, room // 2)), len(places) - room]
    return [(places[start][0], places[start + room - 1][1]) for start in starts]


def _parts(
    places: Offsets, windows: Sequence[Span], spans: Sequence[Span], most: int
) -> list[list[Part]]:
    """For every window, the passages (or parts of at most ``most`` tokens) that are read in it."""
    starts, found = [start for start, _ in places], list[list[Part]]([] for _ in windows)
    for number, (start, end) in enumerate(spans):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        cuts = [start, *starts[first + most : last : most], end]
        for head, tail in pairwise(cuts):
            found[_widest(windows, head, tail)].append(Part(number, head, tail))
    return found


def _widest(windows: Sequence[Span], start: int, end: int) -> int:
    """Return the window that shows most on the poorer side of what stands there."""

    def around(at: int) -> tuple[int, int]:
        before, after = start - windows[at][0], windows[at][1] - end
        return min(before, after), before + after

    last = bisect_right(windows, start, key=lambda window: window[0])
    return max(range(max(0, last - 3), max(1, last)), key=around)


def _tokens(places: Offsets, span: Span) -> int:
    first, last = (bisect_left(places, at, key=lambda place: place[0]) for at in span)
    return last - first
