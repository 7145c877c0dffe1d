"""What a run and its strategies may spend: they end cleanly, and go on where they stopped."""

import json

import pytest
from command_line import crossover as command
from misbehaving import Endpoint, answer

import crossover
from crossover.errors import ConfigError
from crossover.experiments.budget import BudgetReached
from crossover.experiments.grid import load_grid
from crossover.experiments.report import load_frame

QUESTIONS = 10


@pytest.fixture
def grid(tmp_path):
    lines = [
        {"question": f"Who built bridge {n}?", "answers": ["Ada"], "context": f"Ada built {n}."}
        for n in range(QUESTIONS)
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return {
        "datasets": [f"jsonl({path})"],
        "models": ["fake(reply=Ada, concurrency=1, input_price=1000000, output_price=1000000)"],
        "strategies": ["closed_book", "full_context"],
    }


def asked(frame):
    return frame.groupby("strategy")["example"].count().to_dict()


def test_a_run_ends_at_its_budget_and_goes_on_with_a_larger_one(grid, tmp_path):
    whole = crossover.run(grid, tmp_path / "whole")
    half = float(whole["dollars"].sum() / 2)
    first = crossover.run(grid | {"budget": {"run": {"dollars": half}}}, tmp_path / "run")
    counts = asked(first)
    assert counts["closed_book"] == counts["full_context"] < QUESTIONS
    assert first["dollars"].sum() <= half
    reached, left = first.attrs["unasked"]
    assert "the run: its budget of" in reached
    assert f"{QUESTIONS - counts['closed_book']} of {QUESTIONS} questions are left out" in left
    assert left in (tmp_path / "run" / "report.md").read_text()
    assert load_frame(tmp_path / "run").attrs["unasked"] == [reached, left]
    again = crossover.run(grid, tmp_path / "run")
    assert again["answer"].tolist() == whole["answer"].tolist()
    assert again["dollars"].tolist() == whole["dollars"].tolist()
    assert "unasked" not in again.attrs or not again.attrs["unasked"]


def test_what_earlier_sittings_spent_counts(grid, tmp_path):
    budget = {"budget": {"run": {"calls": 7}}}
    first = crossover.run(grid | budget, tmp_path / "run")
    second = crossover.run(grid | budget, tmp_path / "run")
    assert asked(first) == asked(second) == {"closed_book": 3, "full_context": 3}


def test_one_strategy_may_spend_its_budget_while_others_go_on(grid, tmp_path):
    with Endpoint(answer("Ada")) as endpoint:
        grid["models"] = [f"openai:tiny(base_url={endpoint.url}, concurrency=1)"]
        whole = crossover.run(grid, tmp_path / "whole")
        totals = (whole["input_tokens"] + whole["output_tokens"]).groupby(whole["strategy"]).sum()
        tokens = int(totals["closed_book"]) + 40
        assert tokens < totals["full_context"]
        endpoint.play(answer("Ada"))
        grid["budget"] = {"strategy": {"tokens": tokens}}
        frame = crossover.run(grid, tmp_path / "run")
        prompts = [one.prompt for one in endpoint.requests]
    counts = asked(frame)
    assert counts["closed_book"] == counts["full_context"] < QUESTIONS
    (reached, left) = frame.attrs["unasked"]
    assert reached == f"full_context: its budget of {tokens} tokens is spent"
    # closed_book was asked everything; what has no partner waits for the next run
    assert sum("Ada built" not in prompt for prompt in prompts) == QUESTIONS
    assert f"{QUESTIONS - counts['closed_book']} answers to them are kept" in left


def test_time_is_a_budget(grid, tmp_path):
    grid["models"] = ["fake(reply=Ada, latency=0.1, concurrency=1)"]
    frame = crossover.run(grid | {"budget": {"run": {"seconds": 0.65}}}, tmp_path / "run")
    assert 1 <= asked(frame)["full_context"] < QUESTIONS


def test_calls_under_way_are_reserved(grid, tmp_path):
    grid["models"] = ["fake(reply=Ada, latency=0.05, concurrency=8)"]
    with Endpoint(answer("Ada", pause=0.02)) as endpoint:
        grid["models"] = [f"openai:tiny(base_url={endpoint.url}, concurrency=8)"]
        crossover.run(grid | {"budget": {"run": {"calls": 9}}}, tmp_path / "run")
        assert len(endpoint.requests) == 9


def test_nothing_answered_by_all_is_said(grid, tmp_path):
    with pytest.raises(BudgetReached, match="before every strategy had answered one question"):
        crossover.run(grid | {"budget": {"strategy": {"tokens": 1}}}, tmp_path / "run")


def test_the_command_says_that_it_stopped(grid, tmp_path, capsys):
    path = tmp_path / "grid.yaml"
    path.write_text(json.dumps(grid | {"budget": {"run": {"calls": 7}}}))
    code, _, errors = command(capsys, "run", path, "--out", tmp_path / "run")
    assert code == 3
    assert "the run: its budget of 7 calls is spent" in errors


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"run": {"euros": 3}}, "euros"),
        ({"run": {"dollars": -1}}, "dollars must be a number above 0"),
        ({"strategies": {"dollars": 1}}, "strategies"),
    ],
)
def test_a_budget_that_makes_no_sense_is_told(grid, budget, said):
    with pytest.raises(ConfigError, match=said):
        load_grid(grid | {"budget": budget})


def test_dollars_need_prices(grid):
    grid["models"] = ["openai:tiny(base_url='http://127.0.0.1:9/v1')"]
    with pytest.raises(ConfigError, match="needs the price of"):
        load_grid(grid | {"budget": {"run": {"dollars": 1}}})
