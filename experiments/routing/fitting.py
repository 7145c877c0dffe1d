"""Fitting a router to graded runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from crossover.errors import ConfigError, DataError, UnknownName
from crossover.experiments.routing.choosing import (
    Choice,
    Forecast,
    careful,
    cross_chosen,
    forecast,
    prices_for,
    quality_of,
)
from crossover.experiments.routing.judging import summary, verdict
from crossover.experiments.routing.outcomes import Outcomes, outcomes_of
from crossover.experiments.routing.references import reference_of
from crossover.router import costs, learner
from crossover.router import objective as objectives
from crossover.router.artefact import Artefact, Caution
from crossover.router.features.gathering import after_columns, before_columns, known, without_texts
from crossover.router.features.meaning import Meaning, embedded
from crossover.router.learner import Fitted, Options, Table

if TYPE_CHECKING:
    from pandas import DataFrame

Policy = Literal["cascade", "before"]
Numbers = NDArray[np.float64]
FEWEST = 40
VERSIONS = ("crossover-rag", "numpy", "scikit-learn")


@dataclass(frozen=True)
class Fit:
    """A router with the rows it was fitted on and what it would have chosen on held-out ones."""

    artefact: Artefact
    outcomes: Outcomes
    chosen: Choice
    table: DataFrame


def fit(
    frames: DataFrame | Sequence[DataFrame],
    *,
    strategies: Sequence[str] = (),
    metric: str = "",
    policy: Policy = "cascade",
    objective: object = "budget(0.5)",
    safe: str = "",
    risk: float = 0.02,
    meaning: bool = False,
    over_models: bool = False,
    seed: int = 0,
) -> Artefact:
    """Learn a router from the results of runs; see ``outcomes_of`` and ``fit_outcomes``."""
    outcomes = outcomes_of(frames, strategies, metric, over_models=over_models)
    return fit_outcomes(
        outcomes,
        policy=policy,
        objective=objective,
        safe=safe,
        risk=risk,
        meaning=meaning,
        seed=seed,
    ).artefact


def fit_outcomes(
    outcomes: Outcomes,
    *,
    policy: Policy = "cascade",
    objective: object = "budget(0.5)",
    safe: str = "",
    risk: float = 0.02,
    meaning: bool = False,
    seed: int = 0,
) -> Fit:
    """Learn from rows; everything is chosen and judged on documents held out of its own fit.

    ``policy``: a cascade asks the cheapest strategy first and looks at its answer; ``before``
    decides at once. ``objective``: see ``Objective``. With ``safe`` that strategy is asked where
    the router is not sure, so that the mean loss to it stays below ``risk``. ``meaning`` also
    embeds questions (torch), which helps decisions before any answer. Raises ConfigError or
    DataError.
    """
    target = objectives.objective(objective)
    if len(outcomes) < FEWEST:
        raise DataError(f"{len(outcomes)} graded questions are too few: {FEWEST} at least")
    if safe and safe not in outcomes.strategies:
        raise UnknownName(safe, "the strategies of these runs", outcomes.strategies)
    unit = _unit(target, outcomes)
    traits = outcomes.traits()
    made = _meaning(outcomes.questions) if meaning else None
    fits = _fits(outcomes, traits, made, policy, seed)
    cascade = policy == "cascade"
    lines = costs.fitted(
        list(outcomes.strategies), outcomes.tokens, outcomes.costs, outcomes.models
    )
    expected = _expected(outcomes, fits, lines, cascade)
    prices, points = prices_for(target, unit, outcomes, expected)
    folds = learner.group_folds(outcomes.groups, 5, seed)
    chosen = cross_chosen(target, unit, outcomes, expected, folds)
    caution = _caution(outcomes, expected, prices, safe, risk)
    if caution:
        chosen = careful(chosen, expected.worth(prices), outcomes.strategies, caution)
    table = verdict(outcomes, chosen, cascade=cascade)
    artefact = Artefact(
        strategies=outcomes.strategies,
        metric=outcomes.metric,
        policy=policy,
        unit=unit,
        learners={name: one.learner for name, one in fits.items()},
        costs=lines,
        traits=traits,
        objective=target,
        prices=prices,
        frontier=points,
        certainty=_certainty(outcomes, expected, prices),
        caution=caution,
        reference=reference_of(outcomes, chosen, cascade=cascade, expected=expected),
        documents=sorted(set(outcomes.texts)),
        meaning=made,
        fingerprint=_fingerprint(outcomes),
        evaluation=summary(table),
        versions={name: version(name) for name in VERSIONS},
    )
    return Fit(artefact, outcomes, chosen, table)


def _unit(target: objectives.Objective, outcomes: Outcomes) -> str:
    units = list(outcomes.costs)
    if not units:
        raise DataError("the runs do not say what their answers cost: no tokens, no dollars")
    if target.unit:
        if target.unit not in units:
            raise ConfigError(f"{target.unit} are not known of every answer; known: {units}")
        return target.unit
    priced = "dollars" in units and outcomes.costs["dollars"].mean() > 0
    return "dollars" if priced else "tokens" if "tokens" in units else units[0]


def _fits(
    outcomes: Outcomes,
    traits: Mapping[str, Mapping[str, float]],
    made: Meaning | None,
    policy: Policy,
    seed: int,
) -> dict[str, Fitted]:
    """A learner before and after the first answer, with texts and without.

    What the policy mostly goes by is fitted with most care; the others stand in where it cannot.
    """
    whole = table_of(outcomes, traits, made)
    found = {}
    quick, careful = Options(folds=2, seeds=1, seed=seed), Options(seed=seed)
    main = "after" if policy == "cascade" else "before"
    for name, kept in (("before", before_columns), ("after", after_columns)):
        columns = kept(whole.columns)
        table = Table(columns, whole.aligned(columns))
        found[name] = _fit(table, outcomes, careful if name == main else quick)
        blind = without_texts(table.columns)
        found[f"{name} without texts"] = _fit(Table(blind, table.aligned(blind)), outcomes, quick)
    return found


def _fit(table: Table, outcomes: Outcomes, options: Options) -> Fitted:
    return learner.fit(
        table, outcomes.quality, outcomes.strategies, outcomes.groups, options=options
    )


def table_of(
    outcomes: Outcomes, traits: Mapping[str, Mapping[str, float]], made: Meaning | None
) -> Table:
    """All features of every row."""
    meant = _meant(outcomes.questions, made) if made else [{}] * len(outcomes)
    given = zip(outcomes.asked, outcomes.models, meant, outcomes.answered, strict=True)
    return Table.of(
        [{**asked, **traits.get(model, {}), **means, **more} for asked, model, means, more in given]
    )


def _meaning(questions: Sequence[str]) -> Meaning:
    return Meaning.of(embedded(sorted(set(questions))))


def _meant(questions: Sequence[str], made: Meaning) -> list[dict[str, float]]:
    known = sorted(set(questions))
    found = {
        text: made.features(vector) for text, vector in zip(known, embedded(known), strict=True)
    }
    return [found[text] for text in questions]


def _expected(
    outcomes: Outcomes, fits: Mapping[str, Fitted], lines: costs.Costs, cascade: bool
) -> Forecast:
    """What was predicted of every row while its document was held out."""
    stage = "after" if cascade else "before"
    texts = np.array([known(row) for row in outcomes.asked])
    blind = fits[f"{stage} without texts"].held_out
    held = np.where(texts[:, None], fits[stage].held_out, blind)
    return forecast(outcomes, held, lines, cascade)


def _certainty(
    outcomes: Outcomes, expected: Forecast, prices: Mapping[str, float]
) -> tuple[list[float], list[float]]:
    """How often nothing else did better, over the margin that was expected: never falling."""
    from sklearn.isotonic import IsotonicRegression

    worth = np.sort(expected.worth(prices), axis=1)
    margins = worth[:, -1] - worth[:, -2]
    best = outcomes.quality.max(1)
    right = quality_of(outcomes, expected.chosen(prices)) >= best - 1e-9
    line = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(margins, right)
    return line.X_thresholds_.round(6).tolist(), line.y_thresholds_.round(6).tolist()


def _caution(
    outcomes: Outcomes, expected: Forecast, prices: Mapping[str, float], safe: str, risk: float
) -> Caution | None:
    """The least threshold at which the mean loss to the safe strategy is below the risk.

    Conformal risk control with documents as what is exchangeable: losses lie in 0–1.
    """
    if not safe:
        return None
    at, worth = outcomes.strategies.index(safe), expected.worth(prices)
    chosen = expected.chosen(prices)
    margins = worth.max(1) - worth[:, at]
    loss = np.maximum(outcomes.quality[:, at] - quality_of(outcomes, chosen), 0)
    names, place = np.unique(outcomes.groups, return_inverse=True)
    size = np.bincount(place)
    for threshold in (0.0, *np.quantile(margins[margins > 0], np.linspace(0, 1, 101))):
        kept = np.where(margins >= threshold, loss, 0.0)
        mean = (np.bincount(place, kept) / size).mean()
        if (len(names) * mean + 1) / (len(names) + 1) <= risk:
            return Caution(safe, risk, float(threshold))
    return Caution(safe, risk, float("1e9"))


def _fingerprint(outcomes: Outcomes) -> str:
    content = hashlib.sha256(outcomes.labels.to_csv(index=False).encode())
    content.update(np.ascontiguousarray(outcomes.quality).tobytes())
    return content.hexdigest()
