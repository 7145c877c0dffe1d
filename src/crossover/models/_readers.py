"""Reading a reply in a thread of its own, so that its time can end while it still drips."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")


def within(
    seconds: float, source: Callable[[Event], Iterable[Item]]
) -> Generator[Item, None, None]:
    """Yield what a source yields, read in a thread; raises TimeoutError after that many seconds.

    Providers' own timeouts watch single reads, so a reply that drips would never end. The event
    tells the source that nobody waits any more.
    """
    arrived: SimpleQueue[Item | _Ended] = SimpleQueue()
    abandoned = Event()
    _readers.start(partial(copy_context().run, _pump, source, arrived, abandoned))
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                item = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise TimeoutError(f"{seconds:g} seconds have passed") from None
            if isinstance(item, _Ended):
                if item.error:
                    raise item.error
                return
            yield item
    finally:
        abandoned.set()


class _Readers:
    """Threads that read replies, one after the other; none keeps the process from ending."""

    def __init__(self) -> None:
        self._free: deque[SimpleQueue[Callable[[], None]]] = deque()
        # a forked process has this one's list, and none of its threads
        os.register_at_fork(after_in_child=self._free.clear)

    def start(self, work: Callable[[], None]) -> None:
        """Have a thread that is free do the work, or a new one."""
        try:
            given = self._free.pop()
        except IndexError:
            given = SimpleQueue()
            Thread(target=self._serve, args=(given,), name="crossover-reader", daemon=True).start()
        given.put(work)

    def _serve(self, given: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            given.get()()
            self._free.append(given)


_readers = _Readers()


@dataclass(frozen=True)
class _Ended:
    error: Exception | None = None


def _pump(
    source: Callable[[Event], Iterable[Item]],
    arrived: SimpleQueue[Item | _Ended],
    abandoned: Event,
) -> None:
    try:
        for item in source(abandoned):
            arrived.put(item)
        arrived.put(_Ended())
    except Exception as error:
        arrived.put(_Ended(error))
