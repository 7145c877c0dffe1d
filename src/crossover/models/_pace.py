"""How fast an endpoint may be asked: requests and tokens per minute, and pauses that it asks for.

Each rate is one number per endpoint, the time at which the next request is due (the generic cell
rate algorithm), so that any number of workers can share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from crossover import meter

MINUTE = 60.0
# what may be asked at once after a time of rest, in seconds of the rate
BURST = 1.0
# how long a worker sleeps before it looks whether the run has been stopped
NAP = 0.2
# a due time later than this was set by a clock that has jumped
FARTHEST = 3600.0


class Diary(Protocol):
    """Due times by name, which workers of one process or of many share."""

    def due(self, name: str, seconds: float, burst: float) -> float:
        """Put a due time off by so many seconds of the rate; return how long to wait from now."""

    def hold(self, name: str, seconds: float) -> None:
        """Let nothing be due for so long."""


def moved(due: float, now: float, seconds: float, burst: float) -> tuple[float, float]:
    """The next due time after a request that takes ``seconds`` of the rate, and the wait before."""
    due = now if due - now > FARTHEST else max(due, now)
    return due + seconds, max(0.0, due - now - max(0.0, burst - seconds))


class OwnDiary:
    """Due times of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._due, self._lock = clock, dict[str, float](), Lock()

    def due(self, name: str, seconds: float, burst: float) -> float:
        """See ``Diary``."""
        with self._lock:
            now = self._clock()
            self._due[name], wait = moved(self._due.get(name, 0.0), now, seconds, burst)
            return wait

    def hold(self, name: str, seconds: float) -> None:
        """See ``Diary``."""
        with self._lock:
            self._due[name] = max(self._due.get(name, 0.0), self._clock() + seconds)


_own = OwnDiary()
_shared: list[Diary] = []


@contextmanager
def shared(diary: Diary) -> Iterator[None]:
    """Keep the rates of all endpoints together with those who share the diary."""
    _shared.append(diary)
    try:
        yield
    finally:
        _shared.remove(diary)


@dataclass(frozen=True, slots=True)
class Pace:
    """The rates of one endpoint; None: as fast as may be."""

    endpoint: str
    requests: float | None = None
    tokens: float | None = None

    def start(self, tokens: int) -> None:
        """Wait until a request of so many tokens may be made; no latency. Raises if stopped."""
        until = 0.0
        for diary, name, seconds in self._costs(tokens):
            until = max(until, diary.due(name, seconds, BURST))
        with meter.wait():
            ends = time.monotonic() + until
            while (left := ends - time.monotonic()) > 0:
                meter.check_stopped()
                time.sleep(min(left, NAP))

    def correct(self, reserved: int, used: int) -> None:
        """Count what a request took instead of what was reserved for it."""
        if self.tokens and used != reserved:
            diary = _diary()
            diary.due(f"{self.endpoint} tokens", (used - reserved) * MINUTE / self.tokens, BURST)

    def hold(self, seconds: float) -> None:
        """Let nobody ask for so long: the endpoint has said so."""
        diary = _diary() if self.requests else _own
        diary.hold(f"{self.endpoint} requests", seconds)

    def _costs(self, tokens: int) -> Sequence[tuple[Diary, str, float]]:
        diary, costs = _diary(), []
        if self.tokens:
            costs.append((diary, f"{self.endpoint} tokens", tokens * MINUTE / self.tokens))
        # a pause that the endpoint asks for stands here, whether there is a rate or not
        rate = MINUTE / self.requests if self.requests else 0.0
        where = diary if self.requests else _own
        return [*costs, (where, f"{self.endpoint} requests", rate)]


def _diary() -> Diary:
    return _shared[-1] if _shared else _own
