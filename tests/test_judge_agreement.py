"""How a judge agrees with labels: planted errors and biases are found, and no others."""

import json
import random
import re
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
import pytest
from judging_runs import judge_of, judge_text, part, shown
from misbehaving import Asked, Endpoint, answer, status

from crossover.experiments.judging.agreement import measure
from crossover.judging.judge import Judge
from crossover.models.fake import Fake
from crossover.types import Completion, Usage


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
