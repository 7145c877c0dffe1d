"""The answer first, and the sections of the page."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from frames import HOSTILE, frame, row
from test_page import Page

import crossover
from crossover.experiments.report import answer_first, load_frame, summarise, write_report
from crossover.experiments.reporting import curves, drill_down, pairs, slices
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.reporting.findings import share_of, verdicts
from crossover.experiments.reporting.page import MOST_BYTES


def planted(scores, documents=30, questions=4, noise=0.1, **costs):
    """Strategies with these mean scores, on the same questions: each adds its noise to theirs."""
    generator = np.random.default_rng(3)
    hard = generator.normal(0, 0.05, (documents, questions))
    return frame(
        [
            row(
                strategy,
                f"document {at}",
                float(np.clip(mean + hard[at, n] + generator.normal(0, noise), 0, 1)),
                example=f"{at}-{n}",
                dollars=costs.get(strategy, 0.001),
                answer=f"{strategy} says {at}",
                **{"tag.kind": "comparison" if n % 2 else "fact"},
            )
            for strategy, mean in scores.items()
            for at in range(documents)
            for n in range(questions)
        ]
    )


def verdict(table):
    (found,) = verdicts(Facts(table, summarise(table)))
    return found


def html(table, folder):
    write_report(table, folder)
    return (folder / "report.html").read_text()


# the answer


def test_a_strategy_that_is_better_and_cheaper_is_the_answer():
    table = planted({"full_context": 0.5, "rag": 0.8}, full_context=0.1, rag=0.01)
    found = verdict(table)
    assert found.best == "rag"
    assert re.fullmatch(
        r"rag is the most accurate \(answer_recall 0\.\d{3} \[.*\]\) and the cheapest\.",
        found.answer,
    )


def test_a_cheap_strategy_that_keeps_most_of_the_score_is_named_with_share_and_cost():
    table = planted({"full_context": 0.8, "rag": 0.75}, full_context=0.1, rag=0.006, noise=0.02)
    found = verdict(table)
    assert (found.best, found.choice) == ("full_context", "rag")
    means = summarise(table).set_index("strategy")["score"]
    share = 100 * means["rag"] / means["full_context"]
    said = re.match(
        r"rag: (\d+) % \[(\d+) %, (\d+) %\] of full_context's score at 6 % of its cost\. "
        r"The most accurate is full_context, answer_recall 0\.",
        found.answer,
    )
    mean, low, high = map(int, said.groups())
    assert mean == round(share)
    assert 90 <= low <= mean <= high < 100


def test_a_cheap_strategy_that_loses_too_much_is_no_answer():
    table = planted({"full_context": 0.8, "rag": 0.5}, full_context=0.1, rag=0.006)
    found = verdict(table)
    assert found.choice is None
    assert found.answer.startswith("full_context is the most accurate")
    assert "the cheapest, rag, keeps 6" in found.answer
    assert found.answer.endswith("at 6 % of its cost.")


def test_what_is_not_settled_says_how_many_more_questions_it_takes():
    found = verdict(planted({"one": 0.6, "other": 0.6}, documents=12, noise=0.2))
    assert found.best is None
    assert found.answer.startswith("Not settled which is the most accurate: ")
    more = re.search(r"To settle that takes about ([\d,]+) more questions on", found.answer)
    assert int(more[1].replace(",", "")) > 0


def test_equal_answers_are_a_tie_that_no_number_of_questions_settles():
    rows = [row(s, g, 0.5, example=g) for s in ("one", "other") for g in map(str, range(12))]
    found = verdict(frame(rows))
    assert "is level with" in found.answer
    assert "No number of questions can be named" in found.answer


def test_unknown_costs_are_no_ground_for_a_choice():
    table = planted({"full_context": 0.8, "rag": 0.5})
    table[["dollars", "input_tokens"]] = math.nan
    assert "what it costs beside them is not known" in verdict(table).answer
    table = planted({"full_context": 0.6, "rag": 0.61}, noise=0.02)
    table[["dollars", "input_tokens"]] = math.nan
    assert verdict(table).choice is None


def test_a_strategy_that_always_fails_is_named_with_its_outcome():
    table = planted({"rag": 0.7, "full_context": 0.5})
    lost = table["strategy"] == "full_context"
    table.loc[lost, ["outcome", "answer_recall"]] = ["overflow", 0.0]
    found = verdict(table)
    assert found.best == "rag"
    assert "full_context answered none of its 120 questions (120 overflow)." in found.more


def test_where_the_other_strategy_wins_is_named():
    table = planted({"full_context": 0.75, "rag": 0.7}, full_context=0.1, rag=0.01, noise=0.02)
    facts = (table["strategy"] == "rag") & (table["tag.kind"] == "fact")
    table.loc[facts, "answer_recall"] += 0.1
    table["answer_recall"] = table["answer_recall"].clip(0, 1)
    more = " ".join(verdict(table).more)
    assert re.search(r"full_context is shown to beat rag on kind comparison \(\+0\.0", more)
    assert re.search(r"rag is shown to beat full_context on kind fact \(\+0\.0", more)


def test_a_lead_on_every_kind_is_not_listed_kind_by_kind():
    assert verdict(planted({"full_context": 0.8, "rag": 0.5})).places == ()


def test_few_documents_are_called_rough_and_one_gives_no_interval():
    assert any("rough" in line for line in verdict(planted({"a": 0.9, "b": 0.2}, 5)).more)
    answer = verdict(planted({"a": 0.9, "b": 0.2}, 1)).answer
    assert "no interval" in answer
    assert "most accurate (" not in answer


@pytest.mark.parametrize("score", [math.nan, 0.5])
def test_one_strategy_and_no_score_are_said(score):
    (line,) = answer_first(table := frame([row(score=score)]), summarise(table))
    assert ("only strategy" in line) == (score == 0.5)
    assert ("No question has a score" in line) == (score != 0.5)


def test_the_share_of_a_score_is_covered_as_often_as_it_says():
    generator = np.random.default_rng(0)
    codes = np.repeat(np.arange(25), 6)
    held = 0
    for _ in range(400):
        hard = generator.normal(0, 0.1, 25)[codes]
        base = pd.Series(0.8 + hard + generator.normal(0, 0.2, 150))
        own = pd.Series(0.6 + hard + generator.normal(0, 0.2, 150))
        found = share_of(own, base, codes)
        held += found.low <= 0.75 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_several_models_are_counted():
    tables = [planted({"full_context": 0.8, "rag": mean}) for mean in (0.5, 0.55)]
    tables += [planted({"full_context": 0.5, "rag": 0.8})]
    table = pd.concat([t.assign(model=f"model {n}") for n, t in enumerate(tables)])
    table = table.reset_index(drop=True)
    table.attrs = tables[0].attrs
    first, second, *_ = answer_first(table, summarise(table))
    assert first.startswith(
        "papers: full_context is shown to be the most accurate, or surely keeps"
    )
    assert first.endswith("with 2 of 3 models.")
    assert second.endswith("full_context with 2, rag with 1 of 3 models.")


def test_markdown_begins_with_the_answer(tmp_path):
    write_report(planted({"full_context": 0.8, "rag": 0.5}), tmp_path)
    lines = (tmp_path / "report.md").read_text().splitlines()
    assert lines[2].startswith("- full_context is the most accurate")


# the sections


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


# the questions


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
