"""The paired comparisons as a table whose marks say what is shown and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables
from crossover.experiments.reporting.facts import SURE, settled

if TYPE_CHECKING:
    from pandas import DataFrame

CLOSE = 0.05
BETTER, WORSE, SAME, OPEN = "▲ better", "▼ worse", "≈ close", "? open"
MEANING = {
    BETTER: "shown: the interval lies above 0 and p, Holm-corrected for all comparisons of the "
    f"dataset, is below {SURE:.2f}",
    WORSE: f"shown: the interval lies below 0 and the corrected p is below {SURE:.2f}",
    SAME: f"no difference is shown, and the whole interval lies within ±{CLOSE:.2f}",
    OPEN: "not settled: the questions asked can tell neither",
}


def with_marks(pairs: DataFrame) -> DataFrame:
    """The comparisons with what each one shows, and how many more questions would settle it."""
    import pandas as pd

    rows = pairs.to_dict("records")
    marks = [mark(row) for row in rows]
    more = [_more(row, found) for row, found in zip(rows, marks, strict=True)]
    return pairs.assign(
        mark=marks,
        more=pd.Series(more, index=pairs.index),
        difference_low=pairs["low"],
        difference_high=pairs["high"],
    )


def mark(row: Mapping[Any, Any]) -> str:
    """What a comparison shows."""
    if settled(row):
        return BETTER if row["difference"] > 0 else WORSE
    ends = (row["low"], row["high"])
    known = not any(_tables.unknown(end) for end in ends)
    return SAME if known and max(map(abs, ends)) <= CLOSE else OPEN


def pair_columns(table: DataFrame) -> list[_tables.Column]:
    """What the table of comparisons shows."""
    several = table["model"].nunique() > 1
    kinds = list(table["effect_kind"].dropna().unique())
    effect = kinds[0] if len(kinds) == 1 else "effect"
    text, number = _tables.Column, _tables.Column
    return [
        *([text("", "model", "model", _tables.name, False)] if several else []),
        text("", "strategy", "strategy", _tables.name, False),
        text("", "against", "against", _tables.name, False),
        text("", "shown", "mark", str, False),
        number("difference", "[95 %]", "difference", _tables.signed),
        number("p", "corrected", "p_holm", _tables.probability),
        number("p", "alone", "p", _tables.probability),
        number("more questions", "to settle it", "more", _needed),
        number("", effect, "effect", _effect),
        number("least difference", "found 4 times in 5", "detectable", _tables.score),
        number("", "n", "n", _tables.whole),
        number("", "documents", "clusters", _tables.whole),
    ]


def legend(table: DataFrame) -> list[tuple[str, str]]:
    """What the marks that a table holds mean."""
    there = set(table["mark"])
    return [(sign, meaning) for sign, meaning in MEANING.items() if sign in there]


def _more(row: Mapping[Any, Any], found: str) -> float | None:
    """How many more questions an open comparison needs; None where no number is known."""
    if found in (BETTER, WORSE):
        return 0.0
    wanted = row["questions_to_settle"]
    return None if _tables.unknown(wanted) else max(float(wanted - row["n"]), 1.0)


def _needed(value: Any) -> str:
    if _tables.unknown(value):
        return _tables.UNKNOWN
    return "" if value == 0 else f"about {float(f'{value:.2g}'):,.0f}"


def _effect(value: Any) -> str:
    return "" if _tables.unknown(value) else f"{value:+.2f}"
