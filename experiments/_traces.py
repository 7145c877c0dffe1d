"""One question's calls per dataset, model and strategy, kept beside the results as text."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from crossover import tracing
from crossover.types import Record, Step

if TYPE_CHECKING:
    from pandas import DataFrame
    from pydantic import TypeAdapter

# steps kept of one trace, lines shown of it, lines on one page
MOST_STEPS = 300
MOST_LINES = 40
MOST_ON_PAGE = 500


@dataclass(frozen=True, slots=True)
class Trace:
    """The calls of one question as a tree; ``left_out`` says how many lines are missing."""

    dataset: str
    title: str
    example: str
    total: str
    nodes: tuple[tracing.Node, ...]
    left_out: int


class ChosenTraces:
    """The trace of the question with the median number of calls, for each strategy.

    Of several such questions it is the first of the dataset.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], Counter[int]] = defaultdict(Counter)
        self._first: dict[tuple[str, str, str, int], Record] = {}

    def add(self, record: Record) -> None:
        """Take the next record."""
        key, calls = (record.dataset, record.model, record.strategy), record.answer.usage.calls
        self._counts[key][calls] += 1
        self._first.setdefault((*key, calls), record)

    def text(self) -> str:
        """The traces as JSON: what a frame carries along is copied with every operation on it."""
        chosen = [self._first[*key, _median(counts)] for key, counts in self._counts.items()]
        return json.dumps([_kept(record) for record in chosen])


def traces(frame: DataFrame) -> Iterator[Trace]:
    """The traces that a frame carries along, shortened to what a page may take."""
    left, kept = MOST_ON_PAGE, json.loads(str(frame.attrs.get("traces") or "[]"))
    several = len({one["model"] for one in kept}) > 1
    for one in kept:
        nodes = tracing.tree(steps_of(one["steps"]))
        shown, left_out = tracing.lines(nodes, min(MOST_LINES, left))
        left -= sum(map(tracing.size, shown))
        if shown:
            title = one["strategy"] + (f" with {one['model']}" if several else "")
            missing = left_out + int(one["left_out"])
            yield Trace(one["dataset"], title, one["example"], one["total"], shown, missing)


def steps_of(plain: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Steps from what JSON holds of them."""
    return _steps().validate_python(plain)


def _median(counts: Counter[int]) -> int:
    """The lower median of numbers, given how often each occurs."""
    middle, seen = (counts.total() - 1) // 2, 0
    for number in sorted(counts):
        seen += counts[number]
        if seen > middle:
            return number
    raise AssertionError("there is a median of something")


def _kept(record: Record) -> Mapping[str, Any]:
    trace = record.answer.trace
    names = ("dataset", "model", "strategy", "example")
    return {name: getattr(record, name) for name in names} | {
        "total": tracing.total_line(record.answer),
        # a part stands after the whole, so that what is kept from the beginning holds together
        "steps": [asdict(replace(step, detail=step.detail[:300])) for step in trace[:MOST_STEPS]],
        "left_out": max(0, len(trace) - MOST_STEPS),
    }


@cache
def _steps() -> TypeAdapter[tuple[Step, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[Step, ...])
