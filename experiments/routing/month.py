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
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from crossover.decisions import Expected
from crossover.experiments.routing.choosing import cost_of, quality_of
from crossover.experiments.routing.evaluating import choices
from crossover.experiments.routing.fitting import Fit, fit_outcomes, table_of
from crossover.experiments.routing.logged import joined
from crossover.experiments.routing.outcomes import Outcomes
from crossover.experiments.routing.references import reference_of
from crossover.experiments.routing.refitting import Refit, refit, worth
from crossover.router.artefact import Artefact
from crossover.router.learner import Table
from crossover.router.watching.drift import Alarm, Drift, drift
from crossover.router.watching.record import Logged
from crossover.router.watching.stream import Stream
from crossover.types import Answer

Numbers = NDArray[np.float64]
Change = Literal["none", "longer", "kinds", "worse", "all"]
CHANGES: tuple[Change, ...] = ("none", "longer", "kinds", "worse", "all")
CHEAP, DEAR = "rag", "full_context"
DAYS, CHANGED = 30, 10
START = datetime(2030, 1, 1, tzinfo=UTC)
IDLE = 16
NOTHING_LOST = 0.02
# how often a right and a wrong answer of the cheap strategy decline
DECLINES = (0.08, 0.5)


@dataclass(frozen=True)
class World:
    """What a question is like and which strategy answers it.

    ``shift`` moves the log of the documents' length, ``hard`` is the share of questions that
    retrieval alone fails on, ``lost`` what the dear strategy loses on long documents.
    """

    shift: float = 0.0
    hard: float = 0.35
    lost: float = 0.0

    @classmethod
    def after(cls, change: Change) -> World:
        """The world after a change."""
        return {
            "none": cls(),
            "longer": cls(shift=0.8),
            "kinds": cls(hard=0.7),
            "worse": cls(lost=0.5),
            "all": cls(shift=0.8, hard=0.7, lost=0.5),
        }[change]


def questions(world: World, rows: int, chance: np.random.Generator, name: str = "d") -> Outcomes:
    """So many questions with the outcomes of both strategies, about five on one document."""
    import pandas as pd

    place = np.sort(chance.integers(0, max(2, rows // 5), rows))
    length = (10.0 + world.shift + chance.normal(0, 0.6, place.max() + 1))[place]
    hard = chance.random(rows) < world.hard
    right = _right(world, hard, length)
    quality = (chance.random(right.shape) < right).astype(float)
    declines = chance.random(rows) < np.where(quality[:, 0] > 0, *DECLINES)
    tokens = np.exp(length)
    costs = np.stack([np.full(rows, 3_000.0), tokens], axis=1)
    seen = {
        "question.explains": hard ^ (chance.random(rows) < 0.15),
        "question.compares": chance.random(rows) < np.where(hard, 0.5, 0.1),
        "question.words": 8 + 4 * hard + chance.normal(0, 2, rows),
        "documents.log_tokens": length,
        "retrieval.best": chance.normal(1 - 0.5 * hard, 0.3),
        "retrieval.windows": length - 5,
        **{f"question.idle_{n}": chance.normal(0, 1, rows) for n in range(IDLE)},
    }
    said = {"reply.declines": declines, "reply.log_words": 2 + chance.normal(0, 0.3, rows)}
    labels = {
        "dataset": "month",
        "example": [f"{name}{n}" for n in range(rows)],
        "group": [f"{name}{n}" for n in place],
        "model": "m",
        # a label, never a feature
        "tag.hard": hard,
    }
    outcome = ["declined" if d else "answered" for d in declines]
    return Outcomes(
        (CHEAP, DEAR),
        "headline",
        pd.DataFrame(labels),
        _rows(seen),
        _rows(said),
        quality,
        {"tokens": costs},
        tokens,
        declines,
        {CHEAP: [Answer("Ada", outcome=one) for one in outcome], DEAR: [Answer("Ada")] * rows},
        [""] * rows,
        [f"{name}{n}" for n in place],
    )


def fitted(seed: int = 0, rows: int = 1_500, world: World | None = None) -> tuple[Fit, Artefact]:
    """A router fitted before the month begins, its file with what the alarm compares with."""
    chance = np.random.default_rng([seed, 1])
    found = fit_outcomes(
        questions(world or World(), rows, chance, "t"), objective="tradeoff(token=3)", seed=seed
    )
    known = found.artefact.reference
    known = known or reference_of(found.outcomes, found.chosen, cascade=True)
    return found, replace(found.artefact, reference=known)


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
    stream = Stream(days, features, whole.groups, names, declined, hoped[every, chosen], quality)
    return Month(artefact, whole, stream, hoped, graded, all_graded)


def loss(artefact: Artefact, world: World, seed: int = 0, rows: int = 6_000) -> float:
    """What a router is worth less, in quality less tokens, than knowing what is likely right."""
    found = questions(world, rows, np.random.default_rng([seed, 3]), "x")
    return float((_oracle(world, found, artefact) - worth(artefact, found)).mean())


def _oracle(world: World, rows: Outcomes, artefact: Artefact) -> Numbers:
    """The choice of one who knows which questions are hard and reads the first answer too."""
    right = _right(world, rows.labels["tag.hard"].to_numpy(), np.log(rows.tokens))
    price, declined = artefact.prices.get("tokens", 0.0), rows.declines
    said, unsaid = (np.where(declined, one, 1 - one) for one in DECLINES)
    right[:, 0] = right[:, 0] * said / (right[:, 0] * said + (1 - right[:, 0]) * unsaid)
    chosen = (right[:, 1] - price * rows.costs["tokens"][:, 1] > right[:, 0]).astype(np.intp)
    return np.asarray(quality_of(rows, chosen) - price * cost_of(rows, chosen, "tokens", True))


def _right(world: World, hard: NDArray[np.bool_], length: Numbers) -> Numbers:
    """How likely each strategy is right."""
    whole = 0.8 - 0.05 * (length - 10) - world.lost * (length > 10)
    found: Numbers = np.clip(np.stack([np.where(hard, 0.25, 0.85), whole], 1), 0.02, 0.98)
    return found


def _rows(columns: Mapping[str, Any]) -> list[dict[str, float]]:
    values = zip(*(np.asarray(one, dtype=float).tolist() for one in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def losses(artefact: Artefact, old: Outcomes, change: Change, seed: int = 0) -> dict[str, float]:
    """The loss before a change, after it, after the refit, and of a router fitted anew on plenty.

    The refit learns from what was graded since the change, to the month's end.
    """
    world = World.after(change)
    again = refitted(artefact, old, change, seed).fit.artefact
    fresh, _ = fitted(seed + 1_000, 6_000, world)
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
            month(artefact, change, seed=100 * at + n).first_alarm()
            for at, (_, artefact) in enumerate(made)
            for n in range(count)
        ]
        days = [alarm[0] - CHANGED for alarm in alarms if alarm]
        row: list[object] = [change, len(alarms), len(days)]
        if change != "none":
            found = [losses(a, f.outcomes, change, at) for at, (f, a) in enumerate(made)]
            row += [float(np.median(days)), max(days)] if days else ["", ""]
            means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
            row += [*means.values(), share_recovered(means)]
        rows.append(row)
    heads = ["change", "months", "alarms", "days, median", "most"]
    heads += ["loss before", "after", "refit", "fitted anew", "recovered"]
    sys.stdout.write(tabulate(rows, heads, floatfmt=".3f") + "\n")


if __name__ == "__main__":
    main()
