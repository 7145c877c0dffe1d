"""Judging two answers at a time: the ranking, the order of answers, ties."""

import json
import re

import pandas as pd
import pytest
from judging_runs import answered, judge_of, judge_text, shown
from misbehaving import Endpoint, answer

from crossover.experiments.judging.judged import combined, judge_run
from crossover.experiments.judging.report import rankings
from crossover.judging.calls import UNPARSABLE, Verdict


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
