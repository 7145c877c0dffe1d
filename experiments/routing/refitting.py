"""Fitting a router again with what its log has been told: graded decisions as further rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crossover.experiments.routing.choosing import (
    Choice,
    cost_of,
    forecast,
    quality_of,
)
from crossover.experiments.routing.evaluating import choices
from crossover.experiments.routing.fitting import Fit, fit_outcomes, table_of
from crossover.experiments.routing.logged import joined, logged_rows
from crossover.experiments.routing.outcomes import Outcomes
from crossover.experiments.statistics import clustered_mean
from crossover.router import learner
from crossover.router.artefact import Artefact
from crossover.router.features.gathering import after_columns, before_columns
from crossover.router.learner import Options, Table, group_folds

if TYPE_CHECKING:
    from crossover.experiments.statistics import Estimate
    from crossover.router.watching.record import Logged

Numbers = NDArray[np.float64]
# shares of the old rows that are tried: after a change they may teach what is no longer true
KEPT = (1.0, 0.3, 0.0)
FOLDS = (0, 1, 2)
FEWEST_JUDGED = 30


@dataclass(frozen=True)
class Refit:
    """A router fitted again, and what it gains over the one before on logged rows held out.

    ``gain`` is in quality less cost at the old router's prices, None where too few rows have every
    strategy graded; ``kept`` is the share of the old rows that it learned from.
    """

    fit: Fit
    graded: int
    whole: int
    kept: float
    gain: Estimate | None

    def said(self) -> str:
        """The same in a sentence."""
        about = f"{self.graded:,} logged rows, {self.whole:,} with every strategy graded"
        if self.gain is None:
            return f"WARNING: too few are graded for every strategy to judge it ({about})"
        low, high = self.gain.low, self.gain.high
        known = low is not None and high is not None
        apart = f"{self.gain.mean:+.3f}" + (f" [{low:+.3f}, {high:+.3f}]" if known else "")
        better = low is not None and low > 0
        word = "better" if better else "WARNING: not surely better"
        kept = f"old rows kept: {self.kept:.0%}"
        return f"{word} than the router before: {apart} on rows held out ({about}; {kept})"


def refit(
    rows: Sequence[Logged],
    artefact: Artefact,
    old: Outcomes | None = None,
    *,
    seed: int = 0,
) -> Refit:
    """Fit a router again on its ``old`` rows and on logged ones, with the same aim and policy.

    How many old rows are kept is what does best on the logged rows with every strategy graded, by
    quick fits on other documents; the router returned then learns from all of them. Raises
    DataError for too few rows.
    """
    graded = logged_rows(rows, artefact)
    new = graded.outcomes if old is None else graded.outcomes.ordered(old.strategies)
    found = dict[float, Numbers]()
    judged = new.rows(graded.whole)
    if len(judged) >= FEWEST_JUDGED and len(set(judged.groups)) > len(FOLDS):
        before = worth(artefact, judged)
        for share in KEPT if old is not None else (0.0,):
            chosen = _held_out(artefact, old, share, new, seed)[graded.whole]
            found[share] = _priced(artefact, judged, chosen) - before
    start = 1.0 if old is not None else 0.0
    best = max(found, key=lambda share: float(found[share].mean()), default=start)
    gain = clustered_mean(found[best], judged.groups, share=False) if found else None
    made = _fit(artefact, _training(old, best, new, seed), seed)
    return Refit(made, len(new), len(judged), best, gain)


def _held_out(
    artefact: Artefact, old: Outcomes | None, share: float, new: Outcomes, seed: int
) -> Choice:
    """What quick fits choose on logged rows whose documents were held out of them."""
    folds, chosen = group_folds(new.groups, len(FOLDS), seed), np.zeros(len(new), dtype=np.intp)
    cascade = artefact.policy == "cascade"
    for fold in FOLDS:
        training = _training(old, share, new.rows(folds != fold), seed)
        table, rows = table_of(training, artefact.traits, None), new.rows(folds == fold)
        columns = (after_columns if cascade else before_columns)(table.columns)
        made = learner.fit(
            Table(columns, table.aligned(columns)),
            training.quality,
            training.strategies,
            training.groups,
            options=Options(folds=2, seeds=1, seed=seed),
        ).learner
        quality = made.predict(table_of(rows, artefact.traits, None))
        hoped = forecast(rows, quality, artefact.costs, cascade)
        chosen[folds == fold] = hoped.chosen(artefact.prices)
    return chosen


def worth(artefact: Artefact, rows: Outcomes) -> Numbers:
    """Each row's quality less the price of what the router asks on it."""
    ordered = rows.ordered(artefact.strategies)
    return _priced(artefact, ordered, choices(artefact, ordered))


def _priced(artefact: Artefact, rows: Outcomes, chosen: Choice) -> Numbers:
    costs = sum(
        price * cost_of(rows, chosen, unit, artefact.policy == "cascade")
        for unit, price in artefact.prices.items()
        if unit in rows.costs
    )
    return np.asarray(quality_of(rows, chosen) - costs)


def _training(old: Outcomes | None, share: float, new: Outcomes, seed: int) -> Outcomes:
    if old is None or not share:
        return new
    chosen = np.random.default_rng(seed).random(len(old)) < share
    return joined([old.rows(chosen), new.ordered(old.strategies)])


def _fit(artefact: Artefact, rows: Outcomes, seed: int) -> Fit:
    # without embeddings: a log holds no text
    caution = artefact.caution
    return fit_outcomes(
        rows,
        policy="cascade" if artefact.policy == "cascade" else "before",
        objective=artefact.objective,
        safe=caution.safe if caution else "",
        risk=caution.risk if caution else 0.0,
        seed=seed,
    )
