"""What every strategy does that compresses: from a rate to a budget, and what came of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from crossover import meter
from crossover.roles import Compressor, Model
from crossover.types import Compression, Passage, Step, Usage

# documents shortened without their question that are kept for the next one, and their characters
KEPT_CHARACTERS = 20_000_000


def compressed(
    compressor: Compressor,
    query: str,
    passages: Sequence[Passage],
    rate: float,
    model: Model,
    room: int | None = None,
) -> tuple[list[Passage], Compression]:
    """Shorten passages to ``rate`` of their tokens, and to ``room`` tokens where that is less.

    Tokens are the model's; what fits already is left alone, and nobody is asked.
    """
    before = tokens(passages, model)
    budget = int(rate * before)
    budget = max(1, budget if room is None else min(budget, room))
    if before <= budget or not before:
        return list(passages), Compression(rate, before, before, 0.0)
    if meter.current().planning and not getattr(compressor, "asks_model", False):
        kept = _shortened(passages, budget / before)
        return kept, Compression(rate, before, tokens(kept, model), 0.0)
    if getattr(compressor, "ignores_question", False):
        work = _shared(compressor, passages, budget, model)
    else:
        work = _work(compressor, query, passages, budget, model)
    return list(work.kept), Compression(rate, before, work.after, work.seconds, work.usage)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a compressor made, and what that took."""

    kept: tuple[Passage, ...]
    after: int
    seconds: float | None
    usage: Usage


def _work(
    compressor: Compressor, query: str, passages: Sequence[Passage], budget: int, model: Model
) -> _Work:
    with meter.part() as used:
        kept = tuple(compressor.compress(query, passages, budget, model))
        seconds = None if used.stored_replies else used.elapsed()
    return _Work(kept, tokens(kept, model), seconds, used.usage)


_lock = Lock()
_works: OrderedDict[tuple[object, ...], _Work] = OrderedDict()


def _shared(
    compressor: Compressor, passages: Sequence[Passage], budget: int, model: Model
) -> _Work:
    """Compress once for all questions on the same passages; every answer is billed the whole."""
    # a component's repr is its whole configuration
    key = (repr(compressor), tuple(passages), budget, repr(model))
    with meter.wait(), _lock:
        found = _works.get(key)
    if found is None or found.seconds is None:
        found = _work(compressor, "", passages, budget, model)
        with _lock:
            _works[key] = found
            while len(_works) > 1 and _characters() > KEPT_CHARACTERS:
                _works.popitem(last=False)
        return found
    meter.current().charge(found.usage, Step("compressed before", found.seconds))
    # the time that it took belongs to this answer too
    meter.current().exclude(-found.seconds)
    return found


def _characters() -> int:
    return sum(len(passage.text) for work in _works.values() for passage in work.kept)


def tokens(passages: Sequence[Passage], model: Model) -> int:
    """The tokens of the passages' texts."""
    return sum(model.count(passage.text) for passage in passages)


def _shortened(passages: Sequence[Passage], share: float) -> list[Passage]:
    """Passages of about that length, for a plan of costs: nothing is read for it."""
    ends = [max(1, int(share * len(passage.text))) for passage in passages]
    cuts = [passage.cut(0, end) for passage, end in zip(passages, ends, strict=True)]
    return [replace(cut, score=p.score) for cut, p in zip(cuts, passages, strict=True)]
