"""Threads that do what blocks: a fixed number, so that a rush waits instead of growing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any


@dataclass(frozen=True)
class _Task:
    work: Callable[[], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Crew:
    """Up to ``size`` threads, begun as they are needed; work is done in the order of arrival.

    They are daemons: a call that hangs in one does not keep the process from ending.
    """

    def __init__(self, size: int, name: str) -> None:
        self.size, self.name = size, name
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._lock = Lock()
        self._begun = self._idle = 0

    def begin(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Have work done with the caller's context; cancelling the future drops what waits."""
        loop = asyncio.get_running_loop()
        task = _Task(work, copy_context(), loop, loop.create_future())
        with self._lock:
            grows = self._idle <= self._tasks.qsize() and self._begun < self.size
            self._begun += grows
        self._tasks.put(task)
        if grows:
            Thread(target=self._serve, name=f"{self.name}-{self._begun}", daemon=True).start()
        return task.future

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            task = self._tasks.get()
            with self._lock:
                self._idle -= 1
            if not task.future.cancelled():
                _do(task)


def _do(task: _Task) -> None:
    try:
        found, error = task.context.run(task.work), None
    # whatever it is, it belongs to whoever waits for the future
    except BaseException as raised:
        found, error = None, raised

    def settle() -> None:
        if task.future.cancelled():
            return
        if error is None:
            task.future.set_result(found)
        else:
            task.future.set_exception(error)

    try:
        task.loop.call_soon_threadsafe(settle)
    except RuntimeError:
        # the loop has ended, and nobody waits any more
        return
