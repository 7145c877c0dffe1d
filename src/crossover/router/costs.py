"""What each strategy is expected to cost on documents of a length, as seen in graded runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossover.router.objective import UNITS

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Cost over the documents' tokens: a straight line, within what was seen."""

    base: float
    slope: float
    low: float
    high: float

    @classmethod
    def of(cls, tokens: Numbers, costs: Numbers) -> Line | None:
        """Fit by least squares where the cost is known; None where it never is."""
        known = np.isfinite(costs)
        if not known.any():
            return None
        spread = np.isfinite(tokens) & known
        low, high = float(costs[known].min()), float(costs[known].max())
        if spread.sum() < 3 or np.ptp(tokens[spread]) == 0:
            return cls(float(costs[known].mean()), 0.0, low, high)
        slope, base = np.polyfit(tokens[spread], costs[spread], 1)
        return cls(float(base), max(float(slope), 0.0), low, high)

    def at(self, tokens: float | None, scale: float = 1.0) -> float:
        """The expected cost; of documents of unknown length, that in the middle of the range."""
        if tokens is None:
            return scale * (self.low + self.high) / 2
        return scale * min(max(self.base + self.slope * tokens, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Costs:
    """Lines by strategy and unit; ``scales`` say how much dearer a model is than all together."""

    lines: Mapping[str, Mapping[str, Line]]
    scales: Mapping[str, Mapping[str, float]]

    def of(self, strategy: str, unit: str, tokens: float | None, model: str) -> float | None:
        """What a strategy is expected to cost in a unit; None where that was never seen."""
        line = self.lines.get(strategy, {}).get(unit)
        if line is None:
            return None
        return line.at(tokens, self.scales.get(model, {}).get(unit, 1.0))

    def to_json(self) -> dict[str, Any]:
        """Text and numbers only."""
        lines = {
            name: {unit: [line.base, line.slope, line.low, line.high] for unit, line in by.items()}
            for name, by in self.lines.items()
        }
        return {"lines": lines, "scales": {name: dict(by) for name, by in self.scales.items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Costs:
        """Read what ``to_json`` wrote."""
        lines = {
            name: {unit: Line(*map(float, values)) for unit, values in by.items()}
            for name, by in stored["lines"].items()
        }
        return cls(lines, stored["scales"])


def fitted(
    strategies: list[str], tokens: Numbers, costs: Mapping[str, Numbers], models: list[str]
) -> Costs:
    """Fit on rows: documents' tokens, costs by unit (rows × strategies), each row's model."""
    lines: dict[str, dict[str, Line]] = {}
    for at, name in enumerate(strategies):
        found = {unit: Line.of(tokens, costs[unit][:, at]) for unit in UNITS if unit in costs}
        lines[name] = {unit: line for unit, line in found.items() if line}
    names = np.array(models)
    scales = {model: _scales(names == model, costs) for model in dict.fromkeys(models)}
    return Costs(lines, scales)


def _scales(rows: NDArray[np.bool_], costs: Mapping[str, Numbers]) -> dict[str, float]:
    """A model's mean cost over that of all models, unit by unit."""
    found = {}
    for unit, table in costs.items():
        own, whole = table[rows], table
        if np.isfinite(own).any() and np.nanmean(whole) > 0:
            found[unit] = float(np.nanmean(own) / np.nanmean(whole))
    return found
