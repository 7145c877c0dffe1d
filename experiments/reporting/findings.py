"""The answer first: what the run shows, in sentences that their intervals support."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.experiments import _tables
from crossover.experiments.reporting.facts import Cell, Facts, settled
from crossover.experiments.reporting.places import Place, wins
from crossover.experiments.reporting.shares import percent, share_of
from crossover.experiments.statistics import ROUGH_BELOW

# a cheaper strategy is worth naming first where it surely keeps this share of the best one's score
KEPT = 0.9
CHEAPER = 0.8
OFTEN = 0.1
LONGEST = 70
MOST_PLACES = 4
COSTS = {
    "dollars_per_1000_priced": "its cost",
    "dollars_per_1000": "its cost",
    "input_tokens": "its input tokens",
}


@dataclass(frozen=True)
class Verdict:
    """What the run says about one dataset and model: the answer, and what stands behind it.

    ``best`` is the most accurate strategy where that is shown; ``choice`` the cheaper one that
    surely keeps most of the best one's score, where there is one. ``places`` are the kinds of
    questions on which either of the two beats the other.
    """

    dataset: str
    model: str
    answer: str
    more: tuple[str, ...]
    best: str | None = None
    choice: str | None = None
    places: tuple[Place, ...] = ()


def verdicts(facts: Facts) -> list[Verdict]:
    """One verdict per dataset and model."""
    return [_verdict(cell) for cell in facts.cells]


def overall(found: Sequence[Verdict]) -> list[str]:
    """Per dataset with several models: how many of them each answer holds for."""
    said = []
    for dataset in dict.fromkeys(one.dataset for one in found):
        own = [one for one in found if one.dataset == dataset]
        if len(own) < 2:
            continue
        said += [f"{_tables.name(dataset)}: {line}" for line in _counted(own)]
        said += _on_most_models(own)
    return said


def _counted(own: Sequence[Verdict]) -> Iterator[str]:
    """Which strategy to take with most models, and which is the most accurate with how many."""
    good = Counter(name for one in own for name in {one.best, one.choice} if name)
    for name, count in good.most_common(1):
        models = f"all {len(own)} models" if count == len(own) else f"{count} of {len(own)} models"
        yield (
            f"{_name(name)} is shown to be the most accurate, or surely keeps {percent(KEPT)} of "
            f"the best score at a lower cost, with {models}."
        )
    best = Counter(one.best for one in own)
    open_ = best.pop(None, 0)
    parts = [f"{_name(name)} with {count}" for name, count in best.most_common()]
    parts += [f"not settled with {open_}"] * bool(open_)
    yield f"shown to be the most accurate: {', '.join(parts)} of {len(own)} models."


def _on_most_models(own: Sequence[Verdict]) -> Iterator[str]:
    """The kinds of questions on which the same strategy wins with several models."""
    found = Counter((p.winner, p.loser, p.label) for one in own for p in one.places)
    often = [(key, count) for key, count in found.most_common() if 2 * count > len(own)]
    for pair in dict.fromkeys(key[:2] for key, _ in often):
        there = [(key[2], count) for key, count in often if key[:2] == pair][:MOST_PLACES]
        winner, loser = map(_name, pair)
        where = ", ".join(f"{label} ({count} of {len(own)})" for label, count in there)
        yield f"With most models {winner} is shown to beat {loser} on {where}."


def _verdict(cell: Cell) -> Verdict:
    best = cell.best
    if best is None:
        nothing = "No question has a score here, so nothing can be compared."
        return Verdict(cell.dataset, cell.model, nothing, tuple(_failing(cell)))
    others = [name for name in cell.rows["strategy"] if name != best]
    if not others:
        answer = f"{_name(best)} scores {_score(cell, best)}; it was the only strategy."
        return Verdict(cell.dataset, cell.model, answer, tuple(_trouble(cell)))
    level = [name for name in others if not settled(cell.between(best, name))]
    rival = _runner_up(cell, level or others)
    choice, base = _choice(cell, best, others), best
    if choice is None and level and _surely_keeps(cell, best, rival, 0.95):
        choice, base = best, rival
    if choice is not None:
        answer = _at_a_lower_cost(cell, choice, base, best if not level else None)
    elif level:
        answer = _not_settled(cell, best, level)
    else:
        answer = (
            f"{_name(best)} is the most accurate ({_score(cell, best)}){_at_what_cost(cell, best)}."
        )
    places = wins(cell, best, choice if choice not in (None, best) else rival)
    more = [*_open(cell, best, level, choice), *_where(places), *_trouble(cell)]
    shown = None if level else best
    return Verdict(cell.dataset, cell.model, answer, tuple(more), shown, choice, tuple(places))


def _at_a_lower_cost(cell: Cell, choice: str, base: str, best: str | None) -> str:
    first = f"{_name(choice)}: {_kept(cell, choice, base)} of {_name(base)}'s score at"
    last = f" The most accurate is {_name(best)}, {_score(cell, best)}." if best else ""
    return f"{first} {_cost(cell, choice, base)}.{last}"


def _surely_keeps(cell: Cell, one: str, base: str, level: float) -> bool:
    """Whether a strategy is cheaper than another and surely keeps most of its score."""
    scores, codes = cell.scores
    if _ratio(cell, one, base) > CHEAPER:
        return False
    found = share_of(scores[one], scores[base], codes, level)
    return found is not None and found.low is not None and found.low >= KEPT


def _open(cell: Cell, best: str, level: Sequence[str], choice: str | None) -> Iterator[str]:
    """What is not settled, unless the answer is that already; what is, besides."""
    if level and choice is not None:
        yield _not_settled(cell, best, level)
    worse = [name for name in cell.rows["strategy"] if name not in (*level, best)]
    if worse and level:
        yield f"Shown to be less accurate than {_name(best)}: {_some(worse)}."


def _not_settled(cell: Cell, best: str, level: Sequence[str]) -> str:
    rival = _runner_up(cell, level)
    pair = cell.between(best, rival)
    if pair is None or _tables.unknown(pair["difference"]):
        return f"Not settled: {_name(best)} and {_name(rival)} share no scored question."
    if _tables.unknown(pair["low"]):
        return f"Not settled: no interval for {_name(best)} against {_name(rival)}, {_why(pair)}."
    ends = f"[{pair['low']:+.3f}, {pair['high']:+.3f}]"
    others = len(level) - 1
    more = f", and {others} {'others are' if others > 1 else 'other is'} as close" * (others > 0)
    first = f"Not settled which is the most accurate: {_name(best)} is"
    apart = "level with" if pair["difference"] == 0 else "ahead of"
    by = "" if pair["difference"] == 0 else f" by {pair['difference']:.3f}"
    return f"{first} {apart} {_name(rival)}{by} {ends}{more}. {_needed(pair)}"


def _why(pair: Mapping[Any, Any]) -> str:
    return "since all questions are on one document" if pair["clusters"] < 2 else "no spread"


def _needed(pair: Mapping[Any, Any]) -> str:
    """How many more questions would settle it; the plan counts them in all."""
    questions, documents = pair["questions_to_settle"], pair["documents_to_settle"]
    if _tables.unknown(questions) or _tables.unknown(documents):
        return "No number of questions can be named that would settle a difference of nothing."
    more, fresh = (
        float(f"{number:.2g}") for number in (questions - pair["n"], documents - pair["clusters"])
    )
    if more <= 0 or fresh <= 0:
        return "As many new questions again would probably settle it."
    return f"To settle that takes about {more:,.0f} more questions on {fresh:,.0f} more documents."


def _choice(cell: Cell, best: str, others: Sequence[str]) -> str | None:
    """The cheapest strategy that surely keeps most of the best one's score.

    Looking at several strategies, each interval is widened so that all of them hold together.
    """
    cheaper = [name for name in others if _ratio(cell, name, best) <= CHEAPER]
    level = 1 - 0.05 / max(len(cheaper), 1)
    ordered = sorted(cheaper, key=lambda name: _ratio(cell, name, best))
    return next((name for name in ordered if _surely_keeps(cell, name, best, level)), None)


def _ratio(cell: Cell, one: str, other: str) -> float:
    """The cost of one strategy over that of another; infinite where it is not known."""
    own, base = (float(cell.row(name)[cell.axis]) for name in (one, other))
    return own / base if base > 0 and not math.isnan(own) else math.inf


def _at_what_cost(cell: Cell, best: str) -> str:
    known = cell.rows[cell.rows[cell.axis].notna() & (cell.rows[cell.axis] > 0)]
    if best not in set(known["strategy"]) or len(known) < 2:
        return ", shown against every other strategy; what it costs beside them is not known"
    cheapest = str(known.sort_values(cell.axis, kind="stable")["strategy"].iloc[0])
    if cheapest == best:
        return " and the cheapest"
    kept = _kept(cell, cheapest, best)
    return (
        f"; the cheapest, {_name(cheapest)}, keeps {kept} of that at {_cost(cell, cheapest, best)}"
    )


def _cost(cell: Cell, one: str, other: str) -> str:
    ratio = _ratio(cell, one, other)
    what = COSTS.get(cell.axis, "its cost")
    return f"{percent(ratio)} of {what}" if ratio <= 1.5 else f"{ratio:.2g} times {what}"


def _kept(cell: Cell, one: str, base: str) -> str:
    scores, codes = cell.scores
    found = share_of(scores[one], scores[base], codes)
    return _tables.UNKNOWN if found is None else str(found)


def _runner_up(cell: Cell, others: Sequence[str]) -> str:
    rows = cell.rows[cell.rows["strategy"].isin(list(others))]
    ordered = rows.sort_values("score", ascending=False, kind="stable", na_position="last")
    return str(ordered["strategy"].iloc[0])


def _where(places: Sequence[Place]) -> Iterator[str]:
    """Which strategy is ahead on which kinds of questions."""
    for winner in dict.fromkeys(place.winner for place in places):
        own = [place for place in places if place.winner == winner]
        loser = own[0].loser
        listed = "; ".join(f"{place.label} ({place.shown})" for place in own[:MOST_PLACES])
        rest = f"; and {len(own) - MOST_PLACES} more" if len(own) > MOST_PLACES else ""
        yield f"{_name(winner)} is shown to beat {_name(loser)} on {listed}{rest}."
    if places:
        yield "On other kinds of questions no difference between the two is shown."


def _trouble(cell: Cell) -> Iterator[str]:
    yield from _failing(cell)
    clusters = int(cell.rows["clusters"].max())
    if 1 < clusters < ROUGH_BELOW:
        yield f"Intervals are rough: {clusters} documents, fewer than {ROUGH_BELOW}, bear them."


def _failing(cell: Cell) -> Iterator[str]:
    for row in cell.rows.to_dict("records"):
        share = row["failed"] / row["n"]
        if row["failed"] == row["n"]:
            none = f"answered none of its {row['n']:,} questions ({row['failures']})"
            yield f"{_name(row['strategy'])} {none}."
        elif share >= OFTEN:
            failed = f"failed on {percent(share)} of its questions ({row['failures']})"
            yield f"{_name(row['strategy'])} {failed}; they count as 0."


def _score(cell: Cell, strategy: str) -> str:
    row = cell.row(strategy)
    text = f"{cell.metric} {_tables.score(row['score'])}"
    if _tables.unknown(row["low"]):
        return f"{text} [{_tables.UNKNOWN}]"
    return f"{text} [{_tables.score(row['low'])}, {_tables.score(row['high'])}]"


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(map(_name, names[:6]))
    return listed + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _name(strategy: str | None) -> str:
    return _tables.name(strategy, LONGEST)
