"""The meter that the runner opens around an answer: cost needs no plumbing.

Models and embedders call ``charge`` after every piece of work; whoever opened the innermost
meter gets the bill. ``wait`` keeps time apart that must not count as latency, and ``working``
tells whoever watches how far long work has come.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import replace
from threading import Event, Lock, Semaphore, get_ident
from typing import TypeVar

from crossover.types import Answer, Step, Usage

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Branch:
    """One of several pieces of work under way at once: what it waited, what it could save."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.saved = 0.0


_branch: ContextVar[_Branch | None] = ContextVar("crossover_branch", default=None)
# where in the trace steps belong: their parent's place, and which of its pieces of work they are
_place: ContextVar[tuple[int | None, int | None]] = ContextVar(
    "crossover_place", default=(None, None)
)


class Meter:
    """Collects what happens between opening and closing; safe to charge from several threads."""

    def __init__(self, planning: bool = False) -> None:
        self.planning = planning
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
        self._lock = Lock()

    def elapsed(self) -> float:
        """Seconds since opening, without the time that ``wait`` kept apart."""
        return time.perf_counter() - self.started - self.excluded

    def running(self) -> float:
        """Seconds since opening for the work under way, which may be one of several pieces."""
        branch = _branch.get()
        return self.elapsed() - (branch.waited if branch else 0.0)

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
            self.first_token = self.elapsed()

    def mark_stored_reply(self) -> None:
        """Note that a reply came from the store, so that no time may be read off this answer."""
        with self._lock:
            self.stored_replies += 1

    def absorb(self, part: Meter) -> None:
        """Add all that a meter opened inside has collected."""
        with self._lock:
            self.usage += part.usage
            self.indexing += part.indexing
            self.index_bytes += part.index_bytes
            parent, branch = _place.get()
            by = len(self.steps)
            self.steps += [step.moved(by, parent, branch) for step in part.steps]
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


def current() -> Meter:
    """The innermost open meter; a throw-away one where none is open."""
    return _current.get() or Meter()


@contextmanager
def metered(planning: bool = False) -> Iterator[Meter]:
    """Open a meter for the code inside; ``planning`` means that nothing may cost anything."""
    meter = Meter(planning)
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
    outer = current()
    inner = Meter(outer.planning)
    try:
        with metered(outer.planning) as inner:
            yield inner
    finally:
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


Watcher = Callable[[str, int, int], None]
_watchers: list[Watcher] = []
_stopping = Event()


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell ``watcher`` (what, done, total) how long work inside comes on, whatever its thread."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
        _stopping.clear()


def stop() -> None:
    """Ask long work in all threads to end, until the ``watched`` around it is left."""
    _stopping.set()


def working(what: str, done: int, total: int) -> None:
    """Say how far work of many seconds has come; raises KeyboardInterrupt where it is to end."""
    if _stopping.is_set():
        raise KeyboardInterrupt(what)
    for watcher in tuple(_watchers):
        watcher(what, done, total)


@contextmanager
def turn(lock: Lock | Semaphore) -> Iterator[None]:
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
    fails first is raised; work that has not begun by then is not begun.
    """
    if not items:
        return []
    busy: defaultdict[int, float] = defaultdict(float)
    longest: list[float] = []
    failed = Event()

    def timed(at: int, item: Item) -> Result:
        branch = _Branch()
        _branch.set(branch)
        _place.set((_place.get()[0], at))
        started = time.perf_counter()
        try:
            return work(item)
        except BaseException:
            failed.set()
            raise
        finally:
            seconds = time.perf_counter() - started - branch.waited
            busy[get_ident()] += seconds
            longest.append(seconds - branch.saved)

    started = time.perf_counter()
    try:
        return _run(timed, items, min(threads, len(items)), failed)
    finally:
        counted = max(busy.values(), default=0.0)
        meter = current()
        meter.exclude(max(time.perf_counter() - started - counted, 0.0))
        meter.save(max(counted - max(longest, default=0.0), 0.0))


def _run(
    work: Callable[[int, Item], Result], items: Sequence[Item], threads: int, failed: Event
) -> list[Result]:
    """Run work on every item, each in a context of its own, until one fails."""
    contexts = [copy_context() for _ in items]
    if threads < 2:
        return [contexts[at].run(work, at, item) for at, item in enumerate(items)]

    def begun(at: int) -> tuple[Result, ...]:
        return () if failed.is_set() else (contexts[at].run(work, at, items[at]),)

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(begun, at) for at in range(len(items))]
        # what was not begun has no result, but then one of them raises here
        return [result for future in futures for result in future.result()]
