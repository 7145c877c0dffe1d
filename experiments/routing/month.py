"""A simulated month of a router in production: ``python -m crossover.experiments.routing.month``.

Questions with features and a planted quality of two strategies come in, day by day, several on one
document. The world may change on a day: longer documents, other kinds of questions, or a strategy
that gets worse while nothing can be seen of it but by grades.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from crossover.decisions import Expected
from crossover.experiments.routing.evaluating import choices
from crossover.experiments.routing.fitting import Fit, fit_outcomes, table_of
from crossover.experiments.routing.logged import joined
from crossover.experiments.routing.outcomes import Outcomes
from crossover.experiments.routing.refitting import Refit, refit
from crossover.experiments.routing.worlds import CHEAP, Change, World, loss, questions
from crossover.router.artefact import Artefact
from crossover.router.learner import Table
from crossover.router.watching.drift import Alarm, Drift, drift
from crossover.router.watching.record import Logged
from crossover.router.watching.stream import Stream

Numbers = NDArray[np.float64]
CHANGES: tuple[Change, ...] = ("none", "longer", "kinds", "worse", "all")
DAYS, CHANGED = 30, 10
START = datetime(2030, 1, 1, tzinfo=UTC)
NOTHING_LOST = 0.02


def fitted(seed: int = 0, rows: int = 1_500, world: World | None = None) -> Fit:
    """A router fitted before the month begins."""
    chance = np.random.default_rng([seed, 1])
    planted = questions(world or World(), rows, chance, "t")
    return fit_outcomes(planted, objective="tradeoff(token=3)", seed=seed)


@dataclass(frozen=True)
class Month:
    """A month of questions, what the router chose on them, and what of it is graded."""

    artefact: Artefact
    outcomes: Outcomes
    stream: Stream
    hoped: Numbers
    graded: NDArray[np.bool_]
    whole: NDArray[np.bool_]

    def look(self, day: float, alarm: Alarm | None = None) -> Drift:
        """The alarm's look at the end of a day."""
        return drift(self.artefact.reference, self.stream, day, alarm)

    def first_alarm(self, alarm: Alarm | None = None) -> tuple[int, Drift] | None:
        """The day of the first alarm, looking once a day."""
        for day in range(1, DAYS + 1):
            if found := self.look(float(day), alarm):
                return day, found
        return None

    def logged(self, since: float) -> list[Logged]:
        """The graded decisions from a day on, as the log holds them."""
        return [
            self._row(at)
            for at in np.flatnonzero(self.graded & (self.stream.days > since)).tolist()
        ]

    def _row(self, at: int) -> Logged:
        rows, chosen = self.outcomes, self.stream.chosen[at]
        names = rows.strategies
        asked = dict.fromkeys((CHEAP, chosen))
        costs = {n: Expected(None, float(rows.costs["tokens"][at, names.index(n)])) for n in names}
        hoped = {
            n: replace(costs[n], quality=float(self.hoped[at, place]))
            for place, n in enumerate(names)
        }
        quality = dict(zip(names, rows.quality[at].tolist(), strict=True))
        return Logged(
            id=str(rows.labels["example"][at]),
            time=START + timedelta(days=float(self.stream.days[at])),
            router=self.artefact.digest[:12],
            model="m",
            group=rows.groups[at],
            strategy=chosen,
            escalated=len(asked) > 1,
            confidence=None,
            outcome="answered",
            declined=False,
            tokens=None,
            dollars=None,
            seconds=None,
            passes={name: costs[name] for name in asked},
            expected=hoped,
            before=dict(rows.asked[at]),
            after=dict(rows.answered[at]),
            grades=quality if self.whole[at] else {chosen: quality[chosen]},
        )


def month(
    artefact: Artefact,
    change: Change = "none",
    *,
    seed: int = 0,
    daily: int = 300,
    thumbs: float = 0.3,
    sampled: float = 0.1,
) -> Month:
    """Thirty days of questions; ``thumbs`` is the share of answers that users grade.

    Of the share ``sampled``, every strategy is asked afterwards and graded.
    """
    chance = np.random.default_rng([seed, 2])
    parts = [
        questions(World.after(change) if day >= CHANGED else World(), daily, chance, f"{day}-")
        for day in range(DAYS)
    ]
    whole = joined(parts)
    chosen = choices(artefact, whole)
    table = table_of(whole, artefact.traits, artefact.meaning)
    hoped = artefact.learners["after"].predict(table)
    every = np.arange(len(whole))
    all_graded = chance.random(len(whole)) < sampled
    graded = all_graded | (chance.random(len(whole)) < thumbs)
    quality = np.where(graded, whole.quality[every, chosen], np.nan)
    features = Table.of([{**a, **b} for a, b in zip(whole.asked, whole.answered, strict=True)])
    hours = (np.arange(daily) + 0.5) / daily
    days = np.repeat(np.arange(float(DAYS)), daily) + np.tile(hours, DAYS)
    declined = np.where(chosen == 0, whole.declines, False).astype(float)
    names = [whole.strategies[at] for at in chosen.tolist()]
    seen = declined, hoped[every, chosen], quality
    stream = Stream(days, features, whole.groups, names, *seen, whole.models)
    return Month(artefact, whole, stream, hoped, graded, all_graded)


def losses(artefact: Artefact, old: Outcomes, change: Change, seed: int = 0) -> dict[str, float]:
    """The loss before a change, after it, after the refit, and of a router fitted anew on plenty.

    The refit learns from what was graded since the change, to the month's end.
    """
    world = World.after(change)
    again = refitted(artefact, old, change, seed).fit.artefact
    fresh = fitted(seed + 1_000, 6_000, world)
    return {
        "before": loss(artefact, World(), seed),
        "after": loss(artefact, world, seed),
        "refit": loss(again, world, seed),
        "fresh": loss(fresh.artefact, world, seed),
    }


def share_recovered(losses: Mapping[str, float]) -> float | None:
    """How much of the way from the loss after a change to a new router's; None for no loss."""
    apart = losses["after"] - losses["fresh"]
    return (losses["after"] - losses["refit"]) / apart if apart > NOTHING_LOST else None


def refitted(artefact: Artefact, old: Outcomes, change: Change, seed: int = 0) -> Refit:
    """The router that a month's grades since the change make of it."""
    rows = month(artefact, change, seed=seed).logged(CHANGED)
    return refit(rows, artefact, old, seed=seed)


def main() -> None:
    """Print a month of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routers", type=int, default=5, help="routers, each in months of its own")
    parser.add_argument("--months", type=int, default=40, help="months of each, unchanged")
    given = parser.parse_args()
    made = [fitted(seed) for seed in range(given.routers)]
    rows = []
    for change in CHANGES:
        count = given.months if change == "none" else 4
        alarms = [
            month(fit.artefact, change, seed=100 * at + n).first_alarm()
            for at, fit in enumerate(made)
            for n in range(count)
        ]
        days = [alarm[0] - CHANGED for alarm in alarms if alarm]
        row: list[object] = [change, len(alarms), len(days)]
        if change != "none":
            found = [losses(fit.artefact, fit.outcomes, change, at) for at, fit in enumerate(made)]
            row += [float(np.median(days)), max(days)] if days else ["", ""]
            means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
            row += [*means.values(), share_recovered(means)]
        rows.append(row)
    heads = ["change", "months", "alarms", "days, median", "most"]
    heads += ["loss before", "after", "refit", "fitted anew", "recovered"]
    sys.stdout.write(tabulate(rows, heads, floatfmt=".3f") + "\n")


if __name__ == "__main__":
    main()
