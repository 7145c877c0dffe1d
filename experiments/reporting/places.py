"""Where one strategy beats another: tags, and tags taken together, on which that is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables
from crossover.experiments._summary import TAG
from crossover.experiments.reporting.facts import SURE, Cell, usable_tags
from crossover.experiments.statistics import ROUGH_BELOW, clustered_mean

if TYPE_CHECKING:
    from pandas import DataFrame

PAIRED_TAGS = 4


@dataclass(frozen=True)
class Place:
    """A kind of questions on which a strategy is ahead of another."""

    values: frozenset[tuple[str, str]]
    label: str
    winner: str
    loser: str
    difference: float
    low: float
    high: float

    @property
    def shown(self) -> str:
        """The lead with its interval."""
        return f"+{self.difference:.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def wins(cell: Cell, one: str, other: str) -> list[Place]:
    """The kinds of questions on which either strategy beats the other, most general ones first.

    Each difference is tested by Student's t on the clustered error, Holm-corrected over all kinds
    looked at; kinds on fewer than ten documents are not. A kind within one that is listed for the
    same strategy is left out. Empty where one strategy is ahead on every kind: the lead is general.
    """
    from crossover.experiments.inference.flipping import holm

    found = list(_differences(cell, one, other))
    if not found:
        return []
    adjusted = holm([p for *_, p in found])
    places = list[Place]()
    for (values, apart, _), p in zip(found, adjusted, strict=True):
        place = _place(values, apart, one, other)
        within = any(p.winner == place.winner and p.values < place.values for p in places)
        if p < SURE and apart.low is not None and not within:
            places.append(place)
    singles = [values for values, *_ in found if len(values) == 1]
    everywhere = {p.winner for p in places if len(p.values) == 1}
    general = len(everywhere) == 1 and sum(len(p.values) == 1 for p in places) == len(singles)
    return [] if general else places


def _differences(cell: Cell, one: str, other: str) -> Iterator[tuple[Any, Any, float]]:
    import pandas as pd

    scores, codes = cell.scores
    apart = (scores[one] - scores[other]).to_numpy(float)
    tags = usable_tags(cell.frame)
    kinds = cell.frame.groupby("example")[tags].first().loc[scores.index] if tags else None
    if kinds is None:
        return
    table = pd.DataFrame({"apart": apart, "code": codes}, index=scores.index).join(kinds).dropna()
    together = [*((tag,) for tag in tags), *combinations(tags[:PAIRED_TAGS], 2)]
    for chosen in together:
        for key, part in table.groupby(list(chosen), sort=False):
            if part["code"].nunique() >= ROUGH_BELOW:
                values = frozenset(zip(chosen, map(str, key), strict=True))
                groups = part["code"].astype(str).to_numpy(object)
                found = clustered_mean(part["apart"].to_numpy(float), groups, share=False)
                yield values, found, _p(part)


def _p(part: DataFrame) -> float:
    import pandas as pd
    from scipy.stats import t

    from crossover.experiments.statistics import spread

    numbers = part["apart"].to_numpy(float)
    found = spread(numbers, pd.factorize(part["code"])[0])
    if found.error <= 0:
        return 1.0
    return float(2 * t.sf(abs(numbers.mean()) / found.error, found.freedom))


def _place(values: frozenset[tuple[str, str]], apart: Any, one: str, other: str) -> Place:
    ordered = sorted(values)
    label = " and ".join(
        f"{_tables.name(tag.removeprefix(TAG))} {_tables.name(v)}" for tag, v in ordered
    )
    if apart.mean >= 0:
        return Place(values, label, one, other, apart.mean, apart.low or 0.0, apart.high or 0.0)
    low, high = -(apart.high or 0.0), -(apart.low or 0.0)
    return Place(values, label, other, one, -apart.mean, low, high)
