"""The meter that the runner opens around an answer: cost needs no plumbing.

Models and embedders call ``charge`` after every piece of work; whoever opened the innermost
meter gets the bill. ``wait`` keeps time apart that must not count as latency, and ``working``
tells whoever watches how far long work has come.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from threading import Lock, get_ident
from typing import Protocol, TypeVar

from crossover.branches import Branch, in_threads
from crossover.types import Answer, Step, Usage
from crossover.watching import Watcher, check_stopped, pause, stop, watched, working

__all__ = [
    "Meter",
    "Watcher",
    "check_stopped",
    "current",
    "metered",
    "part",
    "pause",
    "side_by_side",
    "stage",
    "stop",
    "turn",
    "wait",
    "watched",
    "working",
]
Item = TypeVar("Item")
Result = TypeVar("Result")


class Turn(Protocol):
    """A lock, a semaphore, or what else bounds how much goes on at once."""

    def acquire(self) -> object:
        """Wait for a place."""

    def release(self) -> None:
        """Give the place back."""


_branch: ContextVar[Branch | None] = ContextVar("crossover_branch", default=None)
# where in the trace steps belong: their parent's place, and which of its pieces of work they are
_place: ContextVar[tuple[int | None, int | None]] = ContextVar(
    "crossover_place", default=(None, None)
)


class Meter:
    """Collects what happens between opening and closing; safe to charge from several threads.

    ``outer`` is the meter that gets the whole bill in the end, if there is one.
    """

    def __init__(self, planning: bool = False, outer: Meter | None = None, asker: str = "") -> None:
        self.planning = planning
        # the strategy whose answer is measured: no other one's prompts may make it cheaper
        self.asker: str = outer.asker if outer else asker
        self.usage = Usage()
        self.indexing = Usage()
        self.index_bytes = 0
        self.steps: list[Step] = []
        self.excluded = 0.0
        self.saved = 0.0
        self.best: Answer | None = None
        self.stored_replies = 0
        self.first_token: float | None = None
        self.started = time.perf_counter()
        self._outer = outer
        self._branch = _branch.get()
        self._branches: Counter[int | None] = Counter()
        self._lock = Lock()

    def elapsed(self) -> float:
        """Seconds since opening, without the time that ``wait`` kept apart."""
        return time.perf_counter() - self.started - self.excluded

    def running(self) -> float:
        """Seconds since opening for the work under way: one of several pieces, or in a part."""
        waited, inner, branch = _waited(_branch.get()), _current.get(), self._branch
        while inner and inner is not self:
            branch = inner._branch
            waited += inner.excluded + _waited(branch)
            inner = inner._outer
        return self.elapsed() - waited

    def pays(self) -> bool:
        """Whether this meter gets the bill of the work under way, in the end."""
        inner = _current.get()
        while inner and inner is not self:
            inner = inner._outer
        return inner is self

    def branch_off(self, count: int) -> int:
        """Number so many pieces of work of the open step; returns the number of the first."""
        with self._lock:
            parent, _ = _place.get()
            self._branches[parent] += count
            return self._branches[parent] - count

    def charge(self, usage: Usage, step: Step | None = None) -> None:
        """Add a cost, and the step that caused it to the trace."""
        with self._lock:
            self.usage += usage
            if step:
                self._append(replace(step, usage=usage))

    def charge_index(self, usage: Usage, size: int = 0) -> None:
        """Add the one-off cost of an index that this answer searches, and its size in bytes."""
        with self._lock:
            self.indexing += usage
            self.index_bytes += size

    def note(self, step: Step) -> None:
        """Put a step into the trace that costs nothing by itself."""
        with self._lock:
            self._append(step)

    def offer(self, answer: Answer) -> None:
        """Put forward the best answer so far: what remains where a limit stops the question."""
        self.best = answer

    def close(self, at: int, seconds: float) -> None:
        """Say how long the stage at that place of the trace has taken."""
        with self._lock:
            self.steps[at] = replace(self.steps[at], seconds=seconds)

    def open(self, name: str, detail: str) -> int:
        """Put a stage into the trace; return its place, for the steps that are part of it."""
        with self._lock:
            return self._append(Step(name, None, detail))

    def _append(self, step: Step) -> int:
        parent, branch = _place.get()
        self.steps.append(replace(step, parent=parent, branch=branch))
        return len(self.steps) - 1

    def mark_first_token(self) -> None:
        """Note that a call's first token has arrived now; the last call's stands."""
        with self._lock:
            self.first_token = self.running()

    def mark_stored_reply(self) -> None:
        """Note a reply from the store, or of a batch: no time may be read off this answer."""
        with self._lock:
            self.stored_replies += 1

    def absorb(self, part: Meter) -> None:
        """Add all that a meter opened inside has collected."""
        begun = self.running() - (time.perf_counter() - part.started)
        branches = max(
            (step.branch + 1 for step in part.steps if step.branch is not None), default=0
        )
        first = self.branch_off(branches)
        with self._lock:
            self.usage += part.usage
            self.indexing += part.indexing
            self.index_bytes += part.index_bytes
            parent, branch = _place.get()
            by = len(self.steps)
            self.steps += [
                step.moved(by, parent, branch if step.branch is None else first + step.branch)
                for step in part.steps
            ]
            if part.first_token is not None:
                self.first_token = begun + part.first_token
            self.stored_replies += part.stored_replies
            self.best = part.best or self.best
        self.exclude(part.excluded)
        self.save(part.saved)

    def exclude(self, seconds: float) -> None:
        """Keep waiting time apart from latency."""
        branch = _branch.get()
        if branch:
            branch.waited += seconds
            return
        with self._lock:
            self.excluded += seconds

    def save(self, seconds: float) -> None:
        """Note time that would not have passed if all independent calls had run at once."""
        branch = _branch.get()
        if branch:
            branch.saved += seconds
            return
        with self._lock:
            self.saved += seconds

    def waited(self) -> float:
        """Seconds kept apart so far, as the work under way sees it."""
        branch = _branch.get()
        return branch.waited if branch else self.excluded


_current: ContextVar[Meter | None] = ContextVar("crossover_meter", default=None)


def _waited(branch: Branch | None) -> float:
    return branch.all_waited() if branch else 0.0


def current() -> Meter:
    """The innermost open meter; a throw-away one where none is open."""
    return _current.get() or Meter()


@contextmanager
def metered(planning: bool = False, outer: Meter | None = None, asker: str = "") -> Iterator[Meter]:
    """Open a meter for the code inside; ``planning`` means that nothing may cost anything."""
    meter = Meter(planning, outer, asker)
    token, branch, place = _current.set(meter), _branch.set(None), _place.set((None, None))
    try:
        yield meter
    finally:
        _place.reset(place)
        _branch.reset(branch)
        _current.reset(token)


@contextmanager
def part() -> Iterator[Meter]:
    """Open a meter for one part of an answer; the meter around it gets the whole bill too."""
    outer, opened = current(), list[Meter]()
    try:
        with metered(outer.planning, outer) as inner:
            opened.append(inner)
            yield inner
    finally:
        for inner in opened:
            outer.absorb(inner)


@contextmanager
def stage(name: str, detail: str = "") -> Iterator[None]:
    """Make the steps inside part of one named step of the trace, with its seconds."""
    meter = current()
    at = meter.open(name, detail)
    place, waited, started = _place.set((at, None)), meter.waited(), time.perf_counter()
    try:
        yield
    finally:
        _place.reset(place)
        apart = meter.waited() - waited
        meter.close(at, time.perf_counter() - started - apart)


@contextmanager
def wait() -> Iterator[None]:
    """Keep the time spent inside (a queue, a retry pause, an index build) out of latency."""
    started = time.perf_counter()
    try:
        yield
    finally:
        current().exclude(time.perf_counter() - started)


@contextmanager
def turn(lock: Turn) -> Iterator[None]:
    """Hold a lock or semaphore for the code inside; waiting for it is our own queue, no latency."""
    with wait():
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def side_by_side(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> list[Result]:
    """Run independent work in threads under the current meter; results in the order of items.

    Waits overlap here: what counts as latency is the busiest thread's time without its waits. What
    fails first is raised; work that has not begun by then, or when a run is stopped, is not begun.
    """
    if not items:
        return []
    meter, outer, (parent, _) = current(), _branch.get(), _place.get()
    number = meter.branch_off(len(items))
    busy: defaultdict[int, float] = defaultdict(float)
    longest: list[float] = []

    def timed(at: int, item: Item) -> Result:
        check_stopped()
        branch = Branch(outer)
        _branch.set(branch)
        _place.set((parent, number + at))
        started = time.perf_counter()
        try:
            return work(item)
        finally:
            seconds = time.perf_counter() - started - branch.waited
            busy[get_ident()] += seconds
            longest.append(seconds - branch.saved)

    started = time.perf_counter()
    try:
        return in_threads(timed, items, min(threads, len(items)))
    finally:
        counted = max(busy.values(), default=0.0)
        meter.exclude(max(time.perf_counter() - started - counted, 0.0))
        meter.save(max(counted - max(longest, default=0.0), 0.0))
