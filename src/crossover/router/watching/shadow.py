"""A second router beside the first: it decides on the same questions, and answers none."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any

from crossover import meter
from crossover.decisions import Decision
from crossover.router.bound import Bound
from crossover.router.following import Followed, Route
from crossover.router.router import Router
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.record import costs_text
from crossover.router.watching.watched import Watched, router_name

LOG = logging.getLogger("crossover.watching")
WAITING = 256
Work = tuple[str, Route]


class Shadowed(Watched):
    """A watched router that another one shadows: both decide, the first alone answers.

    The other decides afterwards, in a thread of its own, on what the first was told and on the
    first answer where it wants to see one. Its failure is logged as a ``problem``. While it is
    slow, at most 256 questions wait; those beyond are left out and counted in ``log.lost``, as is
    whatever waits when the process ends.
    """

    def __init__(self, router: Router | Bound, other: Router, log: DecisionLog) -> None:
        super().__init__(router, log)
        self.other, self.shadow = other, router_name(other)
        self._queue: Queue[Work] = Queue(WAITING)
        self._starting = Lock()
        self._thread: Thread | None = None

    def _note(self, seen: Followed, id: str) -> None:
        super()._note(seen, id)
        self._begin()
        try:
            self._queue.put_nowait((id, seen.route))
        except Full:
            self.log.lose("shadows", "the shadow is slower than the questions come")

    def settle(self, seconds: float = 10.0) -> bool:
        """Wait until the shadow has decided on all so far; False where it takes longer."""
        until = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)
        return not self._queue.unfinished_tasks

    def _begin(self) -> None:
        with self._starting:
            # a process that was forked off has no thread
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="crossover-shadow", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            decision, route = self._queue.get()
            try:
                row = _shadow_row(self.other, route)
                row |= {"decision": decision, "router": self.shadow}
                self.log.note("shadows", partial(dict, row))
            finally:
                self._queue.task_done()


def _shadow_row(other: Router, route: Route) -> dict[str, Any]:
    started = time.perf_counter()
    decision, problem = Decision(""), ""
    try:
        # what a policy of models costs is not the answer's
        with meter.metered():
            decision, settled = _decided(other, route)
    # whatever a shadow does, the answer is out already
    except Exception as error:
        problem, settled = type(error).__name__, False
    return {
        "strategy": decision.strategy,
        "settled": settled,
        "expected": costs_text(decision.expected),
        "seconds": time.perf_counter() - started,
        "problem": problem,
    }


def _decided(other: Router, route: Route) -> tuple[Decision, bool]:
    """Its decision, and whether that is its last: it may want an answer that nobody asked for."""
    known = route.question, route.profile, route.budget
    decision = other.policy.decide(*known, ())
    if decision.final:
        return decision, True
    first = next(iter(route.asked), None)
    if first is None or first[0] != decision.strategy:
        return decision, False
    decision = other.policy.decide(*known, (first[1],))
    return decision, decision.final or decision.keep


@dataclass(frozen=True)
class Agreement:
    """How far a shadow decides as the router does, and what is known of where it does not.

    ``switches`` counts (router's strategy, shadow's); ``unsettled`` are decisions that hang on an
    answer nobody asked for. ``graded`` questions have grades for both choices, with the mean
    quality of each in ``quality`` (router, shadow).
    """

    questions: int
    same: int
    switches: dict[tuple[str, str], int] = field(default_factory=dict)
    unsettled: int = 0
    failed: int = 0
    slowest: float = 0.0
    graded: int = 0
    quality: tuple[float, float] | None = None

    def lines(self) -> list[str]:
        """The same in words."""
        found = [
            f"{self.questions:,} questions: {self.same:,} decided alike, "
            f"{self.unsettled:,} not settled, {self.failed:,} failed"
        ]
        found += [f"{its} instead of {own}: {n:,}" for (own, its), n in self.switches.items()]
        if self.quality:
            own, its = self.quality
            found.append(f"graded for both ({self.graded:,}): router {own:.3f}, shadow {its:.3f}")
        return found


def agreement(log: DecisionLog, shadow: str = "") -> Agreement:
    """Hold a shadow (its digest or text; any, where none is named) against the router."""
    rows = {row.id: row for row in log.rows()}
    pairs = [
        (rows[one["decision"]], one)
        for one in log.shadows()
        if one["decision"] in rows and shadow in ("", one["router"])
    ]
    settled = [(row, one) for row, one in pairs if one["settled"] and not one["problem"]]
    switches = Counter((row.strategy, str(one["strategy"])) for row, one in settled)
    same = sum(count for (own, its), count in switches.items() if own == its)
    apart = {pair: n for pair, n in switches.most_common() if pair[0] != pair[1]}
    grades = [
        (row.grades[row.strategy], row.grades[str(one["strategy"])])
        for row, one in settled
        if row.strategy in row.grades and one["strategy"] in row.grades
    ]
    failed = sum(bool(one["problem"]) for _, one in pairs)
    return Agreement(
        len(pairs),
        same,
        apart,
        len(pairs) - len(settled) - failed,
        failed,
        max((one["seconds"] for _, one in pairs), default=0.0),
        len(grades),
        _means(grades),
    )


def _means(grades: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    if not grades:
        return None
    own, its = zip(*grades, strict=True)
    return sum(own) / len(own), sum(its) / len(its)
