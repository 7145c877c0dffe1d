"""Judging a run from end to end: what is asked, kept, billed, and what goes wrong."""

import json
import os
import re

import pandas as pd
import pytest
from judging_runs import answered, judge_of, judge_text, part
from misbehaving import Endpoint, answer, broken_off, hang, status, truncated_json

from crossover.errors import CrossoverError
from crossover.experiments.judging.judged import judge_run
from crossover.experiments.judging.report import judge_summary
from crossover.judging.calls import UNPARSABLE
from crossover.judging.judge import build_judge

KEY = "sk-verysecret0123456789abcdef"


def fair(asked):
    """Right where the candidate holds the reference."""
    right = part(asked.prompt, "reference") in part(asked.prompt, "candidate")
    return f"Compared.\nVerdict: {'CORRECT' if right else 'INCORRECT'}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A finished run: twelve questions over four documents, two strategies, one call that fails."""
    monkeypatch.chdir(tmp_path)
    lines = []
    for number in range(12):
        town = number // 3
        text = " ".join(f"Builder{n} built bridge {n}." for n in range(3 * town, 3 * town + 3))
        lines.append(
            {
                "id": f"q{number}",
                "question": f"Who built bridge {number}?",
                "answers": [f"Builder{number}"] if number % 4 else [],
                "documents": [{"id": f"town{town}", "text": text}],
            }
        )
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, lines)))
    scripted = [f"bridge {n}? => Builder{n} did" for n in range(12)]
    grid = {
        "datasets": ["jsonl(path=q.jsonl)"],
        "models": [{"name": "fake", "replies": scripted, "fails": "timeout", "fails_on": "e 7?"}],
        "strategies": ["full_context", "closed_book"],
        "metrics": ["answer_recall"],
    }
    answered(grid, tmp_path / "run")
    return tmp_path / "run"


def test_a_run_is_judged_and_asked_nothing_twice(folder, invoke):
    with Endpoint(answer(fair)) as endpoint:
        said = invoke("judge", folder, "--judge", judge_text(endpoint))
        asked = len(endpoint.requests)
        again = invoke("judge", folder, "--judge", judge_text(endpoint))
        assert len(endpoint.requests) == asked
        invoke("judge", folder, "--judge", judge_text(endpoint), "--seed", 1)
        assert len(endpoint.requests) == 2 * asked
    found = pd.read_parquet(folder / "judged.parquet")
    assert len(found) == 24
    known = found.set_index(["example", "strategy"])
    # the same words twice are one call
    assert asked == 11
    assert found["judge.calls"].sum() == 11
    assert known.loc[("q1", "full_context"), "judge.score"] == 1
    assert known.loc[("q1", "full_context"), "judge.outcome"] == "judged"
    # nobody can say who built an unanswerable bridge
    assert known.loc[("q4", "full_context"), "judge.score"] == 0
    assert known.loc[("q7", "full_context"), "judge.outcome"] == "not asked: failed:timeout"
    assert known.loc[("q7", "full_context"), "judge.score"] == 0
    assert found["judge.dollars"].sum() > 0
    for output in (said, again):
        assert re.search(r"full_context \|\s+12 \|\s+0\.667 \[0\.\d+, 0\.\d+\]", output)
        assert "The judge took 11 calls (0 retried, 0 failed)" in output
    assert (folder / "judged.md").read_text().startswith("# Judged by openai:judge-9")


def test_what_the_judge_does_wrong_is_named_counted_and_billed(folder):
    wrongs = {
        "q1": status(429, "slow down"),
        "q2": status(400, "flagged", error_code="content_filter"),
        "q3": answer(""),
        "q5": truncated_json(),
        "q6": answer("Perhaps."),
        "q8": hang(3),
        "q9": broken_off(),
    }

    def behave(asked, out):
        number = re.search(r"bridge (\d+)", part(asked.prompt, "question"))[1]
        wrongs.get(f"q{number}", answer(fair))(asked, out)

    with Endpoint(behave) as endpoint:
        found = judge_run(folder, judge_of(endpoint, timeout=1))
    rows = found.frame[found.frame["strategy"] == "full_context"].set_index("example")
    outcomes = rows["judge.outcome"]
    assert outcomes["q1"] == "failed:rate_limit"
    assert outcomes["q2"] == "refused"
    assert outcomes["q3"] == "failed:empty"
    assert outcomes["q5"].startswith("failed:")
    assert outcomes["q6"] == UNPARSABLE
    assert outcomes["q8"] == "failed:timeout"
    assert outcomes["q9"].startswith("failed:")
    assert outcomes["q10"] == "judged"
    assert (rows.loc[list(wrongs), "judge.score"] == 0).all()
    assert (rows.loc[list(wrongs), "judge.calls"] == 1).all()
    # nothing leaves the denominator, and the table says what could have been
    summary = judge_summary(found.frame).set_index("strategy").loc["full_context"]
    assert summary["n"] == 12
    assert (summary["unparsable"], summary["failed"], summary["not_asked"]) == (1, 6, 1)
    assert summary["score"] == pytest.approx(2 / 12)
    assert summary["if_right"] == pytest.approx(9 / 12)
    assert found.bill.failed == 6
    assert "6 failed" not in str(summary["troubles"])
    assert "failed:rate_limit" in summary["troubles"]


def test_attempts_of_the_judge_are_billed(folder):
    with Endpoint(status(503), answer(fair)) as endpoint:
        found = judge_run(folder, judge_of(endpoint, attempts=3, concurrency=1))
    assert found.bill.retried == 1
    assert found.bill.usage.calls == 12
    assert found.bill.failed == 0


def test_failed_verdicts_are_asked_again_where_that_is_wanted(folder):
    with Endpoint(status(429)) as endpoint:
        judge_run(folder, judge_of(endpoint))
        endpoint.play(answer(fair))
        kept = judge_run(folder, judge_of(endpoint))
        assert not endpoint.requests
        assert (kept.frame["judge.outcome"] == "failed:rate_limit").sum() == 22
        found = judge_run(folder, judge_of(endpoint), retry_failed=True)
        assert len(endpoint.requests) == 11
    assert not found.frame["judge.outcome"].str.startswith("failed").any()


def test_what_was_answered_before_a_stop_is_kept(folder):
    def stops(asked):
        if asked.number == 5:
            os.kill(os.getpid(), 2)
        return fair(asked)

    with Endpoint(answer(stops)) as endpoint:
        with pytest.raises(KeyboardInterrupt):
            judge_run(folder, judge_of(endpoint, concurrency=1))
        before = len(endpoint.requests)
        assert 6 <= before < 11
        endpoint.play(answer(fair))
        judge_run(folder, judge_of(endpoint, concurrency=1))
        assert len(endpoint.requests) == 11 - before


def test_no_key_gets_into_a_file(folder, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    with Endpoint(answer(fair), status(401, f"Incorrect API key provided: {KEY}")) as endpoint:
        judged = judge_run(folder, judge_of(endpoint, key_env="JUDGE_KEY"))
        headers = {name.lower(): value for name, value in endpoint.requests[0].headers.items()}
        assert KEY in headers["authorization"]
    assert judged.bill.failed
    for path in folder.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


def test_a_sample_keeps_the_strategies_of_a_question_together(folder, invoke):
    with Endpoint(answer(fair)) as endpoint:
        found = judge_run(folder, judge_of(endpoint), limit=4)
        said = invoke("judge", folder, "--judge", judge_text(endpoint), "--dry-run")
    assert found.frame.groupby("example")["strategy"].nunique().tolist() == [2] * 4
    assert found.frame["group"].nunique() == 4
    left = 11 - found.bill.usage.calls
    assert re.fullmatch(rf"{left} calls to make, [\d,]+ tokens in, at most \$0\.\d+\n", said)


def test_the_reader_does_not_pretend_to_judge(folder, invoke):
    said = invoke("judge", folder, "--judge", "reader")
    found = pd.read_parquet(folder / "judged.parquet")
    asked = found[~found["judge.outcome"].str.startswith("not asked")]
    assert set(asked["judge.outcome"]) == {"unsupported"}
    assert "serve this request" in asked["judge.message"].iloc[0]
    assert "22 unsupported" in said or "11 unsupported" in said


def test_a_candidate_is_refused_as_judge(folder, invoke):
    with pytest.raises(CrossoverError, match="--allow-self"):
        invoke("judge", folder, "--judge", 'fake(reply="Verdict: CORRECT")')
    said = invoke("judge", folder, "--judge", 'fake(reply="Verdict: CORRECT")', "--allow-self")
    assert "would grade its own answers" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f.parent / "q.jsonl").unlink(), "no such file"),
        (
            lambda f: (f.parent / "q.jsonl").write_text(
                json.dumps({"id": "x", "question": "Q?", "answers": ["a"], "context": "c"})
            ),
            "no longer there",
        ),
        (lambda f: (f / "results.parquet").unlink(), "finished run"),
    ],
)
def test_a_run_that_cannot_be_judged_is_one_line(folder, change, said):
    change(folder)
    with Endpoint() as endpoint:
        with pytest.raises(CrossoverError, match=said):
            judge_run(folder, judge_of(endpoint))
        assert not endpoint.requests


def test_a_checklist_is_written_once_for_all_strategies(folder):
    def checks(asked):
        if "Write that list" in asked.prompt:
            return "1. Does it name a builder?\n2. Does it name the right one?"
        named = re.search(r"bridge (\d+)", part(asked.prompt, "question"))[1]
        right = f"Builder{named}" in part(asked.prompt, "answer")
        return f"1: YES\n2: {'YES' if right and named != '5' else 'NO'}"

    with Endpoint(answer(checks)) as endpoint:
        found = judge_run(folder, judge_of(endpoint, "checklist"))
        written = [r for r in endpoint.requests if "Write that list" in r.prompt]
        checked = [r for r in endpoint.requests if r not in written]
        assert not any("<reference>" in r.prompt for r in checked)
    rows = found.frame.set_index(["example", "strategy"])
    assert len(written) == 11
    assert rows.loc[("q5", "full_context"), "judge.score"] == 0.5
    assert rows.loc[("q6", "full_context"), "judge.score"] == 1.0
    assert found.bill.usage.calls == 22
    assert rows["judge.calls"].sum() == 22


def test_a_checklist_nobody_can_read_is_an_outcome(folder):
    with Endpoint(answer("I would rather not.")) as endpoint:
        found = judge_run(folder, judge_of(endpoint, "checklist"), limit=4)
    asked = found.frame[~found.frame["judge.outcome"].str.startswith("not asked")]
    assert set(asked["judge.outcome"]) == {UNPARSABLE}
    assert found.bill.usage.calls > 0


def test_own_items_make_the_checklist(folder, tmp_path):
    (tmp_path / "items.txt").write_text("Is it short?\n\nIs it polite?\n")
    with Endpoint(answer("1: YES\n2: NO")) as endpoint:
        judge = build_judge(judge_of(endpoint).model, "checklist", items=tmp_path / "items.txt")
        found = judge_run(folder, judge)
        assert len(endpoint.requests) == 11
    assert set(found.frame["judge.score"]) == {0.0, 0.5}
