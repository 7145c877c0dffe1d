"""The answer that a report gives first."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from frames import frame, planted, row

from crossover.experiments.report import answer_first, summarise, write_report
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.reporting.findings import share_of, verdicts


def verdict(table):
    (found,) = verdicts(Facts(table, summarise(table)))
    return found


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
