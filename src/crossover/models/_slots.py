"""How many calls to one endpoint are under way: as many as it takes without trouble."""

from __future__ import annotations

import time
from collections import deque
from threading import Condition

# what is kept of the calls at once when an endpoint is overloaded, or has become slow
OVERLOADED, SLOWED = 0.6, 0.9
# a call is slow that takes so many times as long as others of its size have
SLOW = 3.0
# of how many last calls most must be slow
LOOKED_AT = 16
# the weight of a call in the usual time of its size, and of a slow one: what is slow for good
# becomes usual in the end
WEIGHT, SLOW_WEIGHT = 0.05, 0.005


class Slots:
    """Bounds calls at once: fewer after a 429 or when most are slow, slowly more when all is well.

    Additive increase, multiplicative decrease (Chiu and Jain 1989), at most one decrease in the
    time of a call, as those under way tell of the same trouble.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self._inside = 0
        self._free = Condition()
        self._usual: dict[int, float] = {}
        self._slow: deque[bool] = deque(maxlen=LOOKED_AT)
        self._changed = -1e9

    def acquire(self) -> None:
        """Wait for a place."""
        with self._free:
            while self._inside >= int(self.limit):
                self._free.wait()
            self._inside += 1

    def release(self) -> None:
        """Give the place back."""
        with self._free:
            self._inside -= 1
            self._free.notify()

    def went_well(self, size: int, seconds: float) -> None:
        """Note a call on ``size`` characters: time for one more at once, or for fewer."""
        kind = size.bit_length()
        with self._free:
            usual = self._usual.setdefault(kind, seconds)
            slow = seconds > SLOW * usual
            self._slow.append(slow)
            self._usual[kind] += (SLOW_WEIGHT if slow else WEIGHT) * (seconds - usual)
            if sum(self._slow) > LOOKED_AT / 2:
                self._fewer(SLOWED, seconds)
            else:
                self.limit = min(self.most, self.limit + 1 / self.limit)
                self._free.notify()

    def overloaded(self, seconds: float) -> None:
        """Note a call that the endpoint turned away."""
        with self._free:
            self._fewer(OVERLOADED, seconds)

    def _fewer(self, share: float, seconds: float) -> None:
        now = time.monotonic()
        if now - self._changed > seconds:
            self._changed = now
            self.limit = max(1.0, self.limit * share)
