"""How features, choices and shortfalls were distributed where a router was fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossover.router.learner import Table
from crossover.router.watching import _statistics as statistics

Numbers = NDArray[np.float64]
BINS = 10
# what a model or an embedding is like is no feature of the stream
LEFT_OUT = ("model.", "meaning.")
CHOSEN, DECLINES, REPLY = "choice.", "declines.", "reply."


def reference(
    table: Table,
    groups: Sequence[str],
    chosen: Sequence[str] = (),
    declined: Numbers | None = None,
    expected: Numbers | None = None,
    quality: Numbers | None = None,
) -> dict[str, Any]:
    """How everything was distributed on the rows that a router is fitted on, for its file.

    ``table`` holds the features before and after the first answer, ``groups`` the documents. On
    held-out rows: ``chosen`` strategies, whether the standing answer ``declined``, the quality
    ``expected`` of it and the ``quality`` that it had; each may be left out.
    """
    whole = with_choices(table, chosen, declined)
    names = [name for name in whole.columns if not name.startswith(LEFT_OUT)]
    values, codes = whole.aligned(names), statistics.numbered(groups)
    replied = seen_replies(names, values)
    features = {
        name: _bins(values[:, at], kept_rows(name, values[:, at], replied), codes)
        for at, name in enumerate(names)
    }
    found: dict[str, Any] = {"rows": len(values), "features": features}
    if expected is not None and quality is not None:
        found["shortfall"] = _shortfall(expected - quality, codes)
    return found


def stability_index(now: Numbers | Sequence[float], was: Numbers | Sequence[float]) -> float:
    """The population stability index: 0.1 is customarily a moderate shift, 0.25 a large one."""
    a, b = (np.maximum(np.asarray(one, dtype=float), 1e-4) for one in (now, was))
    return float(((a - b) * np.log(a / b)).sum())


def _shortfall(residuals: Numbers, groups: NDArray[np.intp]) -> dict[str, float]:
    kept = np.isfinite(residuals)
    mean = float(residuals[kept].mean()) if kept.any() else 0.0
    sums = np.bincount(groups[kept], residuals[kept] - mean)
    return {"mean": mean, "error": float(np.sqrt((sums**2).sum())) / max(int(kept.sum()), 1)}


def with_choices(
    table: Table,
    chosen: Sequence[str],
    declined: Numbers | None,
    wanted: Sequence[str] = (),
) -> Table:
    """The table with a column for each strategy's choice, and for how often its answers decline."""
    if not len(chosen):
        return table
    names, made = np.array(chosen, dtype=str), dict[str, Numbers]()
    for name in sorted(set(chosen)):
        made[CHOSEN + name] = (names == name).astype(float)
        if declined is not None:
            made[DECLINES + name] = np.where(names == name, declined, math.nan)
    for name in wanted:
        if name.startswith(CHOSEN):
            made.setdefault(name, np.zeros(len(names)))
    columns = (*table.columns, *made)
    return Table(columns, np.column_stack([table.values, *made.values()]))


def _bins(values: Numbers, kept: NDArray[np.bool_], groups: NDArray[np.intp]) -> dict[str, Any]:
    finite = values[np.isfinite(values)]
    edges: list[float] = []
    if len(finite):
        inner = np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1], method="lower")
        # what lies beyond all that was seen has bins of its own
        ends = [np.nextafter(finite.min(), -math.inf), finite.max()]
        edges = np.unique([*inner, *ends]).tolist()
    codes, bins = coded(values[kept], edges), len(edges) + 2
    shares: Numbers = np.bincount(codes, minlength=bins) / max(len(codes), 1)
    effective = statistics.effective_rows(codes, groups[kept], bins) if len(codes) else 1.0
    middle = float(np.median(finite)) if len(finite) else None
    return {
        "edges": edges,
        "shares": shares.round(6).tolist(),
        "effective": round(effective, 2),
        "median": middle,
        "mean": float(finite.mean()) if len(finite) else None,
    }


def kept_rows(name: str, values: Numbers, replied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows count: for a strategy's declining its own, for replies those that were seen."""
    if name.startswith(DECLINES):
        return np.isfinite(values)
    return replied if name.startswith(REPLY) else np.ones(len(values), dtype=bool)


def seen_replies(names: Sequence[str], values: Numbers) -> NDArray[np.bool_]:
    """In which rows the first answer was seen."""
    at = [place for place, name in enumerate(names) if name.startswith(REPLY)]
    return np.asarray(np.isfinite(values[:, at]).any(1))


def coded(values: Numbers, edges: Sequence[float]) -> NDArray[np.intp]:
    """The bin of each value, up to and with its upper edge; missing ones have the last bin."""
    codes = np.searchsorted(np.asarray(edges, dtype=float), values, side="left")
    return np.where(np.isfinite(values), codes, len(edges) + 1).astype(np.intp)
