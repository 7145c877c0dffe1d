"""Cheap subsets: chosen where systems differ, weighted, and checked on systems held out."""

from __future__ import annotations

import json

import frames
import numpy as np
import pytest
from typer.testing import CliRunner

from crossover.cli import app
from crossover.errors import ConfigError, DataError, UnknownName
from crossover.experiments.grid import load_grid
from crossover.experiments.report import write_report
from crossover.experiments.subsets.choosing import choose, estimated, held_out, past_scores
from crossover.experiments.subsets.files import read_subset, weighted_means


def systems(questions=300, number=12, seed=0):
    """Five kinds of questions, which systems master differently well."""
    generator = np.random.default_rng(seed)
    kind = generator.choice(5, questions, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    skill = generator.uniform(0.1, 0.9, (5, number))
    return (generator.random((questions, number)) < skill[kind]).astype(float), kind


def test_weights_are_shares_of_the_whole():
    scores, _ = systems()
    found = choose(scores, 30)
    assert len(set(found.places)) == 30
    assert sum(found.weights) == pytest.approx(1)
    assert min(found.weights) > 0


def test_questions_of_one_kind_need_one_question():
    kinds = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.5], [0.2, 0.3, 1.0]])
    scores = np.repeat(kinds, [10, 5, 1], axis=0)
    found = choose(scores, 3)
    assert sorted(found.weights) == pytest.approx([1 / 16, 5 / 16, 10 / 16])
    assert estimated(scores, found) == pytest.approx(scores.mean(axis=0))


def test_more_questions_than_kinds_are_still_told_apart():
    found = choose(np.ones((20, 4)), 7)
    assert len(set(found.places)) == 7


def test_the_choice_is_seeded():
    scores, _ = systems()
    assert choose(scores, 20, seed=1) == choose(scores, 20, seed=1)


def test_held_out_systems_are_ranked_as_on_the_whole_and_closer_than_by_chance():
    told = [held_out(systems(seed=seed)[0], 40) for seed in range(4)]
    assert np.mean([one.rank_correlation for one in told]) > 0.8
    assert np.mean([one.error for one in told]) < np.mean([one.random_error for one in told]) * 1.1
    assert told[0].systems == 12


def test_noise_has_no_ranking_to_keep():
    noise = (np.random.default_rng(0).random((200, 10)) < 0.5).astype(float)
    assert held_out(noise, 10).rank_correlation < 0.8


def test_features_of_questions_count_too():
    scores, kind = systems(60)
    features = np.eye(5)[kind]
    same = np.full_like(scores, 0.5)
    found = choose(same, 5, features=features)
    assert sorted(kind[list(found.places)]) == [0, 1, 2, 3, 4]


def test_too_many_questions_or_too_few_systems_are_clear_errors():
    scores, _ = systems(20)
    with pytest.raises(ConfigError, match="2 to 20"):
        choose(scores, 21)
    with pytest.raises(DataError, match="3 systems"):
        held_out(scores[:, :2], 5)


def test_past_runs_are_joined_on_the_questions_that_all_were_asked():
    one = frames.typical()
    other = frames.typical(models=("other",))
    other = other[other["example"] != "0 0"]
    other.attrs = one.attrs
    [(dataset, table)] = past_scores([one, other])
    assert (dataset, table.shape) == ("papers", (47, 6))


def written(tmp_path, n="10"):
    table = frames.typical()
    write_report(table, tmp_path)
    out = tmp_path / "subset.jsonl"
    found = CliRunner().invoke(app, ["subset", str(tmp_path), "--n", n, "--out", str(out)])
    assert found.exit_code == 0, found.output
    return table, out, found.output


def test_the_command_lists_questions_with_weights(tmp_path):
    table, out, told = written(tmp_path)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 10
    assert {row["question"] for row in rows} <= set(table["example"])
    assert sum(row["weight"] for row in rows) == pytest.approx(1)
    assert "10 of 48 questions, 3 systems; held-out systems: rank correlation" in told


def test_weighted_means_estimate_the_whole(tmp_path):
    table, out, _ = written(tmp_path, "48")
    found = weighted_means(table, read_subset(out)).set_index("strategy")["estimate"]
    whole = table.groupby("strategy")["answer_recall"].mean()
    assert found.to_dict() == pytest.approx(whole.to_dict())
    with pytest.raises(DataError, match="lacks scores"):
        weighted_means(table[table["example"] != "0 0"], read_subset(out))


GRID = {
    "datasets": ["biographies(tokens=1000, documents=2)"],
    "models": ["fake"],
    "strategies": ["closed_book"],
}


def test_a_grid_asks_a_subset_alone(tmp_path):
    [examples] = load_grid(GRID).examples.values()
    chosen = [example.question.id for example in [*examples][::5]]
    path = tmp_path / "subset.jsonl"
    rows = [{"dataset": "biographies", "question": name} for name in chosen]
    path.write_text("\n".join(map(json.dumps, rows)))
    [kept] = load_grid(GRID | {"only": str(path)}).examples.values()
    assert [example.question.id for example in kept] == chosen


def test_wrong_subsets_are_clear_errors(tmp_path):
    path = tmp_path / "subset.jsonl"
    with pytest.raises(DataError, match="cannot be read"):
        load_grid(GRID | {"only": str(path)})
    path.write_text("\n")
    with pytest.raises(DataError, match="names no question"):
        read_subset(path)
    path.write_text('{"dataset": "lara", "question": "1"}')
    with pytest.raises(DataError, match="no question of biographies; its datasets: lara"):
        load_grid(GRID | {"only": str(path)})
    path.write_text('{"dataset": "lara"}')
    with pytest.raises(DataError, match="line 1: expected"):
        read_subset(path)
    path.write_text('{"dataset": "lara", "question": "1", "weight": 0}')
    with pytest.raises(DataError, match="above 0"):
        read_subset(path)
    with pytest.raises(UnknownName, match="onyl"):
        load_grid(GRID | {"onyl": "x"})
