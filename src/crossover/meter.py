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
from threading import Event, Lock, get_ident
from typing import TypeVar

from crossover.types import Step, Usage

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Branch:
    """One of several pieces of work under way at once: what it waited."""

    def __init__(self) -> None:
        self.waited = 0.0


_branch: ContextVar[_Branch | None] = ContextVar("crossover_branch", default=None)


class Meter:
    """Collects what happens between opening and closing; safe to charge from several threads."""

    def __init__(self, planning: bool = False) -> None:
        self.planning = planning
        self.usage = Usage()
        self.indexing = Usage()
        self.index_bytes = 0
        self.steps: list[Step] = []
        self.excluded = 0.0
        self.stored_replies = 0
        self.first_token: float | None = None
        self.started = time.perf_counter()
        self._lock = Lock()

    def elapsed(self) -> float:
        """Seconds since opening, without the time that ``wait`` kept apart."""
        return time.perf_counter() - self.started - self.excluded

    def charge(self, usage: Usage, step: Step | None = None) -> None:
        """Add a cost, and the step that caused it to the trace."""
        with self._lock:
            self.usage += usage
            if step:
                self.steps.append(step)

    def charge_index(self, usage: Usage, size: int = 0) -> None:
        """Add the one-off cost of an index that this answer searches, and its size in bytes."""
        with self._lock:
            self.indexing += usage
            self.index_bytes += size

    def note(self, step: Step) -> None:
        """Put a step into the trace that costs nothing by itself."""
        with self._lock:
            self.steps.append(step)

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
            self.steps += part.steps
            self.stored_replies += part.stored_replies
        self.exclude(part.excluded)

    def exclude(self, seconds: float) -> None:
        """Keep waiting time apart from latency."""
        branch = _branch.get()
        if branch:
            branch.waited += seconds
            return
        with self._lock:
            self.excluded += seconds


_current: ContextVar[Meter | None] = ContextVar("crossover_meter", default=None)


def current() -> Meter:
    """The innermost open meter; a throw-away one where none is open."""
    return _current.get() or Meter()


@contextmanager
def metered(planning: bool = False) -> Iterator[Meter]:
    """Open a meter for the code inside; ``planning`` means that nothing may cost anything."""
    meter = Meter(planning)
    token, branch = _current.set(meter), _branch.set(None)
    try:
        yield meter
    finally:
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
def turn(lock: Lock) -> Iterator[None]:
    """Hold a lock for the code inside; waiting for it is our own queue, and no latency."""
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

    Waits overlap here: what counts as latency is the busiest thread's time without its waits.
    """
    if len(items) < 2 or threads < 2:
        return [work(item) for item in items]
    busy: defaultdict[int, float] = defaultdict(float)

    def timed(item: Item) -> Result:
        branch = _Branch()
        _branch.set(branch)
        started = time.perf_counter()
        try:
            return work(item)
        finally:
            busy[get_ident()] += time.perf_counter() - started - branch.waited

    started = time.perf_counter()
    try:
        with ThreadPoolExecutor(min(threads, len(items))) as pool:
            contexts = [copy_context() for _ in items]
            return list(pool.map(lambda context, item: context.run(timed, item), contexts, items))
    finally:
        waited = time.perf_counter() - started - max(busy.values(), default=0.0)
        current().exclude(max(waited, 0.0))
