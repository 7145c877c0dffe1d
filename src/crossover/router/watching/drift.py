"""The drift alarm: whether questions, choices and grades are still what a router was fitted on.

Of routers that nothing changed around, at most one in a hundred raises an alarm in a month of
daily looks, over all features, choices and grades together; ``Alarm`` says what that is spent on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossover.errors import ConfigError, DataError
from crossover.router.watching import _statistics as statistics
from crossover.router.watching.distributions import (
    ANSWERED,
    answered_by,
    coded,
    kept_rows,
    seen_replies,
    stability_index,
    with_choices,
)
from crossover.router.watching.stream import Stream

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Alarm:
    """How sharp the alarm is.

    ``rate``: false alarms a month, of ``looks`` looks; half of it is spent on distributions, half
    on grades. Distributions are looked at over the last day and the last ``window`` days, with at
    least ``fewest`` questions; what moved by a stability index below ``least`` (0.1: customary for
    a moderate shift) is no alarm. Grades may lie ``tolerance`` below what was expected.
    """

    rate: float = 0.01
    looks: int = 30
    window: float = 7.0
    fewest: int = 100
    least: float = 0.1
    tolerance: float = 0.03
    month: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1 or self.looks < 1 or self.fewest < 2 or not self.window > 0:
            raise ConfigError("an alarm takes a rate in 0–1, looks, fewest and window above 0")


@dataclass(frozen=True)
class Moved:
    """Something that moved: how far (stability index), its p-value, and in words."""

    name: str
    index: float
    chance: float
    said: str


@dataclass(frozen=True)
class Drift:
    """What a look found; true where it is an alarm."""

    questions: int
    graded: int
    moved: Sequence[Moved] = ()
    worse: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    def __bool__(self) -> bool:
        return bool(self.moved or self.worse)

    def lines(self) -> list[str]:
        """The same in words, the largest shift first."""
        about = f"{self.questions:,} questions, {self.graded:,} of them graded"
        head = f"ALARM: {self._what()}" if self else "no drift"
        return [f"{head} ({about})", *self.worse, *(one.said for one in self.moved), *self.notes]

    def _what(self) -> str:
        parts = ["answers are worse than expected"] if self.worse else []
        names = {one.name.partition(".")[0] for one in self.moved}
        parts += ["other choices"] if names & {"choice", "declines"} else []
        parts += ["other questions or documents"] if names - {"choice", "declines"} else []
        return ", ".join(parts)


def drift(
    known: Mapping[str, Any], stream: Stream, now: float | None = None, alarm: Alarm | None = None
) -> Drift:
    """Look at a stream up to ``now`` (in its days; None: its end). Raises DataError without rows.

    ``known`` is what ``reference`` gave. An empty one leaves the grades alone to be looked at.
    """
    alarm = alarm or Alarm()
    if not len(stream):
        raise DataError("no decision to look at")
    until = float(stream.days.max()) if now is None else now
    stream = stream.rows((stream.days <= until) & (stream.days > until - alarm.month))
    graded = int((np.isfinite(stream.quality) & np.isfinite(stream.expected)).sum())
    found = Drift(len(stream), graded)
    if not known.get("features"):
        lacking = "this router's file has no distributions to compare with: fit it again"
        return replace(found, worse=_worse(known, stream, until, alarm), notes=(lacking,))
    moved: dict[str, Moved] = {}
    for span in (1.0, alarm.window):
        recent = stream.rows(stream.days > until - span)
        if len(recent) >= alarm.fewest:
            level = alarm.rate / 2 / alarm.looks / 2
            moved |= {one.name: one for one in _moved(known, recent, level, alarm)}
    notes = tuple(
        f"answers of {name} are compared with nothing: the router was not fitted on it"
        for name in _strangers(known, stream)
    )
    if (stream.days > until - alarm.window).sum() < alarm.fewest:
        notes += (f"fewer than {alarm.fewest} questions in {alarm.window:g} days: too few to tell",)
    ranked = sorted(moved.values(), key=lambda one: -one.index)
    return replace(found, moved=ranked, worse=_worse(known, stream, until, alarm), notes=notes)


def _moved(known: Mapping[str, Any], recent: Stream, level: float, alarm: Alarm) -> list[Moved]:
    """Which distributions differ, at a rate of any false one among all."""
    groups = statistics.numbered(recent.groups)
    chances, found = dict[str, float](), dict[str, tuple[Numbers, Mapping[str, Any], Numbers]]()
    for name, was, values, kept in _compared(known, recent):
        if kept.sum() < alarm.fewest:
            continue
        codes, bins = coded(values[kept], was["edges"]), len(was["shares"])
        mine = statistics.effective_rows(codes, groups[kept], bins)
        now = np.bincount(codes, minlength=bins) / kept.sum()
        theirs = np.array(was["shares"], dtype=float)
        sizes = max(mine, 1.0), max(float(was["effective"]), 1.0)
        chances[name] = statistics.likelihood_ratio(now, theirs, *sizes)
        found[name] = now, was, values
    moved = []
    for name in statistics.holm(chances, level):
        now, was, values = found[name]
        index = stability_index(now, was["shares"])
        if index >= alarm.least:
            moved.append(Moved(name, index, chances[name], _said(name, was, now, values, index)))
    return moved


def _compared(
    known: Mapping[str, Any], recent: Stream
) -> Iterator[tuple[str, Mapping[str, Any], Numbers, NDArray[np.bool_]]]:
    """Each feature: how it was, its values, and the rows that can be compared."""
    features = known["features"]
    table = with_choices(recent.table, recent.chosen, recent.declined, list(features))
    values = table.aligned(list(features))
    replied = seen_replies(list(features), values)
    models = np.array(recent.models, dtype=str)
    ours = ~np.isin(models, _strangers(known, recent)) if len(models) else True
    for at, (name, was) in enumerate(features.items()):
        kept = kept_rows(name, values[:, at], replied)
        if name.startswith(ANSWERED):
            kept = kept & ours
            was = answered_by(was, models[kept].tolist() if len(models) else ())
        yield name, was, values[:, at], kept


def _worse(known: Mapping[str, Any], stream: Stream, until: float, alarm: Alarm) -> tuple[str, ...]:
    """Whether grades fall short of what was expected: of all answers, and of each strategy."""
    residuals = stream.expected - stream.quality
    graded = np.isfinite(residuals)
    days = (np.floor(stream.days) - math.floor(until - alarm.month)).astype(np.intp)
    order = np.argsort(stream.days, kind="stable")
    chosen = np.array(stream.chosen, dtype=str)
    names = sorted(set(chosen[graded].tolist()))
    models = np.array(stream.models, dtype=str)[graded].tolist() if stream.models else []
    allowed = alarm.tolerance + _allowed(known, models)
    # each day of the month begins a bet on each strategy and on all of them
    bound = alarm.month * (len(names) + 1) / (alarm.rate / 2)
    found = []
    for name in ("", *(names if len(names) > 1 else ())):
        rows = order[(graded & ((chosen == name) | (not name)))[order]]
        evidence = statistics.evidence_of_rise(residuals[rows], days[rows], allowed)
        if len(evidence) and evidence.max() >= bound:
            start = int(evidence.argmax())
            since = rows[days[rows] >= start]
            was, now = stream.expected[since].mean(), stream.quality[since].mean()
            found.append(
                f"quality of {name or 'all answers'}: {now:.2f} where {was:.2f} was expected, "
                f"over {len(since):,} grades of the last {int(days.max()) - start + 1} days"
            )
    return tuple(found)


def _allowed(known: Mapping[str, Any], models: Sequence[str]) -> float:
    """By how much these models' held-out grades fell short already, two standard errors more."""
    short = known.get("shortfall")
    if not short:
        return 0.0
    counts, parts = Counter(models), short.get("models", {})
    if counts and not set(counts) - set(parts):
        of = [(count / len(models), parts[model]) for model, count in counts.items()]
    else:
        of = [(1.0, short)]
    # models answered the same questions: their errors may all point one way
    return max(0.0, sum(weight * float(part["mean"] + 2 * part["error"]) for weight, part in of))


def _strangers(known: Mapping[str, Any], stream: Stream) -> list[str]:
    """The models of which the router's file knows no answers."""
    there = known.get("models")
    return sorted(set(stream.models) - set(there)) if there else []


def _said(name: str, was: Mapping[str, Any], shares: Numbers, values: Numbers, index: float) -> str:
    finite, label = values[np.isfinite(values)], name.replace(".", ": ", 1).replace("_", " ")
    before, now = float(was["shares"][-1]), float(shares[-1])
    said = f"{label}: "
    if abs(now - before) > 0.1:
        said += f"missing in {now:.0%}, was in {before:.0%} "
    elif len(was["edges"]) <= 3 and was["mean"] is not None:
        said += f"mean {finite.mean():.2f}, was {was['mean']:.2f} "
    elif was["median"] is not None and len(finite):
        said += f"median {np.median(finite):.3g}, was {was['median']:.3g} "
    return f"{said}(stability index {index:.2f})"
