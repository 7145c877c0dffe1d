"""Is a router worth it? It against every fixed strategy, chance at its cost, and the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crossover.experiments.routing.choosing import Choice, cost_of, quality_of
from crossover.experiments.routing.outcomes import Outcomes
from crossover.experiments.statistics import clustered_mean

if TYPE_CHECKING:
    from pandas import DataFrame

Numbers = NDArray[np.float64]
ROUTER, ORACLE, CHANCE, SELF_ROUTE = "router", "oracle", "chance at its cost", "self-route"


def verdict(outcomes: Outcomes, chosen: Choice, *, cascade: bool) -> DataFrame:
    """A row for the router and each reference: quality, cost, shares and paired differences.

    ``difference`` is the router's quality minus the reference's on the same questions, with a 95 %
    interval clustered by document; ``closed`` the share of the way from the best fixed strategy to
    the oracle, ``regret`` what the oracle has more. Costs are the mean of a question.
    """
    import pandas as pd

    first, last = 0, len(outcomes.strategies) - 1
    every = np.arange(len(outcomes))
    passes = {
        **{
            name: (np.full(len(outcomes), at), False) for at, name in enumerate(outcomes.strategies)
        },
        SELF_ROUTE: (np.where(outcomes.declines, last, first), True),
        ORACLE: (outcomes.quality.argmax(1), False),
    }
    quality = {name: outcomes.quality[every, choice] for name, (choice, _) in passes.items()}
    costs = {
        name: {unit: cost_of(outcomes, choice, unit, twice) for unit in outcomes.costs}
        for name, (choice, twice) in passes.items()
    }
    quality[ROUTER] = quality_of(outcomes, chosen)
    costs[ROUTER] = {u: cost_of(outcomes, chosen, u, cascade) for u in outcomes.costs}
    quality[CHANCE], costs[CHANCE] = _chance(outcomes, costs[ROUTER])
    names = (ROUTER, *outcomes.strategies, CHANCE, SELF_ROUTE, ORACLE)
    best = max(outcomes.quality.mean(0))
    gap = quality[ORACLE].mean() - best
    rows = []
    for name in names:
        own = quality[name]
        row: dict[str, Any] = {"policy": name, "quality": own.mean()}
        row |= {unit: table.mean() for unit, table in costs[name].items()}
        row["regret"] = quality[ORACLE].mean() - own.mean()
        row["closed"] = (own.mean() - best) / gap if gap > 0 else np.nan
        if name != ROUTER:
            apart = clustered_mean(quality[ROUTER] - own, outcomes.groups, share=False)
            row |= {"difference": apart.mean, "low": apart.low, "high": apart.high}
        rows.append(row)
    shares = np.bincount(chosen, minlength=len(outcomes.strategies)) / len(chosen)
    found = pd.DataFrame(rows)
    found.attrs = {
        "shares": dict(zip(outcomes.strategies, shares.tolist(), strict=True)),
        "questions": len(outcomes),
        "documents": len(set(outcomes.groups)),
        "best": outcomes.strategies[int(outcomes.quality.mean(0).argmax())],
    }
    return found


def by_label(
    outcomes: Outcomes, chosen: Choice, label: str, *, cascade: bool
) -> dict[str, DataFrame]:
    """The verdict for each value of a label: model, dataset, or a tag."""
    names = outcomes.labels[label].astype(str).to_numpy()
    found = {}
    for value in dict.fromkeys(names):
        here = names == value
        found[str(value)] = verdict(outcomes.rows(here), chosen[here], cascade=cascade)
    return found


def said(table: DataFrame) -> str:
    """Whether it beats the best fixed strategy, in one plain sentence."""
    rows = table.set_index("policy")
    best = rows.loc[table.attrs["best"]]
    low, high = best["low"], best["high"]
    known = low is not None and low == low
    apart = f"{best['difference']:+.3f}" + (f" [{low:+.3f}, {high:+.3f}]" if known else "")
    about = (
        f"than always {table.attrs['best']}, the best of them: {apart}{_saved(rows, best.name)}."
    )
    if known and low > 0:
        return f"The router answers better {about}"
    if known and high < 0:
        return f"WARNING: the router answers worse {about}"
    return f"WARNING: the router is not surely better {about}"


def _saved(rows: DataFrame, best: str) -> str:
    """What the router costs beside the best fixed strategy; where that is cheaper, the dearest."""
    for unit in ("dollars", "tokens", "seconds"):
        if unit in rows.columns:
            fixed = rows.drop(index=[ROUTER, CHANCE, SELF_ROUTE, ORACLE])[unit]
            own = rows.loc[ROUTER, unit]
            if own < fixed[best]:
                return f", at {own / fixed[best]:.0%} of its {unit}"
            if fixed.max() > 0:
                return f", at {own / fixed.max():.0%} of the {unit} of always {fixed.idxmax()}"
    return ""


def _chance(outcomes: Outcomes, spent: Mapping[str, Numbers]) -> tuple[Numbers, dict[str, Numbers]]:
    """The cheapest and the dearest strategy mixed blindly to the router's mean cost, on average."""
    unit = next(iter(outcomes.costs), None)
    first, last = outcomes.quality[:, 0], outcomes.quality[:, -1]
    if unit is None:
        return (first + last) / 2, {}
    means = outcomes.costs[unit].mean(0)
    apart = means[-1] - means[0]
    share = float(np.clip((spent[unit].mean() - means[0]) / apart, 0, 1)) if apart > 0 else 0.0
    mixed = {u: (1 - share) * t[:, 0] + share * t[:, -1] for u, t in outcomes.costs.items()}
    return (1 - share) * first + share * last, mixed


def summary(table: DataFrame, names: Sequence[str] = ()) -> dict[str, Any]:
    """The verdict as plain numbers, for the artefact."""
    kept = table[table["policy"].isin(names)] if names else table
    rows = [
        {name: value for name, value in row.items() if value is not None and value == value}
        for row in kept.to_dict("records")
    ]
    about = {str(name): value for name, value in table.attrs.items()}
    return {"rows": rows, **about, "said": said(table)}
