"""One pass over any number of passages: spans, sentences, passages and answerability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from crossover import meter, precision
from crossover.models.reader import _spans, _windows
from crossover.models.reader._spans import SPANS_ALONE, Span, Weighing
from crossover.models.reader._windows import Sentence, Window

BATCH_TOKENS = 2048
# windows that are sorted by length before they are read: more waste less, but hold more memory
AHEAD = 256
# the first of them are fewer: the others are cut while these are read
FIRST = 64
# spans kept of a question
KEPT = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the passages to be read for it, ``places`` their sentences where given."""

    question: str
    texts: Sequence[str]
    places: Sequence[Sequence[tuple[int, int]]] | None = None


@dataclass(slots=True)
class Reading:
    """What one question found in its passages; all scores are logits.

    ``sentences`` are (passage, start, end, relevance), ``windows`` are (passage, rerank,
    answerable); ``tokens`` are the word pieces of question and passages, each counted once.
    """

    spans: list[Span] = field(default_factory=list)
    sentences: list[tuple[int, int, int, float]] = field(default_factory=list)
    windows: list[tuple[int, float, float]] = field(default_factory=list)
    tokens: int = 0

    def trim(self) -> None:
        """Let all but the best spans go."""
        self.spans = sorted(self.spans, key=lambda span: -span.score)[:KEPT]


@dataclass(frozen=True, slots=True)
class Page:
    """A window on its way through the network."""

    asked: int
    passage: int
    question: Sequence[int]
    window: Window
    length: int


def read(
    network: Any, asked: Sequence[Asked], weighing: Weighing | None = SPANS_ALONE
) -> list[Reading]:
    """Read every question's passages; windows of different questions share batches.

    ``weighing`` says what else counts beside a span's own odds; with None there are no spans and
    windows do not overlap. Raises KeyboardInterrupt between two batches where the run is stopping.
    """
    readings = [Reading() for _ in asked]
    pages = _pages(asked, readings, _windows.OVERLAP if weighing else 0)
    done, total = 0, sum(len(text) for one in asked for text in one.texts)
    run = partial(_run, network, weighing is not None)
    with closing(precision.spread(run, _batches(pages))) as found:
        for batch, logits in found:
            _collect(logits, batch, readings, weighing)
            done += sum(page.window[-1].end - page.window[0].start for page in batch)
            meter.working("reading", min(done, total), total)
    for reading in readings:
        reading.trim()
        reading.sentences.sort()
    return readings


def _pages(asked: Sequence[Asked], readings: Sequence[Reading], overlap: int) -> Iterator[Page]:
    for number, one in enumerate(asked):
        question = _windows.question_ids(one.question)
        readings[number].tokens += len(question)
        for passage, text in enumerate(one.texts):
            places = one.places[passage] if one.places else None
            found = _counted(_windows.cut(text, places), readings[number])
            for window in _windows.pack(found, _windows.room(question), overlap):
                length = 3 + len(question) + sum(len(sentence.ids) for sentence in window)
                yield Page(number, passage, question, window, length)


def _batches(pages: Iterator[Page]) -> Iterator[list[Page]]:
    """Pages of about one length together."""
    ahead = FIRST
    while block := sorted(islice(pages, ahead), key=lambda page: -page.length):
        ahead = AHEAD
        while block:
            size = max(1, BATCH_TOKENS // block[0].length)
            yield block[:size]
            block = block[size:]


def _counted(found: Iterable[Sentence], reading: Reading) -> Iterator[Sentence]:
    for sentence in found:
        reading.tokens += len(sentence.ids)
        yield sentence


def _collect(
    logits: Any, batch: Sequence[Page], readings: Sequence[Reading], weighing: Weighing | None
) -> None:
    pooled = _pooled(logits.tokens[:, :, 2].cpu(), batch)
    if weighing:
        _collect_spans(logits, batch, readings, pooled, weighing)
    windows = logits.windows.tolist()
    for page, scores, (rerank, answerable) in zip(batch, pooled, windows, strict=True):
        reading = readings[page.asked]
        reading.windows.append((page.passage, rerank, answerable))
        for sentence, score in zip(page.window, scores, strict=True):
            reading.sentences.append((page.passage, sentence.start, sentence.end, score))


def _collect_spans(
    logits: Any,
    batch: Sequence[Page],
    readings: Sequence[Reading],
    pooled: Sequence[Sequence[float]],
    weighing: Weighing,
) -> None:
    places = [(2 + len(page.question), page.window) for page in batch]
    best = _spans.best(logits.spans.cpu(), places, pooled, weighing)
    for page, found, (_, answerable) in zip(batch, best, logits.windows.tolist(), strict=True):
        reading = readings[page.asked]
        reading.spans += [weighing.weighed(span, page.passage, answerable) for span in found]
        if len(reading.spans) > 50 * KEPT:
            reading.trim()


def _run(network: Any, spans: bool, batch: Sequence[Page]) -> tuple[Sequence[Page], Any]:
    import torch

    ids = torch.zeros(len(batch), batch[0].length, dtype=torch.long)
    kinds, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, page in enumerate(batch):
        passage = [piece for sentence in page.window for piece in sentence.ids]
        whole = [_windows.CLS, *page.question, _windows.SEP, *passage, _windows.SEP]
        ids[row, : len(whole)] = torch.tensor(whole)
        kinds[row, 2 + len(page.question) : len(whole)] = 1
        mask[row, : len(whole)] = 1
    device = network.words.weight.device
    with torch.inference_mode():
        return batch, network(ids.to(device), kinds.to(device), mask.to(device), spans)


def _pooled(logits: Any, batch: Sequence[Page]) -> list[list[float]]:
    """Mean relevance of the word pieces of every sentence of every window."""
    totals = logits.double().cumsum(1)
    found = []
    for row, page in enumerate(batch):
        at, scores = 1 + len(page.question), list[float]()
        sums = totals[row].tolist()
        for sentence in page.window:
            size = len(sentence.ids)
            scores.append((sums[at + size] - sums[at]) / max(size, 1))
            at += size
        found.append(scores)
    return found
