"""Which strategy to take: the best one on an objective among those that meet constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from crossover.experiments import _tables

if TYPE_CHECKING:
    from pandas import DataFrame

Measure = Literal["score", "dollars", "seconds"]
Quantile = Literal["p50", "p95"]
MEASURES: tuple[Measure, ...] = ("score", "dollars", "seconds")
PRICED, BILLED = "dollars_per_1000_priced", "dollars_per_1000"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What can be chosen, with what the run measured of it; None is unknown.

    ``dollars`` are per 1,000 questions, ``indexing`` dollars per document. A ``policy`` is a
    router's, which chooses among strategies.
    """

    strategy: str
    model: str
    score: float | None = None
    low: float | None = None
    high: float | None = None
    dollars: float | None = None
    seconds: Mapping[str, float | None] | None = None
    indexing: float | None = None
    policy: bool = False

    def of(self, measure: Measure, quantile: Quantile) -> float | None:
        """A measure's value."""
        if measure == "seconds":
            return (self.seconds or {}).get(quantile)
        return self.score if measure == "score" else self.dollars


@dataclass(frozen=True, slots=True)
class Wish:
    """An objective, and constraints: a least score, most dollars, most seconds (None is any)."""

    objective: Measure = "score"
    score: float | None = None
    dollars: float | None = None
    seconds: float | None = None
    quantile: Quantile = "p95"

    def limit(self, measure: Measure) -> float | None:
        """The constraint on a measure."""
        return {"score": self.score, "dollars": self.dollars, "seconds": self.seconds}[measure]

    @property
    def limits(self) -> dict[Measure, float]:
        """The constraints that there are."""
        found = {measure: self.limit(measure) for measure in MEASURES}
        return {measure: limit for measure, limit in found.items() if limit is not None}

    def without(self, measure: Measure) -> Wish:
        """The same without one constraint."""
        kept = {name: self.limit(name) for name in MEASURES if name != measure}
        return Wish(self.objective, quantile=self.quantile, **kept)

    def meets(self, one: Candidate) -> bool:
        """Whether all that is constrained is known and within its limit."""
        return all(self._within(one, measure) for measure in self.limits)

    def _within(self, one: Candidate, measure: Measure) -> bool:
        value, limit = one.of(measure, self.quantile), self.limits[measure]
        if value is None:
            return False
        return value >= limit if measure == "score" else value <= limit

    def lacking(self, one: Candidate) -> list[Measure]:
        """What would have to be known of it and is not."""
        asked = dict.fromkeys([self.objective, *self.limits])
        return [measure for measure in asked if one.of(measure, self.quantile) is None]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A constraint that alone keeps everything out, and what comes nearest to meeting it."""

    measure: Measure
    limit: float
    nearest: Candidate


@dataclass(frozen=True, slots=True)
class Decision:
    """What was found: ``allowed`` meets all constraints, the best first; ``chosen`` is its first.

    ``unknown`` lacks a number that the wish asks about. ``obstacles`` are there where nothing is
    allowed; none of them where it takes giving up several constraints.
    """

    wish: Wish
    allowed: tuple[Candidate, ...]
    unknown: tuple[Candidate, ...]
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def chosen(self) -> Candidate | None:
        """The recommended one."""
        return self.allowed[0] if self.allowed else None


@dataclass(frozen=True, slots=True)
class Month:
    """Dollars of a month: of answers, of indexing, and of both; None is unknown."""

    answers: float | None
    indexing: float | None

    @property
    def total(self) -> float | None:
        """Both together."""
        if self.answers is None or self.indexing is None:
            return None
        return self.answers + self.indexing


def candidates(table: DataFrame) -> list[Candidate]:
    """The strategies and models of one dataset's summary, in its order."""
    dollars = PRICED if PRICED in table else BILLED
    return [
        Candidate(
            str(row["strategy"]),
            str(row["model"]),
            _known(row["score"]),
            _known(row["low"]),
            _known(row["high"]),
            _known(row[dollars]),
            {name: _known(row[f"seconds_{name}"]) for name in ("p50", "p95")},
            _known(row["indexing_dollars"]),
        )
        for row in table.to_dict("records")
    ]


def priced_by(table: DataFrame) -> str:
    """Whose prices the dollars are, in words."""
    if PRICED in table:
        return f"tokens at the list price of {_tables.name(table['price_as'].iloc[0])}"
    return "as the run was billed"


def decided(among: Sequence[Candidate], wish: Wish) -> Decision:
    """Choose the best one on the objective of those that meet the constraints.

    Of equal ones the cheaper is better, then the more accurate, then the faster, then the first.
    """
    known = [one for one in among if not wish.lacking(one)]
    unknown = tuple(one for one in among if wish.lacking(one))
    allowed = sorted(filter(wish.meets, known), key=lambda one: _rank(one, wish))
    if allowed:
        return Decision(wish, tuple(allowed), unknown)
    return Decision(wish, (), unknown, tuple(_obstacles(known, wish)))


def month(one: Candidate, questions: int, documents: int) -> Month:
    """What so many questions cost, and an index of so many documents where it takes one."""
    answers = None if one.dollars is None else one.dollars * questions / 1000
    indexing = 0.0 if not documents else one.indexing and one.indexing * documents
    return Month(0.0 if not questions else answers, indexing)


def nearest_first(among: Sequence[Candidate], wish: Wish) -> list[Candidate]:
    """Those of which all is known by how far they are from meeting the constraints together."""
    known = [one for one in among if not wish.lacking(one)]
    return sorted(known, key=lambda one: (_misses(one, wish), _rank(one, wish)))


def _obstacles(known: Sequence[Candidate], wish: Wish) -> list[Obstacle]:
    found = []
    for measure, limit in wish.limits.items():
        rest = wish.without(measure)
        only = replace(rest, objective=measure)
        # what meets the rest, the nearest to this one's limit first
        left = sorted(filter(rest.meets, known), key=lambda one: _rank(one, only))
        if left:
            found.append(Obstacle(measure, limit, left[0]))
    return found


def _misses(one: Candidate, wish: Wish) -> float:
    """By what shares of their limits the constraints are missed, in all."""
    missed = 0.0
    for measure, limit in wish.limits.items():
        value = one.of(measure, wish.quantile)
        apart = (limit - (value or 0.0)) * (1 if measure == "score" else -1)
        missed += max(apart, 0.0) / max(abs(limit), 1e-9)
    return missed


def _rank(one: Candidate, wish: Wish) -> tuple[float, ...]:
    order = dict.fromkeys([wish.objective, "dollars", "score", "seconds"])
    values = [(measure, one.of(measure, wish.quantile)) for measure in order]
    return tuple(
        float("inf") if value is None else -value if measure == "score" else value
        for measure, value in values
    )


def _known(value: Any) -> float | None:
    return None if _tables.unknown(value) else float(value)
