"""A router's policy beside the strategies that it chooses among."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables
from crossover.experiments.routing.judging import ROUTER
from crossover.experiments.viewing.deciding import Candidate
from crossover.experiments.viewing.recommending import dollars
from crossover.experiments.viewing.routers import verdict_of
from crossover.router.artefact import Artefact

if TYPE_CHECKING:
    from pandas import DataFrame, Series

SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Policy:
    """A router by what it did on documents held out when it was fitted.

    ``comparable`` where those are the questions of the summary, so that it is a candidate too.
    """

    candidate: Candidate
    comparable: bool
    said: tuple[str, ...]


def policy_of(path: Path, name: str, table: DataFrame) -> Policy | None:
    """Read a router's own verdict; None where it has none. Raises DataError.

    It counts as measured on the questions of ``table`` (one dataset's summary) where its figures
    of every strategy are the summary's.
    """
    artefact = Artefact.load(path)
    verdict = verdict_of(artefact.evaluation)
    own = verdict[verdict["policy"] == ROUTER] if len(verdict) else verdict
    if own.empty:
        return None
    row = own.iloc[0]
    answers = _number(row, "dollars")
    candidate = Candidate(
        name,
        ", ".join(map(str, table["model"].unique())),
        _number(row, "quality"),
        dollars=None if answers is None or "price_as" in table else 1000 * answers,
        policy=True,
    )
    same = _same_questions(verdict, table)
    return Policy(candidate, same, (_said(verdict, row), *_elsewhere(same)))


def _same_questions(verdict: DataFrame, table: DataFrame) -> bool:
    """Whether every strategy of the summary has the quality there that it has here."""
    if table["model"].nunique() > 1:
        return False
    there = dict(zip(verdict["policy"], verdict["quality"], strict=True))
    scores = dict(zip(table["strategy"], table["score"], strict=True))
    shared = set(there) & set(scores)
    return bool(shared) and all(abs(there[one] - scores[one]) <= SAME for one in shared)


def _said(verdict: DataFrame, row: Series[Any]) -> str:
    """The router's figures, and what it gains on the best strategy with its interval."""
    counts = ", ".join(
        f"{verdict.attrs[name]:,} {name}"
        for name in ("questions", "documents")
        if name in verdict.attrs
    )
    spent = f"{_tables.count(_number(row, 'tokens') or float('nan'))} tokens a question"
    money = _number(row, "dollars")
    cost = f"{spent}, {dollars(1000 * money)} per 1,000 questions as billed" if money else spent
    told = f"The router on held-out documents ({counts}): quality {row['quality']:.3f}, {cost}"
    best = verdict[verdict["policy"] == verdict.attrs.get("best", "")]
    if best.empty or _tables.unknown(best["low"].iloc[0]):
        return f"{told}."
    gain = best.iloc[0]
    ends = f"{gain['difference']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}]"
    shown = "shown to differ" if gain["low"] > 0 or gain["high"] < 0 else "not shown to differ"
    return f"{told}; against always {_tables.name(gain['policy'])} {ends}, {shown}."


def _elsewhere(same: bool) -> list[str]:
    if same:
        return []
    return [
        "It was measured on other questions than those looked at here, or on several models "
        "together, so it is not ranked among the strategies."
    ]


def _number(row: Series[Any], name: str) -> float | None:
    value = row.get(name)
    return None if _tables.unknown(value) else float(str(value))
