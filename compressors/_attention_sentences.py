"""InfiniRetri's sliding window: which sentences a model's last layer attends to from a question."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crossover import meter
from crossover.compressors._attention import Attention, attention_from, numbers
from crossover.compressors._attention_tokens import BETWEEN, Place, spread
from crossover.sentences import sentences
from crossover.types import Passage

if TYPE_CHECKING:
    from crossover.compressors._attention import Scores


@dataclass(slots=True, eq=False)
class Sentence:
    """A sentence's place in the passages, its tokens, and what it scored when it was last read."""

    place: Place
    ids: list[int]
    score: float = 0.0


@dataclass(slots=True)
class Sliding:
    """The passes over one context; ``weights`` of the question's tokens are the first window's."""

    attention: Attention
    question: str
    window: int
    top: int
    phrase: int
    weights: Scores | None = field(default=None, init=False)

    def ranked(self, passages: Sequence[Passage]) -> list[Sentence]:
        """All sentences: those kept to the end first, then those dropped later, best first."""
        before, between, asked = self.attention.framed(self.question)
        room = self.attention.room(before, between, asked)
        # half of the room at least is for what was kept
        window = min(self.window, -(-room // 2))
        every = list(self._sentences(passages, window))
        kept, done = list[Sentence](), 0
        for new in _windows(every, window):
            meter.working("sentences attended to", done, len(every))
            context = [*_best(kept, room - sum(len(one.ids) for one in new)), *new]
            scores = self._scores(before, [*_ids(context)], between, asked)
            kept = self._attended(context, scores)
            done += len(new)
        chosen = {id(one) for one in kept}
        return sorted(every, key=lambda one: (id(one) not in chosen, -one.score))

    def _attended(self, context: Sequence[Sentence], scores: Scores) -> list[Sentence]:
        """Score sentences by their best token; return those that hold one of the top tokens."""
        top = {*(-scores).argsort(kind="stable")[: self.top].tolist()}
        kept, end = list[Sentence](), 0
        for one in context:
            start, end = end, end + len(one.ids)
            one.score = float(scores[start:end].max())
            if not top.isdisjoint(range(start, end)):
                kept.append(one)
        return kept

    def _scores(
        self, before: list[int], context: list[int], between: list[int], asked: list[int]
    ) -> Scores:
        """Attention from the question to each token of the context, as the paper's code sums it."""
        first = len(before) + len(context) + len(between)
        ids = [*before, *context, *between, *asked]
        rows = numbers(self.attention.look(ids, self.attention.layers - 1, attention_from(first)))
        if self.weights is None:
            self.weights = rows[:, first:].sum(1)
        # both weightings are in the published code
        columns = self.weights**2 @ rows[:, len(before) : len(before) + len(context)]
        return phrase_sums(columns, self.phrase)

    def _sentences(self, passages: Sequence[Passage], longest: int) -> Iterator[Sentence]:
        for at, passage in enumerate(passages):
            lead = BETWEEN if at else ""
            ids, found = self.attention.encode(lead + passage.text)
            ends = [end - len(lead) for _, end in found]
            last = 0
            for start, end in sentences(passage.text):
                first, last = last, bisect_right(ends, end)
                yield from _parts((at, start, end), ids[first:last], ends[first:last], longest)


def _parts(place: Place, ids: list[int], ends: list[int], longest: int) -> Iterator[Sentence]:
    """A sentence, in parts where it has more than ``longest`` tokens."""
    at, begin, final = place
    for start, end in spread(len(ids), longest) if ids else ():
        until = final if end == len(ids) else ends[end - 1]
        if until > begin:
            yield Sentence((at, begin, until), ids[start:end])
            begin = until


def phrase_sums(values: Scores, width: int) -> Scores:
    """Each value with its neighbours, ``width`` in all, one more before than after if even."""
    import numpy as np

    sums = np.concatenate(([0.0], np.cumsum(values)))
    places = np.arange(len(values))
    starts = np.clip(places - width // 2, 0, None)
    ends = np.clip(places + (width + 1) // 2, None, len(values))
    found: Scores = sums[ends] - sums[starts]
    return found


def _windows(every: Sequence[Sentence], size: int) -> Iterator[list[Sentence]]:
    """Whole sentences in order, as many as fit a window."""
    window, used = list[Sentence](), 0
    for one in every:
        if window and used + len(one.ids) > size:
            yield window
            window, used = [], 0
        window.append(one)
        used += len(one.ids)
    if window:
        yield window


def _best(kept: Sequence[Sentence], room: int) -> list[Sentence]:
    """The best of the sentences kept that fit the model's window beside what is new."""
    chosen = set[int]()
    for one in sorted(kept, key=lambda one: -one.score):
        if len(one.ids) <= room:
            room -= len(one.ids)
            chosen.add(id(one))
    return [one for one in kept if id(one) in chosen]


def _ids(context: Sequence[Sentence]) -> Iterator[int]:
    return (token for one in context for token in one.ids)
