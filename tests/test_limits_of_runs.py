"""Limits in grids, plans and on the command line."""

import json

import pytest
import yaml
from many_calls import Asking
from misbehaving import Endpoint

from crossover.errors import ConfigError
from crossover.experiments.grid import load_grid
from crossover.experiments.run import run_grid
from crossover.experiments.store import Store
from crossover.limits import Limits


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"calls": 0}, "the limit of calls must be a whole number above 0, got 0"),
        ({"calls": 2.5}, "whole number"),
        ({"tokens": True}, "whole number"),
        ({"seconds": "10"}, "the limit of seconds must be a number above 0, got '10'"),
        ({"dollars": -1}, "above 0"),
        ({"dollars": float("nan")}, "above 0"),
        ({"dollar": 1}, "did you mean dollars?"),
        (20, "expected calls, tokens, dollars, seconds, each with a number; got 20"),
        ([], "expected calls"),
    ],
)
def test_wrong_limits_of_a_grid_are_one_clear_line(questions, limits, said):
    with pytest.raises(ConfigError) as raised:
        load_grid(questions | {"limits": limits})
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


# in a run


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    lines = [
        {"id": f"q{n}", "question": f"Who {n}?", "answers": ["fake"], "context": "Fake."}
        for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return {
        "datasets": [f"jsonl({path})"],
        "models": ["fake"],
        "strategies": ["many_calls.Asking(calls=3)", "closed_book"],
    }


def test_a_grids_limits_hold_for_every_question(questions, tmp_path):
    frame = run_grid(load_grid(questions | {"limits": {"calls": 2}}), tmp_path / "run")
    assert frame.groupby("strategy")["calls"].max().to_dict() == {
        "closed_book": 1,
        "many_calls.Asking(calls=3)": 2,
    }
    stopped = frame[frame["calls"] == 2]
    assert set(stopped["outcome"]) == {"stopped:calls"}
    assert set(stopped["answer_recall"]) == {1.0}
    for name in ("report.html", "report.md"):
        assert "stopped:calls" in (tmp_path / "run" / name).read_text()
    assert "limits:" in (tmp_path / "run" / "report.md").read_text()


def test_limits_are_part_of_a_question_only_where_there_are_any(questions):
    def keys(**limits):
        return [job.key for job in load_grid(questions | {"limits": limits}).jobs()]

    free = [job.key for job in load_grid(questions).jobs()]
    assert keys() == keys(calls=None) == free
    assert not set(keys(calls=2)) & set(free)
    assert keys(calls=2) == keys(calls=2)
    assert not set(keys(calls=3)) & set(keys(calls=2))


def test_an_unfinished_question_goes_on_under_the_same_limits(questions, tmp_path):
    grid = load_grid(questions | {"limits": {"calls": 2}})
    first = next(iter(grid.jobs()))
    with Store(tmp_path / "run") as store:
        from crossover.experiments.remembering import Remembering

        kept = Remembering(first.model, store, first.key, grid.seed)
        # as a killed run left it
        Asking(calls=1).answer(first.example.question, kept)
    frame = run_grid(grid, tmp_path / "run")
    row = frame[frame["strategy"] != "closed_book"].iloc[0]
    assert (row["outcome"], row["calls"]) == ("stopped:calls", 2)
    with Store(tmp_path / "run") as store:
        trace = store.answered([first.key])[first.key].trace
    assert [step.name for step in trace] == ["stored reply", "model call"]


def test_a_limit_of_dollars_needs_every_price_before_anything_is_asked(
    questions, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    with Endpoint() as endpoint:
        model = f'openai:tiny(base_url="{endpoint.url}")'
        grid = questions | {"models": [model], "limits": {"dollars": 1}}
        with pytest.raises(ConfigError, match="input_price and output_price"):
            load_grid(grid)
        other = f"many_calls.Asking(other={model})"
        with pytest.raises(ConfigError, match="openai:tiny"):
            load_grid(questions | {"strategies": [other], "limits": {"dollars": 1}})
        priced = model[:-1] + ", input_price=1, output_price=1)"
        assert load_grid(grid | {"models": [priced]}).limits == Limits(dollars=1)
        assert endpoint.requests == []


def test_ask_takes_limits(tmp_path, monkeypatch, capsys):
    from test_cli import crossover as command

    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("The bridge was built by Ada.")
    asked = ("ask", "Who?", "notes.txt", "--model", "fake", "--strategy", "many_calls.Asking")
    code, out, _ = command(capsys, *asked, "--max-calls", "2", "--trace")
    assert code == 0
    assert "fake answer 1 [stopped:calls] the next call would make it 3 calls of 2" in out
    assert "2 calls; " in out
    code, _, errors = command(capsys, *asked, "--max-seconds", "0")
    assert (code, errors) == (2, "error: the limit of seconds must be a number above 0, got 0.0\n")


def test_a_plan_is_not_stopped(questions):
    from crossover.experiments.plan import plan

    planned = plan(load_grid(yaml.safe_load(yaml.safe_dump(questions | {"limits": {"calls": 1}}))))
    assert planned["calls"].tolist() == [9, 3]
    assert planned["would_fail"].tolist() == [0, 0]
