"""What a router would have chosen on graded rows, and the price that meets its objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossover.experiments.routing.outcomes import Outcomes
from crossover.router.artefact import Caution, chosen_price
from crossover.router.costs import Costs
from crossover.router.objective import UNITS, Objective

Numbers = NDArray[np.float64]
Choice = NDArray[np.intp]
# prices are tried that make the mean cost of the dearest strategy worth so much quality
PRICES = (0.0, *np.geomspace(0.002, 2.0, 40).tolist())


@dataclass(frozen=True)
class Forecast:
    """Expected qualities and costs of rows on which nothing was fitted (rows × strategies)."""

    quality: Numbers
    costs: Mapping[str, Numbers]
    cascade: bool

    def chosen(self, prices: Mapping[str, float]) -> Choice:
        """The strategy of most worth; in a cascade the first one is paid for already."""
        return np.asarray(self.worth(prices).argmax(1), dtype=np.intp)

    def worth(self, prices: Mapping[str, float]) -> Numbers:
        """Expected quality less the price of what is still to be paid."""
        paid = np.ones(self.quality.shape[1])
        paid[0] = 0.0 if self.cascade else 1.0
        priced = sum(prices.get(unit, 0.0) * table for unit, table in self.costs.items())
        return np.asarray(self.quality - paid * priced)

    def rows(self, chosen: NDArray[np.bool_]) -> Forecast:
        """Some of the rows."""
        costs = {unit: table[chosen] for unit, table in self.costs.items()}
        return Forecast(self.quality[chosen], costs, self.cascade)


def forecast(outcomes: Outcomes, quality: Numbers, costs: Costs, cascade: bool) -> Forecast:
    """Join expected qualities with the costs that are expected of each row's documents."""
    tables: dict[str, Numbers] = {
        unit: np.array(
            [
                [costs.of(name, unit, tokens, model) or 0.0 for name in outcomes.strategies]
                for tokens, model in zip(outcomes.tokens, outcomes.models, strict=True)
            ]
        )
        for unit in UNITS
        if unit in outcomes.costs
    }
    return Forecast(quality, tables, cascade)


def quality_of(outcomes: Outcomes, chosen: Choice) -> Numbers:
    """What the choices were worth."""
    return np.asarray(np.take_along_axis(outcomes.quality, chosen[:, None], 1)[:, 0])


def cost_of(outcomes: Outcomes, chosen: Choice, unit: str, cascade: bool) -> Numbers:
    """What they cost: in a cascade also the first pass of those that were escalated."""
    table = outcomes.costs[unit]
    own = np.take_along_axis(table, chosen[:, None], 1)[:, 0]
    return np.asarray(own + np.where(chosen > 0, table[:, 0], 0.0) if cascade else own)


def frontier(outcomes: Outcomes, expected: Forecast, unit: str) -> list[dict[str, Any]]:
    """Quality, cost and shares for a range of prices: every objective is a point of it."""
    means = outcomes.costs[unit].mean(0)
    ends = {"dearest": float(means.max()), "best": float(outcomes.quality.mean(0).max())}
    points = []
    for worth in PRICES:
        price = worth / ends["dearest"] if ends["dearest"] else 0.0
        chosen = expected.chosen({unit: price})
        shares = np.bincount(chosen, minlength=len(outcomes.strategies)) / len(chosen)
        points.append(
            {
                "price": price,
                "quality": float(quality_of(outcomes, chosen).mean()),
                "cost": float(cost_of(outcomes, chosen, unit, expected.cascade).mean()),
                "shares": dict(zip(outcomes.strategies, shares.round(6).tolist(), strict=True)),
                **ends,
            }
        )
    return points


def prices_for(
    aim: Objective, unit: str, outcomes: Outcomes, expected: Forecast
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """The prices that meet an objective on these rows, and the frontier they are read off."""
    points = frontier(outcomes, expected, unit)
    if aim.kind == "tradeoff":
        return {
            "tokens": aim.token / 1e6,
            "dollars": aim.dollar,
            "seconds": aim.second,
        }, points
    return {unit: chosen_price(aim, points)}, points


def cross_chosen(
    aim: Objective, unit: str, outcomes: Outcomes, expected: Forecast, folds: Numbers
) -> Choice:
    """Choices by prices that were set on the other folds alone."""
    chosen = np.zeros(len(outcomes), dtype=np.intp)
    for fold in np.unique(folds):
        here = folds == fold
        prices, _ = prices_for(aim, unit, outcomes.rows(~here), expected.rows(~here))
        chosen[here] = expected.rows(here).chosen(prices)
    return chosen


def careful(chosen: Choice, worth: Numbers, strategies: Sequence[str], caution: Caution) -> Choice:
    """The safe strategy where the margin over it is below the threshold."""
    at = list(strategies).index(caution.safe)
    margins = np.take_along_axis(worth, chosen[:, None], 1)[:, 0] - worth[:, at]
    return np.asarray(np.where(margins < caution.threshold, at, chosen), dtype=np.intp)
