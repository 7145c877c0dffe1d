"""Boosted regression trees as plain arrays: grown by scikit-learn, read without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
# digits kept of leaves in the artefact; thresholds stay exact: values may lie on them
DIGITS = 7


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees are grown; few leaves, many rows in each and half the columns hold noise down."""

    rounds: int = 80
    leaves: int = 24
    depth: int = 8
    rows_in_leaf: int = 60
    rate: float = 0.06
    columns: float = 0.3
    shrinkage: float = 10.0


@dataclass(frozen=True, slots=True)
class Trees:
    """Nodes of all trees in a row: a leaf leads to itself, a missing value where ``missing`` says.

    The prediction is ``base`` plus the mean over ensembles of the sum of the leaves.
    """

    base: float
    ensembles: int
    roots: Places
    column: Places
    threshold: Numbers
    left: Places
    right: Places
    missing: Places
    value: Numbers
    depth: int

    def predict(self, matrix: Numbers) -> Numbers:
        """Predict each row of a matrix whose columns are those it was grown on."""
        found = np.empty(len(matrix))
        for first in range(0, len(matrix), 1024):
            found[first : first + 1024] = self._predict(matrix[first : first + 1024])
        return found

    def _predict(self, matrix: Numbers) -> Numbers:
        rows = np.arange(len(matrix))[:, None]
        at = np.broadcast_to(self.roots, (len(matrix), len(self.roots)))
        for _ in range(self.depth):
            given = matrix[rows, self.column[at]]
            lower = np.where(given <= self.threshold[at], self.left[at], self.right[at])
            at = np.where(np.isnan(given), self.missing[at], lower)
        total: Numbers = self.value[at].sum(1)
        return self.base + total / self.ensembles

    def to_json(self) -> dict[str, Any]:
        """Numbers and lists only."""
        lists = {name: getattr(self, name).tolist() for name in _INTEGERS}
        leaves = [float(f"{value:.{DIGITS}g}") for value in self.value.tolist()]
        whole = {"base": self.base, "ensembles": self.ensembles, "depth": self.depth}
        return {**whole, **lists, "threshold": self.threshold.tolist(), "value": leaves}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Trees:
        """Read what ``to_json`` wrote; raises ValueError where nodes lead out of the trees."""
        roots, column, left, right, missing = (
            np.array(stored[name], dtype=np.int64) for name in _INTEGERS
        )
        threshold, value = (np.array(stored[name], dtype=np.float64) for name in _NUMBERS)
        nodes = (column, left, right, missing, threshold)
        if any(len(each) != len(value) for each in nodes):
            raise ValueError("the trees' nodes are not all there")
        if any(_outside(each, len(value)) for each in (roots, left, right, missing)):
            raise ValueError("the trees' nodes lead nowhere")
        return cls(
            base=float(stored["base"]),
            ensembles=max(1, int(stored["ensembles"])),
            roots=roots,
            column=column,
            threshold=threshold,
            left=left,
            right=right,
            missing=missing,
            value=value,
            depth=int(stored["depth"]),
        )


def _outside(places: Places, size: int) -> bool:
    return not len(places) or bool(places.min() < 0 or places.max() >= size)


_INTEGERS = ("roots", "column", "left", "right", "missing")
_NUMBERS = ("threshold", "value")


def grow(matrix: Numbers, target: Numbers, seeds: Sequence[int], growth: Growth) -> Trees:
    """Grow one ensemble for each seed; raises MissingExtra without scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    # a column without any value splits nothing, and scikit-learn fails on it
    matrix = np.where(np.isnan(matrix).all(0), 0.0, matrix)
    found = []
    for seed in seeds:
        model = HistGradientBoostingRegressor(
            learning_rate=growth.rate,
            max_iter=growth.rounds,
            max_leaf_nodes=growth.leaves,
            max_depth=growth.depth,
            min_samples_leaf=growth.rows_in_leaf,
            l2_regularization=growth.shrinkage,
            max_features=growth.columns,
            early_stopping=False,
            random_state=seed,
        )
        # its threads wait for one another busily: beside other work they take three times as long
        with threadpool_limits(1, "openmp"):
            found.append(model.fit(matrix, target))
    return _flat(found)


def _flat(models: Sequence[Any]) -> Trees:
    """Copy the nodes out of scikit-learn's trees, numbered through."""
    parts: dict[str, list[Any]] = {name: [] for name in (*_INTEGERS, *_NUMBERS)}
    size = depth = 0
    for nodes in (tree.nodes for model in models for (tree,) in model._predictors):
        own = np.arange(len(nodes)) + size
        leaf = nodes["is_leaf"].astype(bool)
        left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
        lower, upper = np.where(leaf, own, left + size), np.where(leaf, own, right + size)
        parts["roots"].append([size])
        parts["column"].append(np.where(leaf, 0, nodes["feature_idx"]))
        parts["left"].append(lower)
        parts["right"].append(upper)
        parts["missing"].append(np.where(nodes["missing_go_to_left"], lower, upper))
        # +inf stands where only missing values go right; JSON has no such number
        parts["threshold"].append(np.where(leaf, 0.0, np.clip(nodes["num_threshold"], -1e30, 1e30)))
        parts["value"].append(np.where(leaf, nodes["value"], 0.0))
        size, depth = size + len(nodes), max(depth, int(nodes["depth"].max()))
    base = float(np.mean([np.ravel(model._baseline_prediction)[0] for model in models]))
    lists = {name: np.concatenate(part).tolist() for name, part in parts.items()}
    return Trees.from_json({"base": base, "ensembles": len(models), "depth": depth, **lists})
