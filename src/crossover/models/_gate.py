"""What a call to an endpoint passes: the endpoint's rate, and a place among the calls at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crossover import meter
from crossover.models._failures import Failed
from crossover.models._pace import Pace
from crossover.models._slots import Slots

# what says that fewer calls at once would be better
OVERLOADED = ("failed:rate_limit", "failed:timeout", "failed:server")
# what bounds the calls at once to one model, whichever questions they serve
_slots: dict[tuple[str, int], Slots] = {}


def slots_of(endpoint: str, concurrency: int) -> Slots:
    """The places at an endpoint, the same for all who ask it."""
    return _slots.setdefault((endpoint, concurrency), Slots(concurrency))


@dataclass(frozen=True, slots=True)
class Gate:
    """The way to an endpoint of one request, of so many characters and tokens at most."""

    slots: Slots
    pace: Pace
    characters: int = 0
    tokens: int = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait for the rate and a place, and hold it; waiting is no latency."""
        self.pace.start(self.tokens)
        with meter.turn(self.slots):
            yield

    def passed(self, seconds: float, used: int | None) -> None:
        """Note a call that was answered after so long, for so many tokens where these are known."""
        self.slots.went_well(self.characters, seconds)
        if used is not None:
            self.pace.correct(self.tokens, used)

    def turned_away(self, trouble: Failed, seconds: float, longest_pause: float) -> None:
        """Note a call that failed after so long."""
        if trouble.error.outcome in OVERLOADED:
            self.slots.overloaded(seconds)
        if trouble.pause:
            # who asks beside this call would be turned away as well
            self.pace.hold(min(trouble.pause, longest_pause))
