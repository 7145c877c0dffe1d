"""Judging runs and labels from end to end, by a scripted judge behind an OpenAI-compatible API."""

import json
import os
import random
import re
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
import pytest
from misbehaving import Asked, Endpoint, answer, broken_off, hang, status, truncated_json
from typer.testing import CliRunner

from crossover.cli import app
from crossover.errors import CrossoverError
from crossover.experiments.frame import frame, record
from crossover.experiments.grid import load_grid
from crossover.experiments.judging.agreement import measure
from crossover.experiments.judging.judged import combined, judge_run
from crossover.experiments.judging.report import judge_summary, rankings
from crossover.experiments.run import Silent, execute
from crossover.experiments.store import Store
from crossover.judging.calls import UNPARSABLE, Verdict
from crossover.judging.judge import Judge, build_judge
from crossover.models.fake import Fake
from crossover.types import Completion, Usage

KEY = "sk-verysecret0123456789abcdef"


def judge_text(endpoint, **options):
    settings = {"attempts": 1, "timeout": 5, "pause": 0.01, **options}
    given = ", ".join(f"{name}={value}" for name, value in settings.items())
    prices = "input_price=1, output_price=2"
    return f'openai:judge-9(base_url="{endpoint.url}", {prices}, {given})'


def judge_of(endpoint, mode="rubric", points=1, seed=0, **options):
    from crossover import catalog
    from crossover.roles import Model

    return build_judge(
        catalog.load(Model, judge_text(endpoint, **options)), mode, points=points, seed=seed
    )


def part(prompt, tag):
    return re.findall(rf"<{tag}[^>]*>\n(.*?)\n</{tag}>", prompt, re.S)[-1]


def fair(asked):
    """Right where the candidate holds the reference."""
    right = part(asked.prompt, "reference") in part(asked.prompt, "candidate")
    return f"Compared.\nVerdict: {'CORRECT' if right else 'INCORRECT'}"


def shown(prompt):
    """The answers as shown: label and text, in their order."""
    return re.findall(r'<answer label="(\w)">\n(.*?)\n</answer>', prompt, re.S)


def answered(grid, folder):
    """Run a grid without its report, which takes longer than all that is tested here."""
    plan = load_grid(grid)
    jobs = list(plan.jobs())
    with Store(folder) as store:
        execute(jobs, store, plan.seed, Silent())
        answers = store.answered()
    found = frame(plan, [record(job, answers[job.key], plan.name) for job in jobs])
    found.to_parquet(folder / "results.parquet")
    return found


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


@pytest.fixture
def invoke():
    """Run a command in this process; what is the user's mistake is raised."""

    def call(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    return call


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


def pairs_run(tmp_path):
    """Results of three strategies whose answers differ, over eleven documents."""
    lines, rows = [], []
    for number in range(22):
        lines.append(
            {"id": f"q{number}", "question": f"Who built {number}?", "answers": ["Ada"]}
            | {"documents": [{"id": f"d{number // 2}", "text": f"Ada. {number // 2}"}]}
        )
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    grid = {
        "datasets": [f"jsonl(path={path})"],
        "models": ["fake"],
        "strategies": ["closed_book", "rag", "full_context"],
        "metrics": ["answer_recall"],
    }
    before = answered(grid, tmp_path / "pairs")
    for at, row in enumerate(before.to_dict("records")):
        quality = {"closed_book": 1, "rag": 2, "full_context": 3}[row["strategy"]]
        row["answer"] = f"quality {quality} of {row['example']}"
        if at % 17 == 0:
            row |= {"outcome": "failed:timeout", "answer": ""}
        rows.append(row)
    found = pd.DataFrame(rows)
    found.attrs = before.attrs
    found.to_parquet(tmp_path / "pairs" / "results.parquet")
    return tmp_path / "pairs"


def better_quality(upsets):
    """Prefers the better answer, but for some questions the other way round."""

    def reply(asked):
        (one, first), (two, second) = shown(asked.prompt)
        ahead = first.split()[1] > second.split()[1]
        upset = int(re.search(r"of q(\d+)", first)[1]) % 10 in upsets
        return f"Verdict: {one if ahead != upset else two}"

    return reply


def test_strategies_are_ranked_by_comparisons(tmp_path, invoke):
    folder = pairs_run(tmp_path)
    with Endpoint(answer(better_quality({3, 7}))) as endpoint:
        said = invoke("judge", folder, "--judge", judge_text(endpoint), "--mode", "pairwise")
        asked = len(endpoint.requests)
        invoke("judge", folder, "--judge", judge_text(endpoint), "--mode", "pairwise")
        assert len(endpoint.requests) == asked
        judged = judge_run(folder, judge_of(endpoint, "pairwise"))
    table = pd.read_parquet(folder / "comparisons.parquet")
    assert len(table) == 66
    settled = table["outcome"].str.startswith("not asked")
    assert settled.sum() > 0
    assert asked == 4 * (66 - settled.sum())
    ((_, ranking),) = rankings(judged)
    assert ranking.anchor == "closed_book"
    assert [each.strategy for each in ranking.ranked] == ["full_context", "rag", "closed_book"]
    best = ranking.ranked[0]
    assert best.low < best.share < best.high
    assert best.strength_low > 0
    assert said.index("full_context", said.index("Ranking")) < said.index(
        "| rag", said.index("Ranking")
    )
    assert len(pd.read_parquet(folder / "ranking.parquet")) == 3


def test_a_judge_that_looks_at_the_order_alone_makes_ties(tmp_path):
    folder = pairs_run(tmp_path)
    with Endpoint(answer(lambda asked: f"Verdict: {shown(asked.prompt)[0][0]}")) as endpoint:
        found = judge_run(folder, judge_of(endpoint, "pairwise"))
    asked = found.comparisons[~found.comparisons["outcome"].str.startswith("not asked")]
    assert set(asked["result"]) == {0.5}
    assert not asked["undecided"].any()


@pytest.mark.parametrize(
    ("values", "result", "undecided"),
    [
        ([1, 1, 1, 1], 1.0, False),
        ([0, 0, 0, 0], 0.0, False),
        ([1, 0, 1, 0], 0.5, False),
        ([1, 1, 1, 0], 0.75, False),
        ([0, 0, 0.5, 0], 0.25, False),
        ([1, None, 1, 1], 0.75, True),
        ([None, None, None, None], 0.5, True),
    ],
)
def test_orders_that_disagree_are_a_tie(values, result, undecided):
    said = [Verdict(value, "judged" if value is not None else UNPARSABLE) for value in values]
    assert combined(said) == (result, undecided)


# --- agreement with labels


def labels(path, records):
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def single_records(count=200, seed=1):
    chance = random.Random(seed)
    return [
        {
            "question": f"Question {n}?",
            "gold": "Ada",
            "answer": f"record {n} " + "word " * chance.randint(1, 30),
            "label": int(chance.random() < 0.5),
            "group": f"d{n // 5}",
        }
        for n in range(count)
    ]


def number_of(asked):
    return int(re.search(r"record (\d+)", part(asked.prompt, "candidate"))[1])


@dataclass(frozen=True)
class Scripted(Fake):
    """The judge of the endpoint without the way there: many verdicts take no time."""

    script: Callable = field(default=str, compare=False)

    def complete(self, request):
        text = self.script(Asked(0, "", {}, {"messages": [{"content": request.instruction}]}))
        return Completion(text, Usage(calls=1))


def measured(tmp_path, records, reply, mode="rubric", points=1, endpoint=None):
    path = labels(tmp_path / "labels.jsonl", records)
    judge = Judge(Scripted(script=reply), mode, points)
    if endpoint:
        judge = judge_of(endpoint, mode, points)
    found = measure(path, judge, tmp_path / f"agreement {uuid.uuid4()}")
    return found, {each.name: each for each in found.measures}


def test_a_planted_error_rate_is_recovered(tmp_path):
    records, chance = single_records(), random.Random(7)
    errs = {n: chance.random() < 0.2 for n in range(200)}
    blank = {n for n in range(200) if n % 20 == 0}

    def reply(asked):
        n = number_of(asked)
        if n in blank:
            return "Hard to say."
        right = records[n]["label"] == (0 if errs[n] else 1)
        return f"Verdict: {'CORRECT' if right else 'INCORRECT'}"

    with Endpoint(answer(reply)) as endpoint:
        found, numbers = measured(tmp_path, records, reply, endpoint=endpoint)
    hits = sum(not errs[n] and n not in blank for n in range(200)) / 200
    assert numbers["accuracy"].value == pytest.approx(hits)
    assert numbers["accuracy"].low < 0.8 * 190 / 200 < numbers["accuracy"].high
    assert numbers["unparsable verdict"].value == pytest.approx(10 / 200)
    # half of the labels are right: chance agrees half the time
    assert numbers["Cohen's kappa"].low < 0.6 * 190 / 200 < numbers["Cohen's kappa"].high
    assert numbers["leniency"].low < 0 < numbers["leniency"].high
    assert numbers["length bias"].low < 0 < numbers["length bias"].high
    assert found.confusion.loc[:, "no verdict"].sum() == 10
    assert found.bill.usage.calls == 200
    assert found.clusters == 40


def test_kappa_is_the_textbook_one(tmp_path):
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: kappa 0.4
    wanted = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    records = single_records(50)
    for each, (label, _) in zip(records, wanted, strict=True):
        each["label"] = label

    def reply(asked):
        return f"Verdict: {'CORRECT' if wanted[number_of(asked)][1] else 'INCORRECT'}"

    _, numbers = measured(tmp_path, records, reply)
    assert numbers["Cohen's kappa"].value == pytest.approx(0.4)
    assert numbers["accuracy"].value == pytest.approx(0.7)
    assert numbers["leniency"].value == pytest.approx(0.1)


def test_a_lenient_judge_and_one_that_likes_length_are_found_out(tmp_path):
    records = single_records()
    lenient = measured(tmp_path, records, lambda _: "Verdict: CORRECT")[1]
    share = sum(record["label"] for record in records) / 200
    assert lenient["leniency"].value == pytest.approx(1 - share)
    assert lenient["leniency"].low > 0.3

    def by_length(asked):
        return f"Verdict: {'' if len(part(asked.prompt, 'candidate')) > 90 else 'IN'}CORRECT"

    longer = measured(tmp_path, records, by_length)[1]
    assert longer["length bias"].low > 0.7


def test_grades_are_compared_by_rank(tmp_path):
    chance = random.Random(3)
    records = [{**record, "label": chance.randint(0, 4)} for record in single_records(120, seed=2)]

    def reply(asked):
        label = records[number_of(asked)]["label"]
        return f"Verdict: {min(label + 1, 4) if number_of(asked) % 3 == 0 else label}"

    _, numbers = measured(tmp_path, records, reply, points=4)
    off = sum(r["label"] < 4 for n, r in enumerate(records) if n % 3 == 0)
    assert numbers["accuracy"].value == pytest.approx(1 - off / 120)
    assert 0.9 < numbers["Spearman"].low < numbers["Spearman"].high <= 1
    assert 0.9 < numbers["weighted kappa"].value < 1
    assert numbers["leniency"].value == pytest.approx(off / 120 / 4)


def pair_records(count=100, seed=5):
    chance, records = random.Random(seed), []
    for n in range(count):
        one, other = chance.sample(range(1, 31), 2)
        records.append(
            {
                "question": f"Question {n}?",
                "gold": "Ada",
                "answer_a": f"record {n} a " + "word " * one,
                "answer_b": f"record {n} b " + "word " * other,
                "label": chance.choice("ab"),
                "group": f"d{n // 2}",
            }
        )
    return records


def by_label(records, asked, wrong=lambda n, call: False):
    both = shown(asked.prompt)
    n = int(re.search(r"record (\d+)", both[0][1])[1])
    winner = records[n]["label"]
    call = f"{both[0][0]}{both[0][1].split()[2]}"
    if wrong(n, call):
        winner = "ab"[winner == "a"]
    return next(label for label, text in both if text.split()[2] == winner)


def test_a_planted_error_rate_of_comparisons_is_recovered(tmp_path):
    records, chance = pair_records(), random.Random(8)
    errs = {(n, c): chance.random() < 0.15 for n in range(100) for c in ("Aa", "Ab", "2a", "2b")}
    _, numbers = measured(
        tmp_path,
        records,
        lambda asked: f"Verdict: {by_label(records, asked, lambda n, c: errs[n, c])}",
        "pairwise",
    )
    one = numbers["accuracy of one call"]
    assert one.low < 0.85 < one.high
    assert one.value == pytest.approx(1 - sum(errs.values()) / 400)
    # two calls that err independently differ in 2 * 0.15 * 0.85 of cases
    assert numbers["flips with order"].low < 0.255 < numbers["flips with order"].high
    for fair_choice in ("picks what stands first", "picks the symbol A or 1"):
        assert numbers[fair_choice].low < 0.5 < numbers[fair_choice].high
    assert numbers["length bias"].low < 0 < numbers["length bias"].high
    assert numbers["accuracy"].value > one.value - 0.05


@pytest.mark.parametrize("bias", ["first", "symbol", "longer"])
def test_a_planted_bias_is_found_and_no_other(tmp_path, bias):
    records = pair_records()

    def reply(asked):
        both = shown(asked.prompt)
        pick = {
            "first": both[0][0],
            "symbol": min(label for label, _ in both),
            "longer": max(both, key=lambda each: len(each[1]))[0],
        }[bias]
        return f"Verdict: {pick}"

    _, numbers = measured(tmp_path, records, reply, "pairwise")
    assert numbers["flips with order"].value == (0.0 if bias == "longer" else 1.0)
    assert numbers["flips with symbols"].value == (1.0 if bias == "symbol" else 0.0)
    first, symbol = numbers["picks what stands first"], numbers["picks the symbol A or 1"]
    assert first.value == pytest.approx(1.0 if bias == "first" else 0.5)
    assert symbol.value == pytest.approx(1.0 if bias == "symbol" else 0.5)
    longer = sum((len(r["answer_a"]) > len(r["answer_b"])) == (r["label"] == "a") for r in records)
    if bias == "longer":
        assert numbers["length bias"].value == pytest.approx(1 - longer / len(records))
        assert numbers["length bias"].low > 0.3
    else:
        assert numbers["accuracy"].value == 0
        assert numbers["ties"].value == 1


def test_the_command_reports_agreement_and_goes_on_after_a_stop(tmp_path, monkeypatch, invoke):
    monkeypatch.chdir(tmp_path)
    records = single_records(40)
    path = labels(tmp_path / "mine.jsonl", records)

    def reply(asked):
        return f"Verdict: {'CORRECT' if records[number_of(asked)]['label'] else 'INCORRECT'}"

    with Endpoint(answer(reply)) as endpoint:
        words = ["judge-agreement", path, "--judge", judge_text(endpoint)]
        assert "40 calls to make" in invoke(*words, "--dry-run")
        assert not endpoint.requests
        said = invoke(*words)
        assert len(endpoint.requests) == 40
        invoke(*words)
        assert len(endpoint.requests) == 40
    assert re.search(r"accuracy +\| 1\.000 \[0\.\d+, 1\.000\]", said)
    assert re.search(r"Cohen's kappa +\| 1\.000", said)
    assert "The judge took 40 calls" in said
    assert len(pd.read_parquet(tmp_path / "runs/judge-mine/verdicts.parquet")) == 40
    with sqlite3.connect(tmp_path / "runs/judge-mine/judge/answers.sqlite") as store:
        assert store.execute("select count(*) from answers").fetchone() == (40,)


def test_a_judge_that_never_replies_leaves_numbers_unknown(tmp_path):
    with Endpoint(status(500)) as endpoint:
        path = labels(tmp_path / "labels.jsonl", single_records(12))
        found = measure(path, judge_of(endpoint), tmp_path / "agreement")
    numbers = {each.name: each for each in found.measures}
    assert numbers["accuracy"].value == 0
    assert numbers["failed calls"].value == 1
    assert numbers["leniency"].value is None
    assert numbers["length bias"].text() == "unknown"
