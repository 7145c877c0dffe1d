"""How often intervals hold the truth, and tests reject it, over many simulated result sets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crossover.experiments.inference.crossing import Crossing, crossing
from crossover.experiments.inference.effects import odds_ratio, standardised
from crossover.experiments.inference.flipping import flipped_p
from crossover.experiments.inference.simulation import (
    Kind,
    Scenario,
    data_sets,
    truth,
    without_difference,
)
from crossover.experiments.statistics import clustered_mean, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SHORTEST, LONGEST, CROSSES_AT = 8.0, 128.0, 27.0
Shape = Literal["line", "bend", "cliff", "above", "below", "nearly", "nothing"]


def coverage(scenario: Scenario, clusters: int, count: int) -> dict[str, float]:
    """Shares of 95 % intervals that hold the truth: of mean, difference and effect sizes."""
    true = truth(scenario)
    held = dict.fromkeys(("mean", "difference", "standardised", "odds ratio"), 0)
    for pairs in data_sets(scenario, clusters, count):
        apart = pairs.own - pairs.other
        freedom = spread(apart, pairs.groups).freedom
        mean = clustered_mean(pairs.own, pairs.groups)
        difference = clustered_mean(apart, pairs.groups, share=False)
        effect = standardised(apart, pairs.groups, freedom)
        held["mean"] += _holds(mean.low, mean.high, true["mean"])
        held["difference"] += _holds(difference.low, difference.high, true["difference"])
        held["standardised"] += _holds(effect.low, effect.high, true["standardised"])
        if scenario.kind == "binary":
            odds = odds_ratio(apart, pairs.groups, freedom)
            held["odds ratio"] += _holds(odds.low, odds.high, math.exp(true["log_odds"]))
    shares = {name: times / count for name, times in held.items()}
    return shares if scenario.kind == "binary" else shares | {"odds ratio": float("nan")}


def size(scenario: Scenario, clusters: int, count: int, alpha: float = 0.05) -> float:
    """Share of data sets without a difference in which the paired test finds one."""
    import numpy as np

    sums, sizes = [], []
    for pairs in data_sets(without_difference(scenario), clusters, count, seed=1):
        sums.append(np.bincount(pairs.groups, pairs.own - pairs.other))
        sizes.append(np.bincount(pairs.groups).astype(float))
    return float((flipped_p(np.stack(sums, axis=1), np.stack(sizes, axis=1)) <= alpha).mean())


@dataclass(frozen=True, slots=True)
class Lead:
    """How the lead of one strategy depends on length, and how lengths fall on documents."""

    shape: Shape
    kind: Kind = "graded"
    within: bool = False
    levels: bool = False

    @property
    def crosses(self) -> bool:
        """Whether the true lead changes sign in the range of lengths."""
        return self.shape in ("line", "bend", "cliff")


def leads(lead: Lead, clusters: int, count: int) -> Iterator[Crossing]:
    """Find the crossover point of so many data sets."""
    import numpy as np

    generator = np.random.default_rng(clusters)
    for _ in range(count):
        yield crossing(*_drawn(lead, clusters, generator))


def found_crossings(lead: Lead, clusters: int, count: int) -> dict[str, float]:
    """Shares of data sets in which the crossover point is right, wrong, and in which it is found.

    Where the lead crosses, right is an interval that holds the point; where it does not, a verdict
    other than the opposite one and than ``crosses``. ``settled`` is how often there is a verdict.
    """
    right = settled = 0
    for found in leads(lead, clusters, count):
        settled += found.verdict != "not settled"
        if lead.crosses:
            right += _holds(found.low, found.high, CROSSES_AT)
        else:
            right += found.verdict in _allowed(lead)
    return {"right": right / count, "settled": settled / count}


def _allowed(lead: Lead) -> tuple[str, ...]:
    verdicts = {"above": "always", "nearly": "always", "below": "never"}
    return (verdicts.get(lead.shape, ""), "not settled")


def _drawn(
    lead: Lead, clusters: int, generator: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    import numpy as np

    groups = np.repeat(np.arange(clusters), generator.integers(3, 25, clusters))
    places = len(groups) if lead.within else clusters
    if lead.levels:
        x = generator.choice(np.geomspace(SHORTEST, LONGEST, 5), places)
    else:
        x = np.exp(generator.uniform(math.log(SHORTEST), math.log(LONGEST), places))
    x = x if lead.within else x[groups]
    gap = _gap(lead.shape, np.log2(x / CROSSES_AT)) + generator.normal(0, 0.08, clusters)[groups]
    if lead.kind == "graded":
        return x, gap + generator.normal(0, 0.3, len(groups)), groups
    ease = generator.beta(3, 2, clusters)[groups]
    # chances that would leave 0-1 are moved together, so that their difference stays
    ease = np.clip(ease, np.abs(gap) / 2, 1 - np.abs(gap) / 2)
    one, other = (generator.random(len(groups)) < ease + half * gap for half in (0.5, -0.5))
    return x, one.astype(float) - other, groups


def _gap(shape: Shape, octaves: Floats) -> Floats:
    import numpy as np

    gaps: dict[Shape, Floats] = {
        "line": 0.1 * octaves,
        "bend": 0.25 * np.tanh(octaves),
        "cliff": np.where(octaves > 0, 0.2, -0.2),
        "above": np.full_like(octaves, 0.2),
        "below": np.full_like(octaves, -0.2),
        "nearly": 0.02 + 0.08 * np.abs(octaves),
        "nothing": np.zeros_like(octaves),
    }
    return gaps[shape]


def _holds(low: float | None, high: float | None, true: float) -> bool:
    return low is not None and high is not None and low <= true <= high
