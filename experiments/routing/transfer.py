"""Whether a router holds on another model or genre, and after how many graded questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crossover.errors import DataError, UnknownName
from crossover.experiments.routing.evaluating import choices
from crossover.experiments.routing.fitting import fit_outcomes, table_of
from crossover.experiments.routing.judging import verdict
from crossover.experiments.routing.outcomes import TAG, Outcomes
from crossover.experiments.routing.references import with_model
from crossover.router.artefact import Artefact
from crossover.router.learner import Table, group_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from crossover.experiments.routing.fitting import Policy


def left_out(
    outcomes: Outcomes,
    label: str = "model",
    *,
    twins: Sequence[Sequence[str]] = (),
    calibration: int = 0,
    policy: Policy = "cascade",
    objective: object = "budget(0.5)",
    folds: int = 5,
    seed: int = 0,
) -> dict[str, DataFrame]:
    """The verdict on each value of a label by routers that saw neither it nor its documents.

    ``label`` is model, dataset or a tag; values that are ``twins`` of one another are left out
    together. A left-out model is known by its ungraded answers to the training questions, or by
    ``calibration`` graded ones. Raises UnknownName, or DataError where nothing is left to fit on.
    """
    column = label if label in outcomes.labels.columns else TAG + label
    if column not in outcomes.labels.columns:
        known = [str(name).removeprefix(TAG) for name in outcomes.labels.columns]
        raise UnknownName(label, "the labels of these runs", known)
    names = outcomes.labels[column].astype(str).to_numpy()
    number = group_folds(outcomes.groups, folds, seed)
    found = {}
    for value in dict.fromkeys(names.tolist()):
        kin = {value, *(one for group in twins if value in group for one in group)}
        chosen = np.zeros(len(outcomes), dtype=np.intp)
        for fold in range(int(number.max()) + 1):
            train = (number != fold) & ~np.isin(names, list(kin))
            test = (number == fold) & (names == value)
            if not train.any():
                raise DataError(f"nothing is left to fit on without {label} {value}")
            if not test.any():
                continue
            artefact = fit_outcomes(
                outcomes.rows(train), policy=policy, objective=objective, seed=seed
            ).artefact
            own = outcomes.rows((number != fold) & (names == value))
            if label == "model":
                artefact = introduced(artefact, own, calibration, seed)
            chosen[test] = choices(artefact, outcomes.rows(test))
        here = names == value
        found[value] = verdict(outcomes.rows(here), chosen[here], cascade=policy == "cascade")
    return found


def introduced(artefact: Artefact, own: Outcomes, graded: int = 0, seed: int = 0) -> Artefact:
    """The router with the traits and costs of a model that it was not fitted on.

    From all of its answers ungraded, or with the grades of ``graded`` of them, drawn by the seed
    and spread over documents.
    """
    own = whole = own.ordered(artefact.strategies)
    if graded:
        own = own.rows(spread_sample(own.groups, graded, seed))
    else:
        own = replace(own, quality=np.full_like(own.quality, np.nan))
    lines = artefact.costs
    scales = {
        model: {
            unit: float(table.mean() / np.mean([lines.of(s, unit, t, "") for s, t in _cells(own)]))
            for unit, table in own.costs.items()
        }
        for model in dict.fromkeys(own.models)
    }
    known = replace(
        artefact,
        traits={**artefact.traits, **own.traits()},
        costs=replace(lines, scales={**lines.scales, **scales}),
    )
    known = replace(known, offsets=_offsets(known, own)) if graded else known
    return replace(known, reference=_reference(known, whole))


def _reference(artefact: Artefact, own: Outcomes) -> dict[str, Any]:
    """What a drift alarm compares a model's answers with: what it would be asked, all of it."""
    found, cascade = dict(artefact.reference), artefact.policy == "cascade"
    models = np.array(own.models)
    for model in dict.fromkeys(own.models):
        rows = own.rows(models == model)
        found = with_model(found, rows, choices(artefact, rows), cascade=cascade)
    return found


def _offsets(artefact: Artefact, own: Outcomes) -> dict[str, list[float]]:
    """How far a model's grades lie from what is expected, held back where they are few."""
    stage = "after" if artefact.policy == "cascade" else "before"
    table, models = table_of(own, artefact.traits, artefact.meaning), np.array(own.models)
    found = {name: list(shift) for name, shift in artefact.offsets.items()}
    for model in dict.fromkeys(own.models):
        rows = models == model
        part = Table(table.columns, table.values[rows])
        found[model] = list(artefact.learners[stage].adapted(part, own.quality[rows]).offsets)
    return found


def _cells(own: Outcomes) -> list[tuple[str, float]]:
    return [(name, float(tokens)) for name in own.strategies for tokens in own.tokens]


def spread_sample(groups: Sequence[str], count: int, seed: int) -> NDArray[np.intp]:
    """Rows drawn one document after the other, so that few questions stand for many documents."""
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(groups))
    turn: dict[str, int] = {}
    ranked = list[tuple[int, int, int]]()
    for at in order:
        turn[groups[at]] = turn.get(groups[at], 0) + 1
        ranked.append((turn[groups[at]], len(ranked), int(at)))
    return np.array([at for _, _, at in sorted(ranked)[:count]], dtype=np.intp)


def learning_curve(
    outcomes: Outcomes,
    sizes: Sequence[int] = (50, 100, 200, 500, 1000),
    *,
    policy: Policy = "cascade",
    objective: object = "budget(0.5)",
    repeats: int = 2,
    folds: int = 5,
    seed: int = 0,
) -> DataFrame:
    """What a router is worth that was fitted on so many graded questions of one model.

    A row per size: ``closed`` and ``gain`` over the better fixed strategy, means over the models
    and repeats, always on documents held out; ``worst`` is the worst model's gain.
    """
    import pandas as pd

    rows = []
    models = np.array(outcomes.models)
    for size in sizes:
        gains: dict[str, list[float]] = {}
        closed = []
        for turn in range(repeats):
            for model in dict.fromkeys(outcomes.models):
                own = outcomes.rows(models == model)
                table = _fitted_on(own, size, policy, objective, folds, seed + turn)
                if table is not None:
                    gains.setdefault(model, []).append(float(_gain(table)))
                    closed.append(_closed(table))
        if gains:
            means = [float(np.mean(values)) for values in gains.values()]
            rows.append(
                {
                    "questions": size,
                    "closed": float(np.mean(closed)),
                    "gain": float(np.mean(means)),
                    "worst": min(means),
                    "models": len(means),
                }
            )
    return pd.DataFrame(rows)


def _fitted_on(
    own: Outcomes, size: int, policy: Policy, objective: object, folds: int, seed: int
) -> DataFrame | None:
    number = group_folds(own.groups, folds, seed)
    chosen = np.zeros(len(own), dtype=np.intp)
    for fold in range(int(number.max()) + 1):
        train = own.rows(number != fold)
        if len(train) < size:
            return None
        few = train.rows(spread_sample(train.groups, size, seed + fold))
        artefact = fit_outcomes(few, policy=policy, objective=objective, seed=seed).artefact
        test = number == fold
        chosen[test] = choices(artefact, own.rows(test).ordered(artefact.strategies))
    return verdict(own, chosen, cascade=policy == "cascade")


def _gain(table: DataFrame) -> float:
    rows: Any = table.set_index("policy")["difference"]
    return float(rows[table.attrs["best"]])


def _closed(table: DataFrame) -> float:
    rows: Any = table.set_index("policy")["closed"]
    return float(rows["router"])
