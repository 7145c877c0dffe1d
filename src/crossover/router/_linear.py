"""Ridge regression on standardised columns; a missing value counts as the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# standardised values beyond this are pulled in: what training never saw must not run away
FARTHEST = 4.0


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of standardised columns; a missing value counts as the mean."""

    base: float
    mean: Numbers
    scale: Numbers
    weight: Numbers

    def predict(self, matrix: Numbers) -> Numbers:
        """Predict each row of a matrix whose columns are those it was fitted on."""
        found: Numbers = self.base + _standard(matrix, self.mean, self.scale) @ self.weight
        return found

    def parts(self, row: Numbers) -> Numbers:
        """What each column adds to the prediction for one row."""
        found: Numbers = _standard(row[None], self.mean, self.scale)[0] * self.weight
        return found

    def to_json(self) -> dict[str, Any]:
        """Numbers and lists only."""
        lists = {name: getattr(self, name).tolist() for name in ("mean", "scale", "weight")}
        return {"base": self.base, **lists}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Linear:
        """Read what ``to_json`` wrote."""
        lists = (np.array(stored[name], dtype=np.float64) for name in ("mean", "scale", "weight"))
        return cls(float(stored["base"]), *lists)


def fit(matrix: Numbers, target: Numbers, penalty: float) -> Linear:
    """Fit in closed form; ``penalty`` is in rows: that many rows of zeros for each column."""
    given = ~np.isnan(matrix)
    known = np.maximum(given.sum(0), 1e-12)
    mean = np.where(given, matrix, 0.0).sum(0) / known
    spread = (np.where(given, matrix - mean, 0.0) ** 2).sum(0) / known
    scale = np.where(spread > 1e-12, np.sqrt(np.maximum(spread, 1e-12)), 1.0)
    columns = _standard(matrix, mean, scale)
    centre = columns.mean(0)
    base = float(target.mean())
    centred = columns - centre
    moments = centred.T @ centred + penalty * np.eye(matrix.shape[1])
    weight = np.linalg.solve(moments, centred.T @ (target - base))
    return Linear(base - float(centre @ weight), mean, scale, weight)


def _standard(matrix: Numbers, mean: Numbers, scale: Numbers) -> Numbers:
    found = np.clip((matrix - mean) / scale, -FARTHEST, FARTHEST)
    return np.where(np.isnan(found), 0.0, found)
