"""What a set of passages is worth: how well the model's answer follows from them alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from crossover import meter
from crossover.errors import LimitReached
from crossover.faithfulness import _local
from crossover.models.huggingface import HuggingFace
from crossover.models.reader import Reader, _found, _reading, _weights
from crossover.models.reader._found import Found
from crossover.models.reader._reading import Asked, Reading
from crossover.models.reader._spans import Weighing
from crossover.normalise import plain_tokens
from crossover.pipelines._answering import FROM_PASSAGES, final_request
from crossover.roles import Model
from crossover.types import Passage, Question, Step, Usage
from crossover.wrapped import Wrapped

Subset = tuple[int, ...]
# the longest answer asked for anew, in tokens
LONGEST = 256
# how much a passage's answerability counts beside the answer that is found in it
HINT = 1e-6


class Worth(Protocol):
    """Says what sets of passages, given by their numbers in order, are worth."""

    def of(self, subsets: Sequence[Subset]) -> list[float]:
        """What each is worth: higher where the answer follows better."""


@dataclass(slots=True)
class Values:
    """Values asked for once each, ``most`` of them at most; raises LimitReached beyond that."""

    worth: Worth
    most: int | None = None
    known: dict[Subset, float] = field(default_factory=dict)

    def of(self, subsets: Iterable[Iterable[int]]) -> list[float]:
        """What each set of passages is worth, whatever the order that it is given in."""
        wanted = [tuple(sorted(subset)) for subset in subsets]
        new = [subset for subset in dict.fromkeys(wanted) if subset not in self.known]
        needed = len(self.known) + len(new)
        if self.most is not None and needed > self.most:
            message = f"{len(self.known)} values asked for, {needed} needed, at most {self.most}"
            raise LimitReached("calls", message)
        if new:
            meter.working("values of passages", len(self.known), self.most or needed)
            self.known.update(zip(new, self.worth.of(new), strict=True))
        return [self.known[subset] for subset in wanted]


def bare(model: Model) -> Model:
    """The model behind those that stand before it."""
    while isinstance(model, Wrapped):
        model = model.model
    return model


def worth(answer: str, question: Question, passages: Sequence[Passage], model: Model) -> Worth:
    """How this model's values come about.

    Local models give log p(answer | passages) in nats. The packaged reader gives the similarity
    that its answer would have on average over its spans; any other model is asked anew, and the
    similarity of what it replies counts.
    """
    behind = bare(model)
    if isinstance(behind, HuggingFace):
        return LogProbability(answer, question, passages, behind)
    if isinstance(behind, Reader) and behind.reply == "span" and question.form == "answer":
        return ReaderSpans(answer, question, passages, behind)
    return Similarity(answer, question, passages, model)


def similarity(one: str, other: str) -> float:
    """F1 of two answers' tokens, repeated ones counted; 1 where they are equal, 0 if nothing is."""
    left, right = Counter(plain_tokens(one)), Counter(plain_tokens(other))
    return 2 * (left & right).total() / max(left.total() + right.total(), 1)


@dataclass(frozen=True, slots=True)
class Similarity:
    """The answer that the model gives from a set of passages, held against the original one."""

    answer: str
    question: Question
    passages: Sequence[Passage]
    model: Model

    def of(self, subsets: Sequence[Subset]) -> list[float]:
        """Ask for all, side by side; raises what the model raises."""
        instruction = FROM_PASSAGES[self.question.form]
        requests = [
            final_request(self.question, instruction, LONGEST, [self.passages[n] for n in subset])
            for subset in subsets
        ]
        replies = self.model.complete_many(requests)
        return [0.0 if r.declined else similarity(r.text, self.answer) for r in replies]


@dataclass(frozen=True, slots=True)
class LogProbability:
    """The log probability of the answer after a prompt with a set of passages, in nats."""

    answer: str
    question: Question
    passages: Sequence[Passage]
    model: HuggingFace

    def of(self, subsets: Sequence[Subset]) -> list[float]:
        """One forward pass each; raises WindowError where one does not fit."""
        return [
            _local.log_probability(
                _local.prompted(
                    self.model, self.question, [self.passages[n] for n in subset], self.answer
                )
            )
            for subset in subsets
        ]


@dataclass(slots=True)
class ReaderSpans:
    """The similarity of the reader's spans to the answer, weighed by their probabilities.

    The reader reads passages apart and weighs what it found in all of them, so that one reading of
    each passage tells what it would find in any set of them.
    """

    answer: str
    question: Question
    passages: Sequence[Passage]
    reader: Reader
    readings: list[Reading] = field(init=False)

    def __post_init__(self) -> None:
        with meter.wait():
            network, calibration = _weights.load()
        asked = [Asked(self.question.text, [passage.text]) for passage in self.passages]
        with meter.turn(_found.running):
            clock = meter.Meter()
            self.readings = _reading.read(network, asked, Weighing(*calibration.weighing))
        tokens = sum(reading.tokens for reading in self.readings)
        usage = Usage(tokens, 0, calls=1, compute_seconds=clock.elapsed())
        step = Step("passages read", clock.elapsed(), f"{tokens:,} tokens, each passage once")
        meter.current().charge(usage, step)

    def of(self, subsets: Sequence[Subset]) -> list[float]:
        """What the reader would find in each."""
        return [self._expected(self.found(subset)) for subset in subsets]

    def by_passage(self, subset: Subset) -> list[float]:
        """How much of that similarity comes from each; a hint of its answerability parts equals."""
        reading, found = self._reading(subset), self.found(subset)
        scores = [HINT * passage.score for passage in found.passages]
        for place, span in zip(reading.spans, found.spans, strict=True):
            scores[place.passage] += span.score * similarity(span.text, self.answer)
        return scores

    def found(self, subset: Subset) -> Found:
        """What the reader finds in a set of passages."""
        _, calibration = _weights.load()
        return _found.found(
            self._reading(subset), [self.passages[number] for number in subset], calibration
        )

    def _reading(self, subset: Subset) -> Reading:
        """A reading of a set of passages, put together from that of each."""
        whole = Reading()
        for at, number in enumerate(subset):
            one = self.readings[number]
            whole.spans += [replace(span, passage=at) for span in one.spans]
            whole.sentences += [(at, start, end, score) for _, start, end, score in one.sentences]
            whole.windows += [(at, rank, answerable) for _, rank, answerable in one.windows]
        whole.trim()
        return whole

    def _expected(self, found: Found) -> float:
        if found.answerable < self.reader.decline_below:
            return 0.0
        mean = sum(span.score * similarity(span.text, self.answer) for span in found.spans)
        return min(mean, 1.0)
