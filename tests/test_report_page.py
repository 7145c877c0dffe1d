"""The sections of the page."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from frames import HOSTILE, frame, planted, row
from test_page import Page

import crossover
from crossover.experiments.report import load_frame, summarise, write_report
from crossover.experiments.reporting import curves, drill_down, pairs, slices
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.reporting.page import MOST_BYTES


def html(table, folder):
    write_report(table, folder)
    return (folder / "report.html").read_text()


def test_the_sections_stand_in_order(tmp_path):
    text = html(planted({"full_context": 0.8, "rag": 0.5}), tmp_path)
    wanted = "answer strategies heat slices paired crossover failures cost questions reproduce"
    places = [text.index(f'id="{name}"') for name in wanted.split()]
    assert places == sorted(places)
    assert text.startswith("<!DOCTYPE html>")


def test_one_question_one_strategy_and_nothing_answered_still_make_a_page(tmp_path):
    failed = row(score=0.0, outcome="failed:timeout", answer="", seconds=None, dollars=None)
    text = html(frame([failed]), tmp_path)
    assert "There is one strategy, so nothing to compare." in text
    assert "There is no heat map" in text
    assert "failed:timeout" in text
    assert ">nan<" not in text.lower()


def test_marks_say_what_is_shown():
    shared = {"p_holm": 0.01, "low": 0.1, "high": 0.3, "difference": 0.2}
    assert pairs.mark(shared) == pairs.BETTER
    assert pairs.mark(shared | {"p_holm": 0.2}) == pairs.OPEN
    down = {"low": -0.3, "high": -0.1, "difference": -0.2}
    assert pairs.mark(shared | down) == pairs.WORSE
    assert pairs.mark({"p_holm": 0.9, "low": -0.04, "high": 0.05, "difference": 0}) == pairs.SAME
    assert pairs.mark({"p_holm": 1, "low": None, "high": None, "difference": 0}) == pairs.OPEN


def test_the_page_explains_the_marks_that_it_uses(tmp_path):
    text = html(planted({"full_context": 0.8, "rag": 0.5}), tmp_path)
    assert "<dt>▼ worse</dt>" in text
    assert "<dt>? open</dt>" not in text


def test_every_outcome_is_in_the_denominator(tmp_path):
    names = ("answered", "declined", "overflow", "failed:timeout")
    rows = [row(group=str(at), outcome=name, score=0.0) for at, name in enumerate(names)]
    text = html(frame([*rows, row(group="x")]), tmp_path)
    (table,) = re.findall(r'aria-label="outcomes of all questions">(.*?)</table>', text, re.DOTALL)
    cells = re.findall(r"<td[^>]*>(\d+)</td>", table)
    assert cells == ["5", "2", "1", "1", "1"]
    assert "2 of them brought nothing that could be scored" in text


def test_the_heat_map_crosses_length_and_depth():
    rows = [
        row(group=str(at), score=0.9 if depth == "0 %" else 0.1, example=f"{at} {depth} {length}")
        | {"tag.depth": depth, "tag.length": length, "tag.other": other}
        for at in range(4)
        for depth, other in (("0 %", "x"), ("50 %", "y"))
        for length in ("32k", "128k")
    ]
    (heat,) = slices.heats(frame(rows))
    assert (heat.down, heat.along) == ("length", "depth")
    (shown,) = heat.maps
    assert [name for name, _ in shown.rows] == ["32k", "128k"]
    assert [square.text for square in shown.rows[0][1]] == ["0.90", "0.10"]
    assert all(square.rough for square in shown.rows[0][1])


def test_a_crossover_point_is_found_along_the_length_tag(tmp_path):
    generator = np.random.default_rng(1)
    rows = [
        row(
            strategy,
            f"{length} {at}",
            float(np.clip(0.5 + side * lead + generator.normal(0, 0.02), 0, 1)),
            example=f"{length} {at}",
            answer="",
        )
        | {"tag.length": length}
        for length, lead in (("8k", 0.2), ("32k", 0.0), ("128k", -0.2))
        for at in range(12)
        for strategy, side in (("full_context", 1), ("rag", -1))
    ]
    table = frame(rows)
    (cell,) = Facts(table, summarise(table)).cells
    (found,) = curves.crossings(cell)
    assert found.found.verdict == "crosses"
    assert found.found.low < 32_000 < found.found.high
    assert "leads first and is overtaken between length" in found.sentence
    assert "leads first and is overtaken between length" in html(table, tmp_path)


def test_swept_numbers_make_families():
    found = curves.swept(["rag(k=5)", "rag(k=20)", "rag(k=5,order=best)", "closed_book"])
    assert found == {("rag(k=…)", "k"): {"rag(k=5)": 5.0, "rag(k=20)": 20.0}}


def test_an_index_that_pays_says_after_how_many_questions(tmp_path):
    table = planted({"full_context": 0.5, "rag": 0.5}, full_context=0.101, rag=0.001)
    table.loc[table["strategy"] == "rag", "indexing_dollars"] = 0.5
    text = html(table, tmp_path)
    assert "rag against full_context, dollars: pays from about 5.0 questions per document" in text


def test_verdicts_and_ranking_beside_the_run_are_a_section(tmp_path):
    table = planted({"full_context": 0.8, "rag": 0.5}, documents=12)
    assert 'id="judge"' not in html(table, tmp_path)
    judged = table.assign(**{"judge.score": table["answer_recall"].round()})
    costs = ("calls", "failed_calls", "retried_calls", "input_tokens", "output_tokens")
    judged = judged.assign(**{f"judge.{name}": 1 for name in costs})
    judged["judge.dollars"], judged["judge.seconds"] = 0.25, 1.0
    judged["judge.outcome"], judged["judge.message"] = "judged", ""
    judged.attrs = table.attrs | {"judge": "fake", "judge_mode": "rubric"}
    judged.to_parquet(tmp_path / "judged.parquet")
    ranked = {"dataset": "papers", "model": "reader", "strategy": "<b>rag", "place": 1}
    ranked |= {"best": 1, "worst": 2, "share": 0.7, "low": 0.6, "high": 0.8, "note": ""}
    ranked |= {"strength": 0.9, "strength_low": 0.1, "strength_high": math.inf}
    ranked |= {"wins": 5, "ties": 1, "losses": 2}
    pd.DataFrame([ranked]).to_parquet(tmp_path / "ranking.parquet")
    text = html(table, tmp_path)
    assert "Judged by fake (rubric)." in text
    assert "0.70 [0.60, 0.80]" in text
    assert "0.90 [0.10, inf]" in text
    assert "1 (1-2)" in text
    assert "&lt;b&gt;rag" in text
    # 48 verdicts a strategy at 0.25 beside 48 answers at 0.001
    assert ">12.0<" in text
    (tmp_path / "judged.parquet").write_text("no")
    assert "The verdicts beside this page cannot be shown" in html(table, tmp_path)


def test_the_questions_that_divide_strategies_come_first():
    table = planted({"one": 0.5, "other": 0.5}, documents=3)
    table["answer_recall"] = 0.5
    split = (table["example"] == "2-1") & (table["strategy"] == "one")
    table.loc[split, "answer_recall"] = 1.0
    found = drill_down.chosen(table)
    assert found.keys == (("papers", "2-1"),)
    assert (found.questions, found.differ) == (12, 1)


def test_the_number_of_questions_shown_is_said_and_the_page_stays_small(tmp_path, monkeypatch):
    table = planted({"one": 0.5, "other": 0.5}, documents=200)
    table["answer"] = "long " * 4_000
    text = html(table, tmp_path)
    shown = text.count('<details class="question">')
    assert shown == 500
    assert "500 of 800 questions" in text
    monkeypatch.setattr("crossover.experiments.reporting.page.MOST_BYTES", 400_000)
    text = html(table, tmp_path)
    fewer = text.count('<details class="question">')
    assert 50 < fewer < 500
    assert f"{fewer} of 800 questions" in text
    assert len(text.encode()) < 400_000 < MOST_BYTES


def test_passages_references_and_calls_come_from_the_run(tmp_path):
    path = tmp_path / "questions.jsonl"
    lines = [
        {"id": f"q{n}", "question": f"Who built bridge {n}?", "answers": ["Ada"]}
        | {"context": f"Bridge {n} was built by Ada. " * 20}
        for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    grid = {
        "datasets": [f"jsonl({path})"],
        "models": ["fake(reply=Ada)"],
        "strategies": ["rag", "closed_book"],
    }
    crossover.run(grid, tmp_path / "run")
    table = load_frame(tmp_path / "run")
    table.loc[table["strategy"] == "closed_book", table.attrs["metrics"]["jsonl"][0]] = 0.0
    text = html(table, tmp_path / "run")
    assert "Who built bridge 1?" in text
    assert "<b>Reference:</b> Ada" in text
    assert "Bridge 2 was built by Ada." in text
    assert "with their passages and calls in details.parquet" in text
    assert "<dt>crossover-rag</dt>" in text
    write_report(table, tmp_path / "elsewhere")
    assert "passages and calls were not kept" in (tmp_path / "elsewhere/report.html").read_text()


@pytest.mark.parametrize("where", ["answer", "message", "example", "strategy", "tag.kind", "group"])
def test_hostile_text_stays_text(where, tmp_path):
    attacks = [*HOSTILE, "</script><script>alert(1)</script>", "</title></style><b onclick=x>"]
    table = planted({"one": 0.9, "other": 0.1}, documents=12)
    table["message"] = ""
    mark = np.arange(len(table)) % (len(table) // 2) % len(attacks)
    if where == "strategy":
        table[where] = [attacks[-2] if name == "one" else attacks[-1] for name in table[where]]
    else:
        # ids stay apart
        old = table[where].astype(str) if where in ("example", "group") else [""] * len(table)
        table[where] = [attacks[at] + end for at, end in zip(mark, old, strict=True)]
    text = html(table, tmp_path)
    page = Page(text)
    assert page.tags.count("script") == 1
    assert not {"img", "b onclick=x", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert text.count("</script>") == 1
    assert text.count("</style>") == 1
