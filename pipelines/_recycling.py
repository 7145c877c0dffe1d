"""Demonstrations written from a text's own paragraphs, once per text and billed to all answers."""

from __future__ import annotations

import random
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from crossover import meter
from crossover.compressors._writing import replies
from crossover.errors import UnreadableReply
from crossover.replies import read_as
from crossover.roles import Model
from crossover.types import Completion, Passage, Request, Step, Usage

Pairs: TypeAlias = "tuple[Pair | None, ...]"
# sets of demonstrations that are kept for the next question on their text
KEPT = 1000


class Pair(BaseModel):
    """A question with its answer, as a model writes them."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A question with its answer and the number of the paragraph that holds it."""

    question: str
    answer: str
    number: int


@dataclass(frozen=True, slots=True)
class _Work:
    """Pairs for the drawn paragraphs, None where none was written, and what that took."""

    written: Pairs
    usage: Usage
    seconds: float | None
    saved: float


_lock = Lock()
_locks: defaultdict[tuple[object, ...], Lock] = defaultdict(Lock)
_works: OrderedDict[tuple[object, ...], _Work] = OrderedDict()


def drawn(paragraphs: Sequence[Passage], k: int, seed: int) -> list[int]:
    """The places of ``k`` paragraphs drawn by chance, the same ones for the same text."""
    return random.Random(seed).sample(range(len(paragraphs)), min(k, len(paragraphs)))


def demonstrations(
    paragraphs: Sequence[Passage], asked: Request, k: int, seed: int, model: Model, other: bool
) -> list[Demonstration]:
    """Have a question and its answer written for each drawn paragraph, side by side.

    They depend on the text and the seed alone: one writing serves all questions, and every answer
    is billed the whole. Raises UnreadableReply where no reply holds any.
    """
    places = drawn(paragraphs, k, seed)
    if not places:
        return []
    requests = [_about(asked, paragraphs[at]) for at in places]
    write = _written if meter.current().planning else _shared
    written = write(requests, model, other)
    pairs = zip(places, written, strict=True)
    return [Demonstration(one.question, one.answer, at + 1) for at, one in pairs if one]


def _about(asked: Request, paragraph: Passage) -> Request:
    return Request(
        asked.instruction, passages=(paragraph,), wants="json", max_tokens=asked.max_tokens
    )


def _shared(requests: Sequence[Request], model: Model, other: bool) -> Pairs:
    # a component's repr is its whole configuration
    key = (repr(model), *requests)
    with _lock:
        own = _locks[key]
    with meter.turn(own):
        found = _works.get(key)
        if found is None or found.seconds is None:
            return _kept(key, requests, model, other).written
    current = meter.current()
    current.charge(found.usage, Step("demonstrations written before", found.seconds))
    # the time that they took belongs to this answer too
    current.exclude(-found.seconds)
    current.save(found.saved)
    return found.written


def _kept(key: tuple[object, ...], requests: Sequence[Request], model: Model, other: bool) -> _Work:
    with meter.part() as used:
        written = _written(requests, model, other)
        seconds = None if used.stored_replies else used.elapsed()
    work = _Work(written, used.usage, seconds, used.saved)
    with _lock:
        _works[key] = work
        while len(_works) > KEPT:
            old, _ = _works.popitem(last=False)
            _locks.pop(old, None)
    return work


def _written(requests: Sequence[Request], model: Model, other: bool) -> Pairs:
    with meter.stage("demonstrations"):
        found = replies(requests, model, other)
    if meter.current().planning:
        return (Pair(question="planned", answer="planned"),) * len(found)
    read = tuple(map(_read, found))
    if not any(read):
        said = " ".join(found[0].text.split())[:100]
        raise UnreadableReply(f"no reply holds a question and its answer; the first is {said!r}")
    return read


def _read(reply: Completion) -> Pair | None:
    """What a reply demonstrates; nothing where it can't be read, which a step says."""
    try:
        pair = read_as(Pair, reply.text)
    except UnreadableReply as error:
        meter.current().note(Step("no demonstration", None, str(error)))
        return None
    return pair if pair.question.strip() and pair.answer.strip() else None
