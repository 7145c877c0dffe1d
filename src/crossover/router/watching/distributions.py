"""How features, choices and shortfalls were distributed where a router was fitted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
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
# what depends on who answers
ANSWERED = (CHOSEN, DECLINES, REPLY)


def reference(
    table: Table,
    groups: Sequence[str],
    chosen: Sequence[str] = (),
    declined: Numbers | None = None,
    expected: Numbers | None = None,
    quality: Numbers | None = None,
    models: Sequence[str] = (),
) -> dict[str, Any]:
    """How everything was distributed on the rows that a router is fitted on, for its file.

    ``table`` holds the features before and after the first answer, ``groups`` the documents. On
    held-out rows: ``chosen`` strategies, whether the standing answer ``declined``, the quality
    ``expected`` of it and the ``quality`` that it had; each may be left out. With ``models`` what
    depends on who answered is also kept for each of them.
    """
    whole = with_choices(table, chosen, declined)
    names = [name for name in whole.columns if not name.startswith(LEFT_OUT)]
    values, codes = whole.aligned(names), statistics.numbered(groups)
    replied, answering = seen_replies(names, values), _rows_of(models)
    features = {}
    for at, name in enumerate(names):
        column, kept = values[:, at], kept_rows(name, values[:, at], replied)
        edges = _edges(column)
        features[name] = {"edges": edges, **_shares(column, kept, codes, edges)}
        if name.startswith(ANSWERED) and answering:
            features[name]["models"] = {
                model: _shares(column, kept & rows, codes, edges)
                for model, rows in answering.items()
                if (kept & rows).any()
            }
    found: dict[str, Any] = {"rows": len(values), "models": list(answering), "features": features}
    if expected is not None and quality is not None:
        found["shortfall"] = _shortfall(expected - quality, codes)
        found["shortfall"]["models"] = {
            model: _shortfall((expected - quality)[rows], codes[rows])
            for model, rows in answering.items()
        }
    return found


def introduced(
    known: Mapping[str, Any],
    model: str,
    table: Table,
    groups: Sequence[str],
    chosen: Sequence[str],
    declined: Numbers,
) -> dict[str, Any]:
    """The same with a model that was not among those of the fit, by its own answers."""
    whole = with_choices(table, chosen, declined, list(known["features"]))
    names = list(known["features"])
    values, codes = whole.aligned(names), statistics.numbered(groups)
    replied, features = seen_replies(names, values), dict[str, Any]()
    for at, (name, was) in enumerate(known["features"].items()):
        kept, features[name] = kept_rows(name, values[:, at], replied), was
        if name.startswith(ANSWERED) and kept.any():
            own = {model: _shares(values[:, at], kept, codes, was["edges"])}
            features[name] = {**was, "models": was.get("models", {}) | own}
    return {**known, "models": [*known.get("models", ()), model], "features": features}


def answered_by(was: Mapping[str, Any], models: Sequence[str]) -> Mapping[str, Any]:
    """A feature's distribution where these models answered, one for each row.

    That of all rows where nothing is known of one of them.
    """
    counts, parts = Counter(models), was.get("models", {})
    if not counts or set(counts) - set(parts):
        return was
    weights = {model: count / len(models) for model, count in counts.items()}
    known = [(weight, parts[model]) for model, weight in weights.items()]
    means = {
        name: sum(weight * part[name] for weight, part in known)
        if all(part[name] is not None for _, part in known)
        else None
        for name in ("median", "mean")
    }
    return {
        "edges": was["edges"],
        "shares": np.sum([weight * np.array(part["shares"]) for weight, part in known], axis=0),
        # models answered the same questions: together they are worth no more than one
        "effective": sum(weight / math.sqrt(part["effective"]) for weight, part in known) ** -2,
        **means,
    }


def stability_index(now: Numbers | Sequence[float], was: Numbers | Sequence[float]) -> float:
    """The population stability index: 0.1 is customarily a moderate shift, 0.25 a large one."""
    a, b = (np.maximum(np.asarray(one, dtype=float), 1e-4) for one in (now, was))
    return float(((a - b) * np.log(a / b)).sum())


def _shortfall(residuals: Numbers, groups: NDArray[np.intp]) -> dict[str, Any]:
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


def _rows_of(models: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    names = np.array(models, dtype=str)
    return {model: names == model for model in sorted(set(models))}


def _edges(values: Numbers) -> list[float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return []
    inner = np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1], method="lower")
    # what lies beyond all that was seen has bins of its own
    ends = [np.nextafter(finite.min(), -math.inf), finite.max()]
    found: list[float] = np.unique([*inner, *ends]).tolist()
    return found


def _shares(
    values: Numbers, kept: NDArray[np.bool_], groups: NDArray[np.intp], edges: Sequence[float]
) -> dict[str, Any]:
    """The shares of the bins among the kept rows, and how many rows they are worth."""
    codes, bins = coded(values[kept], edges), len(edges) + 2
    shares: Numbers = np.bincount(codes, minlength=bins) / max(len(codes), 1)
    effective = statistics.effective_rows(codes, groups[kept], bins) if len(codes) else 1.0
    finite = values[kept & np.isfinite(values)]
    return {
        "shares": shares.round(6).tolist(),
        "effective": round(effective, 2),
        "median": float(np.median(finite)) if len(finite) else None,
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
