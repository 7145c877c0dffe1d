"""A decision in words: no more is said of it than its intervals and paired tests support."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.experiments import _tables
from crossover.experiments.inference.paired import paired_table
from crossover.experiments.reporting.facts import Facts, settled
from crossover.experiments.viewing.deciding import (
    Candidate,
    Decision,
    Measure,
    Quantile,
    Wish,
    nearest_first,
)

Across = Mapping[tuple[str, str], Mapping[Any, Any]]
LONGEST = 70
MOST_NAMED = 3
BEST = {"score": "the highest score", "dollars": "the lowest cost", "seconds": "the lowest time"}


@dataclass(frozen=True, slots=True)
class Rivals:
    """What else meets the constraints: not shown to score less, and how far off the next is."""

    level: tuple[Candidate, ...]
    others: int
    next: Candidate | None = None
    pair: Mapping[Any, Any] | None = None


def rivals(
    facts: Facts, dataset: str, decision: Decision, across: Callable[[Candidate], Across]
) -> Rivals:
    """Hold the most accurate one's score against all others that meet the constraints.

    Strategies of one model by the report's comparisons, those of several by ``across``: the same
    test, Holm-corrected over every comparison with the chosen one. A router's has none here.
    """
    chosen = decision.chosen
    rest = [one for one in decision.allowed[1:] if not one.policy]
    if chosen is None or chosen.policy or not rest or decision.wish.objective != "score":
        return Rivals((), 0)
    if any(one.model != chosen.model for one in rest):
        against = across(chosen)
        pairs = [against.get((one.strategy, one.model)) for one in rest]
    else:
        own = next(c for c in facts.cells if (c.dataset, c.model) == (dataset, chosen.model))
        pairs = [own.between(chosen.strategy, one.strategy) for one in rest]
    level = [
        one
        for one, found in zip(rest, pairs, strict=True)
        if not (settled(found) and found and found["difference"] > 0)
    ]
    scored = [one for one in level or rest if one.score is not None]
    nearest = max(scored, key=lambda one: one.score or 0.0, default=None)
    pair = None if nearest is None else pairs[rest.index(nearest)]
    return Rivals(tuple(level), len(rest), nearest, pair)


def across_models(facts: Facts, dataset: str, chosen: Candidate) -> Across:
    """Every strategy of every model against the chosen one on the same questions.

    The difference is the chosen one's score minus the other's.
    """
    own = facts.frame[facts.frame["dataset"] == dataset]
    numbers = own.groupby(["strategy", "model"], sort=False).ngroup().to_numpy()
    joined = own.assign(strategy=numbers, model="")
    joined.attrs = facts.frame.attrs
    first = own.assign(number=numbers).drop_duplicates("number")
    known = dict(
        zip(first["number"], zip(first["strategy"], first["model"], strict=True), strict=True)
    )
    base = next(at for at, key in known.items() if key == (chosen.strategy, chosen.model))
    found = {}
    for row in paired_table(joined, base).to_dict("records"):
        ends = {"low": _minus(row["high"]), "high": _minus(row["low"])}
        found[known[row["strategy"]]] = row | ends | {"difference": _minus(row["difference"])}
    return found


def sentence(decision: Decision, metric: str, found: Rivals) -> str:
    """The recommendation with its expected figures, and whether it is shown to be better."""
    chosen, wish = decision.chosen, decision.wish
    if chosen is None:
        return _none(decision)
    return f"Take {named(chosen)}: {_figures(chosen, metric)}; {_why(decision, found)}" + (
        f", and {_surely(chosen, wish)}." if wish.score is not None else "."
    )


def left_out(decision: Decision) -> list[str]:
    """Why what is not known was not considered."""
    wish, said = decision.wish, []
    for measure in ("score", "dollars", "seconds"):
        names = [named(one) for one in decision.unknown if measure in wish.lacking(one)]
        if names:
            what = word(measure, wish.quantile)
            said.append(f"Not considered, since {what} is unknown: {_some(names)}.")
    return said


def nearest(decision: Decision, among: Sequence[Candidate]) -> list[str]:
    """Which constraint is in the way where nothing meets them all, and what comes nearest."""
    wish, said = decision.wish, []
    for one in decision.obstacles:
        value = one.nearest.of(one.measure, wish.quantile)
        asked = amount(one.measure, one.limit)
        said.append(
            f"In the way is {word(one.measure, wish.quantile)} of "
            f"{'at least' if one.measure == 'score' else 'at most'} {asked}: of what meets the "
            f"rest, {named(one.nearest)} comes nearest with {amount(one.measure, value)}."
        )
    ordered = nearest_first(among, wish)
    if not said and ordered:
        shown = ", ".join(
            f"{word(name, wish.quantile)} {amount(name, ordered[0].of(name, wish.quantile))}"
            for name in wish.limits
        )
        said.append(
            "No single constraint is in the way: two or more have to give. "
            f"{named(ordered[0])} comes nearest to all of them with {shown}."
        )
    return said


def named(one: Candidate) -> str:
    """A strategy with its model, or a router."""
    if one.policy:
        return f"the router {_tables.name(one.strategy, LONGEST)}"
    return f"{_tables.name(one.strategy, LONGEST)} with {_tables.name(one.model, LONGEST)}"


def word(measure: Measure, quantile: Quantile) -> str:
    """A measure in words."""
    seconds = {"p50": "median time", "p95": "95th percentile of the time"}[quantile]
    return {"score": "a score", "dollars": "a cost per 1,000 questions", "seconds": f"a {seconds}"}[
        measure
    ]


def amount(measure: Measure, value: float | None) -> str:
    """A measure's value with its unit."""
    if value is None:
        return _tables.UNKNOWN
    if measure == "score":
        return _tables.score(value)
    return dollars(value) if measure == "dollars" else f"{_tables.seconds(value)} s"


def dollars(value: float | None) -> str:
    """Dollars, or that they are unknown."""
    return _tables.UNKNOWN if value is None else f"${_tables.significant(value)}"


def _minus(value: Any) -> Any:
    return None if value is None else -value


def _figures(one: Candidate, metric: str) -> str:
    score = "" if one.score is None else f"{_tables.name(metric)} {_tables.score(one.score)}"
    ends = ""
    if one.low is not None and one.high is not None:
        ends = f" [{_tables.score(one.low)}, {_tables.score(one.high)}]"
    times = one.seconds or {}
    parts = [score and score + (ends or " (no interval)")]
    parts.append(f"{dollars(one.dollars)} per 1,000 questions" if one.dollars is not None else "")
    parts += [
        f"{_tables.seconds(value)} s {name}" for name, value in times.items() if value is not None
    ]
    return ", ".join(filter(None, parts))


def _why(decision: Decision, found: Rivals) -> str:
    wish, chosen = decision.wish, decision.chosen
    allowed = len(decision.allowed)
    if allowed == 1:
        return (
            "it is the only one that meets the constraints" if wish.limits else "there is no other"
        )
    among = f"of the {allowed} that meet the constraints" if wish.limits else f"of all {allowed}"
    first = f"{among} it has {BEST[wish.objective]}"
    if wish.objective != "score" or (chosen and chosen.policy):
        return first
    return f"{first} and is {_shown(found)}"


def _shown(found: Rivals) -> str:
    by = _difference(found.pair)
    if not found.level:
        one = f"{named(found.next)}{by}" if found.next else "it"
        return f"shown to be more accurate than every other, the next being {one}"
    if found.next is None:
        return "not compared with the others"
    more = len(found.level) - 1
    rest = f", nor than {more} other{'s' * (more > 1)}" if more else ""
    return f"not shown to be more accurate than {named(found.next)}{by}{rest}"


def _difference(pair: Mapping[Any, Any] | None) -> str:
    if pair is None or _tables.unknown(pair["difference"]):
        return " (no question in common)"
    if _tables.unknown(pair["low"]):
        return f" ({_tables.signed(pair['difference'])}, no interval)"
    ends = f"[{_tables.signed(pair['low'])}, {_tables.signed(pair['high'])}]"
    return f" ({_tables.signed(pair['difference'])} {ends})"


def _surely(one: Candidate, wish: Wish) -> str:
    limit = _tables.score(wish.score or 0.0)
    if one.low is None:
        return f"whether its score surely reaches {limit} is not known: there is no interval"
    if one.low >= (wish.score or 0.0):
        return f"its whole interval lies at or above {limit}"
    return f"only its mean reaches {limit}: the interval goes down to {_tables.score(one.low)}"


def _none(decision: Decision) -> str:
    if not decision.wish.limits:
        return f"Nothing can be recommended: {word(decision.wish.objective, 'p50')} is not known."
    return "Nothing meets these constraints."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
