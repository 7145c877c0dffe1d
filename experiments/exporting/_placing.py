"""When the steps of a trace ran, as far as their lengths tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from crossover.types import Step

Place = tuple[float, float]


def placed(trace: Sequence[Step]) -> list[Place]:
    """Begin and end of each step, in seconds from the beginning of the answer.

    Steps know how long they took, not when they began: what is one piece of work follows one
    another, independent pieces begin together, and a stage without a time lasts as long as what is
    in it.
    """
    took = lengths(trace)
    found = list[Place]()
    ready: dict[tuple[int | None, int | None], float] = defaultdict(float)
    busy: dict[int | None, float] = defaultdict(float)
    for step, seconds in zip(trace, took, strict=True):
        parent, own = step.parent, (step.parent, step.branch)
        begin = busy[parent] if step.branch is None else ready.get(own, ready[parent, None])
        ready[own] = begin + seconds
        busy[parent] = max(busy[parent], ready[own])
        base = 0.0 if parent is None else found[parent][0]
        found.append((base + begin, base + begin + seconds))
    return found


def lengths(trace: Sequence[Step]) -> list[float]:
    """Seconds of each step; of one without, those of the longest of its independent pieces."""
    within: list[dict[int | None, float]] = [defaultdict(float) for _ in trace]
    found = [0.0] * len(trace)
    for at in range(len(trace) - 1, -1, -1):
        step, pieces = trace[at], within[at]
        alone = pieces.pop(None, 0.0)
        inside = alone + max(pieces.values(), default=0.0)
        found[at] = inside if step.seconds is None else step.seconds
        if step.parent is not None:
            within[step.parent][step.branch] += found[at]
    return found
