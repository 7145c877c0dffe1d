"""Learns what each strategy's answer will be worth from named features and graded answers.

The first strategy is the reference. How much better or worse every other one does than it, on the
same question, is learned directly: the difference holds far less noise than two qualities that are
learned apart. Each target is a blend of boosted trees and ridge regression, weighed by how well
they predict groups (documents) that they were not fitted on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossover.errors import ConfigError, DataError, MissingExtra
from crossover.router import _linear, _trees
from crossover.router._linear import Linear
from crossover.router._trees import Growth, Trees

Numbers = NDArray[np.float64]
FORMAT = 1
# shares of the trees in the blend that are tried
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# a fit on fewer rows than that is linear: trees need more
ROWS_FOR_TREES = 400


@dataclass(frozen=True, slots=True)
class Table:
    """Features of graded rows: a matrix with named columns, NaN where a value is missing."""

    columns: tuple[str, ...]
    values: Numbers

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, float]]) -> Table:
        """Gather rows of features; a column that a row lacks is missing there."""
        columns = tuple(dict.fromkeys(name for row in rows for name in row))
        values = [[row.get(name, math.nan) for name in columns] for row in rows]
        return cls(columns, np.array(values, dtype=np.float64).reshape(len(rows), len(columns)))

    def aligned(self, columns: Sequence[str]) -> Numbers:
        """The values in the order of other columns; NaN for those that are not here."""
        place = {name: at for at, name in enumerate(self.columns)}
        found = np.full((len(self.values), len(columns)), math.nan)
        for at, name in enumerate(columns):
            if name in place:
                found[:, at] = self.values[:, place[name]]
        # infinite values say no more than missing ones
        return np.where(np.isfinite(found), found, math.nan)


@dataclass(frozen=True, slots=True)
class Options:
    """How a learner is fitted; ``penalty`` and rows are those of the training data."""

    growth: Growth = Growth()
    penalty: float = 3000.0
    folds: int = 3
    seeds: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Blend:
    """Trees and a linear model of one target; ``share`` is the trees' weight."""

    linear: Linear
    trees: Trees | None
    share: float

    def predict(self, matrix: Numbers) -> Numbers:
        """Predict each row."""
        plain = self.linear.predict(matrix)
        if self.trees is None or not self.share:
            return plain
        return self.share * self.trees.predict(matrix) + (1 - self.share) * plain

    def to_json(self) -> dict[str, Any]:
        """Numbers and lists only."""
        trees = self.trees.to_json() if self.trees and self.share else None
        return {"share": self.share, "linear": self.linear.to_json(), "trees": trees}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], columns: int) -> Blend:
        """Read what ``to_json`` wrote; raises ValueError where it is of other columns."""
        trees = Trees.from_json(stored["trees"]) if stored["trees"] else None
        linear = Linear.from_json(stored["linear"])
        if len(linear.weight) != columns or (trees and trees.column.max() >= columns):
            raise ValueError(f"a model of other than {columns} columns")
        return cls(linear, trees, float(stored["share"]))


@dataclass(frozen=True, slots=True)
class Learner:
    """Predicts the quality of every strategy's answer; needs numpy alone.

    ``level`` predicts the first strategy's quality, ``gains`` what each other adds to it.
    ``offsets`` are what a model of its own adds to each strategy, see ``adapted``.
    """

    strategies: tuple[str, ...]
    columns: tuple[str, ...]
    level: Blend
    gains: tuple[Blend, ...]
    offsets: tuple[float, ...] = ()

    def predict(self, table: Table) -> Numbers:
        """Expected quality, one row for each of the table's and one column for each strategy."""
        matrix = table.aligned(self.columns)
        level = self.level.predict(matrix)
        each = [level, *(level + gain.predict(matrix) for gain in self.gains)]
        found: Numbers = np.stack(each, axis=1) + np.array(self.offsets or (0.0,))
        return found

    def expect(self, features: Mapping[str, float]) -> dict[str, float]:
        """Expected quality of each strategy for one question."""
        [row] = self.predict(Table.of([features])).tolist()
        return dict(zip(self.strategies, row, strict=True))

    def reasons(self, features: Mapping[str, float], strategy: str) -> list[tuple[str, float]]:
        """What speaks for (> 0) or against a strategy beside the first, the strongest first.

        By the linear part: what each feature adds to the expected gain.
        """
        if strategy not in self.strategies[1:]:
            return []
        gain = self.gains[self.strategies.index(strategy) - 1]
        parts = gain.linear.parts(Table.of([features]).aligned(self.columns)[0])
        found = [(n, float(p)) for n, p in zip(self.columns, parts, strict=True) if p]
        return sorted(found, key=lambda pair: -abs(pair[1]))

    def adapted(self, table: Table, qualities: Numbers, strength: float = 30.0) -> Learner:
        """Shift to a new model by its few graded rows; ``strength`` rows hold the shift back."""
        missed = _checked(table, qualities, self.strategies) - self.predict(table)
        count = (~np.isnan(missed)).sum(0)
        shift = np.nansum(missed, 0) / (count + strength)
        return replace(self, offsets=tuple((np.array(self.offsets or (0.0,)) + shift).tolist()))

    def to_json(self) -> dict[str, Any]:
        """Text, numbers and lists only, versioned."""
        return {
            "format": FORMAT,
            "strategies": list(self.strategies),
            "columns": list(self.columns),
            "level": self.level.to_json(),
            "gains": [gain.to_json() for gain in self.gains],
            "offsets": list(self.offsets),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Learner:
        """Read what ``to_json`` wrote; raises DataError where that is something else."""
        if stored.get("format") != FORMAT:
            raise DataError(f"a learner of format {stored.get('format')!r}; expected {FORMAT}")
        try:
            columns, strategies = tuple(stored["columns"]), tuple(stored["strategies"])
            level, *gains = (
                Blend.from_json(blend, len(columns))
                for blend in (stored["level"], *stored["gains"])
            )
            if len(gains) != len(strategies) - 1:
                raise ValueError(f"{len(gains)} gains for {len(strategies)} strategies")
            return cls(strategies, columns, level, tuple(gains), tuple(stored["offsets"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"a damaged learner: {error}") from None


@dataclass(frozen=True, slots=True)
class Fitted:
    """A learner, and what it predicted for its own rows while their group was held out.

    Thresholds, calibration and reported figures belong on ``held_out``, never on what the learner
    says about rows that it was fitted on. NaN where a strategy has no grade anywhere.
    """

    learner: Learner
    held_out: Numbers = field(repr=False)


def fit(
    table: Table,
    qualities: Numbers,
    strategies: Sequence[str],
    groups: Sequence[str],
    options: Options | None = None,
) -> Fitted:
    """Fit on rows × strategies of qualities, NaN where an answer is not graded.

    Rows of one group (document) are held out together. Raises ConfigError for fewer than two
    strategies or groups, DataError for shapes that do not fit, MissingExtra without scikit-learn.
    """
    options = options or Options()
    qualities = _checked(table, qualities, strategies)
    if len(strategies) < 2 or len(set(groups)) < 2:
        raise ConfigError("a router learns from at least two strategies and two documents")
    if len(groups) != len(qualities):
        raise DataError(f"{len(groups)} groups stand for {len(qualities)} rows")
    matrix = table.aligned(table.columns)
    folds = group_folds(groups, options.folds, options.seed)
    targets = [qualities[:, 0], *(qualities[:, 1:] - qualities[:, :1]).T]
    for name, target in zip(strategies, targets, strict=True):
        if np.isnan(target).all():
            raise DataError(f"no question has graded answers of {strategies[0]} and {name}")
    blends, held = zip(
        *(
            # which strategy is better hangs on the gains alone: a line will do for the level
            _blend(matrix, target, folds, options, trees=at > 0)
            for at, target in enumerate(targets)
        ),
        strict=True,
    )
    learner = Learner(tuple(strategies), table.columns, blends[0], tuple(blends[1:]))
    return Fitted(learner, np.stack([held[0], *(held[0] + gain for gain in held[1:])], axis=1))


def _blend(
    matrix: Numbers,
    target: Numbers,
    folds: Numbers,
    options: Options,
    *,
    trees: bool,
) -> tuple[Blend, Numbers]:
    """Fit one target, and predict every row by what was fitted on the other folds."""
    known = ~np.isnan(target)
    forest = trees and known.sum() >= ROWS_FOR_TREES
    plain, grown = np.zeros(len(target)), np.zeros(len(target))
    for fold in np.unique(folds):
        rows, rest = folds == fold, (folds != fold) & known
        if not rest.any():
            continue
        kept = matrix[rest], target[rest]
        plain[rows] = _linear.fit(*kept, _penalty(options, len(kept[1]))).predict(matrix[rows])
        if forest:
            grown[rows] = _grow(*kept, options, 1).predict(matrix[rows])
    share = _best_share(plain[known], grown[known], target[known]) if forest else 0.0
    kept = matrix[known], target[known]
    grove = _grow(*kept, options, options.seeds) if share else None
    linear = _linear.fit(*kept, _penalty(options, len(kept[1])))
    return Blend(linear, grove, share), share * grown + (1 - share) * plain


def _penalty(options: Options, rows: int) -> float:
    """Less of it for fewer rows, but never so little that noise is learned."""
    return min(options.penalty, max(50.0, rows / 4))


def _grow(matrix: Numbers, target: Numbers, options: Options, seeds: int) -> Trees:
    growth = options.growth
    few = replace(growth, rows_in_leaf=max(10, min(growth.rows_in_leaf, len(target) // 50)))
    try:
        return _trees.grow(matrix, target, range(options.seed, options.seed + seeds), few)
    except ImportError:
        raise MissingExtra("scikit-learn", "rag", "fitting a router") from None


def _best_share(plain: Numbers, grown: Numbers, target: Numbers) -> float:
    """The trees' share that predicts held-out rows best."""

    def loss(share: float) -> float:
        return float(((share * grown + (1 - share) * plain - target) ** 2).sum())

    return min(SHARES, key=loss)


def group_folds(groups: Sequence[str], count: int, seed: int) -> Numbers:
    """Folds of whole groups with about as many rows each, drawn anew for each seed."""
    names = sorted(set(groups))
    np.random.default_rng(seed).shuffle(names)
    sizes = dict.fromkeys(names, 0)
    for group in groups:
        sizes[group] += 1
    held, fold = [0] * min(count, len(names)), {}
    for name in sorted(names, key=lambda name: -sizes[name]):
        fold[name] = held.index(min(held))
        held[fold[name]] += sizes[name]
    return np.array([fold[group] for group in groups], dtype=np.float64)


def _checked(table: Table, qualities: Numbers, strategies: Sequence[str]) -> Numbers:
    found = np.asarray(qualities, dtype=np.float64)
    if found.shape != (len(table.values), len(strategies)):
        raise DataError(
            f"qualities of shape {found.shape} for {len(table.values)} rows and "
            f"{len(strategies)} strategies"
        )
    return found
