"""Watching long work and stopping it: how far it has come, and that it is to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from crossover.branches import given_up

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


def check_stopped(what: str = "the next call") -> None:
    """Raise KeyboardInterrupt where work is to end: nothing new is begun."""
    if _stopping.is_set() or given_up():
        raise KeyboardInterrupt(what)


def working(what: str, done: int, total: int) -> None:
    """Say how far work of many seconds has come; raises KeyboardInterrupt where it is to end."""
    check_stopped(what)
    for watcher in tuple(_watchers):
        watcher(what, done, total)


def pause(seconds: float, watched: float = 0.2) -> None:
    """Sleep, looking every ``watched`` seconds whether work is to end (KeyboardInterrupt)."""
    until = time.monotonic() + seconds
    check_stopped()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, watched))
        check_stopped()
