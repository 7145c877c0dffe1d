"""The learner finds what decides between strategies, holds groups out, and survives as JSON."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from crossover.errors import ConfigError, DataError
from crossover.router._trees import Growth
from crossover.router.learner import Learner, Options, Table, fit

ROWS, STRATEGIES = 900, ("rag", "full", "closed_book")
OPTIONS = Options(growth=Growth(rounds=30, rate=0.15), seeds=1)


def world(seed: int = 0, rows: int = ROWS) -> tuple[Table, np.ndarray, list[str]]:
    """Full is better where ``long`` is low and ``known`` low; closed book never."""
    rng = np.random.default_rng(seed)
    long, known, idle = rng.random((3, rows))
    rag = 0.5 + 0.3 * known + rng.normal(0, 0.1, rows)
    gain = np.where((long < 0.5) & (known < 0.5), 0.4, -0.2) + rng.normal(0, 0.1, rows)
    values = np.stack([long, known, idle], axis=1)
    values[rng.random(values.shape) < 0.05] = math.nan
    qualities = np.stack([rag, rag + gain, rag - 0.5], axis=1)
    return Table(("long", "known", "idle"), values), qualities, [f"d{i % 30}" for i in range(rows)]


@pytest.fixture(scope="module")
def learner() -> Learner:
    return fit(*_swapped(world()), options=OPTIONS).learner


def _swapped(made: tuple[Table, np.ndarray, list[str]]) -> tuple[object, ...]:
    table, qualities, groups = made
    return table, qualities, STRATEGIES, groups


def test_it_finds_the_interaction_that_decides(learner: Learner) -> None:
    table, qualities, _ = world(seed=1)
    chosen = learner.predict(table).argmax(1)
    got = qualities[np.arange(ROWS), chosen].mean()
    best, oracle = qualities.mean(0).max(), qualities.max(1).mean()
    assert (got - best) / (oracle - best) > 0.7
    assert not (chosen == 2).any()


def test_held_out_rows_are_predicted_without_their_group() -> None:
    table, qualities, groups = world(rows=300)
    mine = np.array(groups) == "d7"
    before = fit(table, qualities, STRATEGIES, groups)
    qualities[mine] += [0.0, 5.0, 0.0]
    after = fit(table, qualities, STRATEGIES, groups)
    assert (after.held_out[mine] == before.held_out[mine]).all()
    assert (after.held_out[~mine] != before.held_out[~mine]).any()
    assert (after.learner.predict(table)[mine] != before.learner.predict(table)[mine]).any()


def test_json_gives_the_same_predictions_without_scikit_learn(learner: Learner) -> None:
    table, _, _ = world(seed=2, rows=50)
    text = json.dumps(learner.to_json(), allow_nan=False)
    again = Learner.from_json(json.loads(text))
    assert again.predict(table) == pytest.approx(learner.predict(table), abs=1e-5)
    code = (
        "import json, sys; from crossover.router.learner import Learner; "
        "found = Learner.from_json(json.load(sys.stdin)).expect({'long': 0.1, 'known': 0.1}); "
        "assert found['full'] > found['rag'] > found['closed_book'], found; "
        "assert not {'sklearn', 'torch', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], input=text, text=True, check=True)


def test_the_trees_are_scikit_learn_s() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    from crossover.router import _trees

    table, qualities, _ = world()
    target = qualities[:, 1] - qualities[:, 0]
    growth = Growth(rounds=20)
    mine = _trees.grow(table.values, target, [3], growth)
    its = HistGradientBoostingRegressor(
        learning_rate=growth.rate,
        max_iter=20,
        max_leaf_nodes=growth.leaves,
        max_depth=growth.depth,
        min_samples_leaf=growth.rows_in_leaf,
        l2_regularization=growth.shrinkage,
        max_features=growth.columns,
        early_stopping=False,
        random_state=3,
    ).fit(table.values, target)
    assert mine.predict(table.values) == pytest.approx(its.predict(table.values), abs=1e-9)


def test_the_linear_part_is_ridge_regression_on_standardised_columns() -> None:
    from sklearn.linear_model import Ridge

    from crossover.router import _linear

    rng = np.random.default_rng(0)
    matrix = rng.uniform(-3, 5, (400, 3)) * [1.0, 100.0, 0.01]
    target = matrix @ [0.5, 0.01, 20.0] + rng.normal(0, 1, 400)
    standard = (matrix - matrix.mean(0)) / matrix.std(0)
    its = Ridge(alpha=80.0).fit(standard, target).predict(standard)
    mine = _linear.fit(matrix, target, 80.0)
    assert mine.predict(matrix) == pytest.approx(its, abs=1e-9)
    gone = np.array([[math.nan, math.nan, math.nan]])
    assert mine.predict(gone)[0] == pytest.approx(target.mean(), abs=1e-9)


def test_the_same_seed_gives_the_same_learner(learner: Learner) -> None:
    again = fit(*_swapped(world()), options=OPTIONS).learner
    assert again.to_json() == learner.to_json()


def test_columns_are_found_by_name_and_may_be_missing(learner: Learner) -> None:
    whole = learner.expect({"idle": 0.5, "known": 0.2, "long": 0.2})
    assert whole == learner.expect({"long": 0.2, "unheard": 9.0, "known": 0.2, "idle": 0.5})
    assert all(math.isfinite(v) for v in learner.expect({"long": math.inf}).values())


def test_few_rows_are_learned_linearly_and_ungraded_answers_left_out() -> None:
    table, qualities, groups = world(rows=120)
    qualities[::3, 2] = math.nan
    found = fit(table, qualities, STRATEGIES, groups)
    assert all(blend.trees is None for blend in (found.learner.level, *found.learner.gains))
    assert np.isfinite(found.held_out).all()
    expected = found.learner.predict(table)
    assert (expected[:, 0] - expected[:, 2]).mean() == pytest.approx(0.5, abs=0.02)


def test_a_new_model_shifts_what_is_expected(learner: Learner) -> None:
    table, qualities, _ = world(seed=3, rows=60)
    moved = qualities - np.array([0.0, 0.6, 0.0])
    adapted = learner.adapted(table, moved)
    before, after = learner.predict(table).mean(0), adapted.predict(table).mean(0)
    assert -0.6 < (after - before)[1] < -0.3
    assert abs((after - before)[0]) < 0.05
    assert Learner.from_json(adapted.to_json()).offsets == adapted.offsets


def test_reasons_name_what_speaks_for_a_strategy(learner: Learner) -> None:
    found = dict(learner.reasons({"long": 0.05, "known": 0.05, "idle": 0.5}, "full"))
    assert found["long"] > 0 and found["known"] > 0
    assert abs(found.get("idle", 0.0)) < min(found["long"], found["known"])
    assert learner.reasons({"long": 0.05}, "rag") == []


@pytest.mark.parametrize("damage", ["format", "columns", "nodes", "lost"])
def test_a_damaged_artefact_is_told(learner: Learner, damage: str) -> None:
    stored = json.loads(json.dumps(learner.to_json()))
    if damage == "format":
        stored["format"] = 99
    elif damage == "columns":
        stored["columns"] = stored["columns"][:1]
    elif damage == "nodes":
        grown = next(b for b in (stored["level"], *stored["gains"]) if b["trees"])
        grown["trees"]["left"][0] = 10**6
    else:
        del stored["gains"]
    with pytest.raises(DataError, match="learner"):
        Learner.from_json(stored)


def test_what_cannot_be_learned_from_is_told() -> None:
    table, qualities, groups = world(rows=60)
    with pytest.raises(ConfigError, match="two strategies"):
        fit(table, qualities[:, :1], ("rag",), groups)
    with pytest.raises(ConfigError, match="two documents"):
        fit(table, qualities, STRATEGIES, ["one"] * 60)
    with pytest.raises(DataError, match="shape"):
        fit(table, qualities[:, :2], STRATEGIES, groups)
    qualities[:, 1] = math.nan
    with pytest.raises(DataError, match="full"):
        fit(table, qualities, STRATEGIES, groups)
