"""What every strategy does that compresses: from a rate to a budget, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover import meter
from crossover.roles import Compressor, Model
from crossover.types import Compression, Passage


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
    with meter.part() as used:
        if used.planning and not getattr(compressor, "asks_model", False):
            kept = _shortened(passages, budget / before)
        else:
            kept = compressor.compress(query, passages, budget, model)
        seconds = None if used.stored_replies else used.elapsed()
    return kept, Compression(rate, before, tokens(kept, model), seconds, used.usage)


def tokens(passages: Sequence[Passage], model: Model) -> int:
    """The tokens of the passages' texts."""
    return sum(model.count(passage.text) for passage in passages)


def _shortened(passages: Sequence[Passage], share: float) -> list[Passage]:
    """Passages of about that length, for a plan of costs: nothing is read for it."""
    ends = [max(1, int(share * len(passage.text))) for passage in passages]
    cuts = [passage.cut(0, end) for passage, end in zip(passages, ends, strict=True)]
    return [replace(cut, score=p.score) for cut, p in zip(cuts, passages, strict=True)]
