"""Independent pieces of work, in threads, until one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import Event, Lock
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
# threads of all pools together; systems allow some more, and each one takes memory
MOST_THREADS = 4_096
# of the pools that this work is done in: set where the result is wanted no more
_given_up: ContextVar[tuple[Event, ...]] = ContextVar("crossover_given_up", default=())


class Branch:
    """One of several pieces of work under way at once: what it waited, what it could save."""

    def __init__(self, outer: Branch | None) -> None:
        self.outer = outer
        self.waited = 0.0
        self.saved = 0.0

    def all_waited(self) -> float:
        """What it waited, and the pieces that it is a piece of."""
        return self.waited + (self.outer.all_waited() if self.outer else 0.0)


class _Room:
    """How many threads may still be begun: pools inside of pools would multiply."""

    def __init__(self, free: int) -> None:
        self.free = free
        self._lock = Lock()

    @contextmanager
    def taken(self, wanted: int) -> Iterator[int]:
        """Take room for so many threads, or for what there is; one can always be had."""
        with self._lock:
            threads = max(1, min(wanted, self.free))
            self.free -= threads
        try:
            yield threads
        finally:
            with self._lock:
                self.free += threads


_room = _Room(MOST_THREADS)


def given_up() -> bool:
    """Whether whoever waits for this piece of work was interrupted."""
    return any(event.is_set() for event in _given_up.get())


def in_threads(
    work: Callable[[int, Item], Result], items: Sequence[Item], threads: int
) -> list[Result]:
    """Run work on every item, each in a context of its own, until one fails."""
    with _room.taken(min(threads, len(items))) as allowed:
        return _in_pool(work, items, allowed)


def _in_pool(
    work: Callable[[int, Item], Result], items: Sequence[Item], threads: int
) -> list[Result]:
    interrupted = Event()
    token = _given_up.set((*_given_up.get(), interrupted))
    contexts = [copy_context() for _ in items]
    _given_up.reset(token)
    if threads < 2:
        return [contexts[at].run(work, at, item) for at, item in enumerate(items)]
    failures: list[BaseException] = []

    def begun(at: int) -> tuple[Result, ...]:
        if failures:
            return ()
        try:
            return (contexts[at].run(work, at, items[at]),)
        except BaseException as error:
            failures.append(error)
            raise

    with ThreadPoolExecutor(threads) as pool:
        try:
            futures = [pool.submit(begun, at) for at in range(len(items))]
            # what was not begun has no result, but then one of them raises here
            return [result for future in futures for result in future.result()]
        except Exception:
            raise failures[0] from None
        except BaseException as interrupt:
            # nothing new is begun while the pool lets calls under way finish
            interrupted.set()
            failures.append(interrupt)
            raise
