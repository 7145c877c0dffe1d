"""The paired table, its effect sizes, and their intervals on simulated results."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import frames
import numpy as np
import pandas as pd
import pytest

from crossover.errors import UnknownName
from crossover.experiments.inference.effects import odds_ratio, standardised
from crossover.experiments.inference.paired import compare, paired_table
from crossover.experiments.inference.simulation import HARD, Scenario, data_sets
from crossover.experiments.inference.validation import coverage
from crossover.experiments.statistics import clustered_mean, sign_flip

CLUSTERS = [12, 20, 40, 100]


def test_all_pairs_or_all_against_one():
    table = frames.typical()
    pairs = paired_table(table)
    assert list(zip(pairs["strategy"], pairs["against"], strict=True)) == [
        ("rag", "full_context"),
        ("rag(k=20)", "full_context"),
        ("rag(k=20)", "rag"),
    ]
    against = paired_table(table, "rag")
    assert list(against["strategy"]) == ["full_context", "rag(k=20)"]
    assert set(against["against"]) == {"rag"}


def test_a_row_is_what_its_parts_say():
    table = frames.typical()
    row = paired_table(table, "rag").iloc[0]
    own, other = (
        table[table["strategy"] == name].set_index("example")["answer_recall"]
        for name in ("full_context", "rag")
    )
    apart, groups = own - other, [name.rsplit(" ", 1)[0] for name in own.index]
    expected = clustered_mean(apart, groups, share=False)
    assert (row["difference"], row["low"], row["high"]) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )
    assert row["p"] == pytest.approx(sign_flip(apart, groups))
    assert (row["n"], row["clusters"], row["rough"]) == (48, 12, False)


def test_p_is_adjusted_for_every_comparison_of_the_dataset():
    table = paired_table(frames.typical(models=("reader", "other")))
    assert len(table) == 6
    smallest = table["p"].idxmin()
    assert table["p_holm"][smallest] == pytest.approx(min(6 * table["p"][smallest], 1))


def test_slices_are_compared_within_themselves():
    table = paired_table(frames.typical(), "rag", by=["length"])
    assert sorted(set(table["tag.length"])) == ["128k", "32k"]
    assert (table["clusters"] == 6).all()
    assert table["rough"].all()


def test_questions_that_one_strategy_lacks_are_left_out():
    table = frames.typical()
    table.loc[table.index[:8], "answer_recall"] = math.nan
    row = paired_table(table, "rag").iloc[0]
    assert (row["n"], row["clusters"]) == (40, 10)


def test_seeds_count_by_their_mean():
    once = frames.typical()
    twice = pd.concat([once, once.assign(answer_recall=once["answer_recall"] / 2)])
    twice.attrs = once.attrs
    row, half = (paired_table(table, "rag").iloc[0] for table in (once, twice))
    assert half["difference"] == pytest.approx(0.75 * row["difference"])
    assert half["n"] == row["n"]


def test_unknown_names_are_named():
    with pytest.raises(UnknownName, match="rga"):
        paired_table(frames.typical(), "rga")
    with pytest.raises(UnknownName, match="answer_recal"):
        paired_table(frames.typical(), metric="answer_recal")


def test_no_difference_at_all_is_bounded_by_the_number_of_documents():
    found = compare([1.0] * 40, [1.0] * 40, np.repeat(np.arange(20), 2))
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (-(1 - 0.025 ** (1 / 20)), 1 - 0.025 ** (1 / 20))
    )
    assert found.effect is None


def test_one_document_has_a_difference_and_nothing_else():
    found = compare([1.0, 0.0], [0.0, 0.0], ["a", "a"])
    assert (found.difference.mean, found.difference.low, found.effect) == (0.5, None, None)


def test_the_odds_ratio_counts_questions_won_and_lost():
    apart = np.array([1.0] * 9 + [-1.0] * 3 + [0.0] * 20)
    found = odds_ratio(apart, np.arange(32), 31)
    assert found.size == pytest.approx(9.5 / 3.5)
    # single questions: close to the textbook interval of the conditional odds ratio
    reach = 2.04 * math.sqrt(1 / 9.5 + 1 / 3.5)
    assert found.high / found.size == pytest.approx(math.exp(reach), rel=0.15)


def test_the_standardised_difference_is_free_of_scale():
    pairs = next(iter(data_sets(Scenario(), 20, 1)))
    apart = pairs.own - pairs.other
    one, ten = (standardised(scale * apart, pairs.groups, 15) for scale in (1, 10))
    assert (one.size, one.low, one.high) == pytest.approx((ten.size, ten.low, ten.high))
    assert one.size == pytest.approx(apart.mean() / apart.std())


def test_twenty_strategies_on_2000_questions_take_seconds():
    generator = np.random.default_rng(0)
    rows = [
        frames.row(f"rag(k={s})", f"d{q % 100}", float(generator.random() < 0.5), example=f"q{q}")
        for s in range(20)
        for q in range(2000)
    ]
    table = frames.frame(rows)
    start = time.process_time()
    assert len(paired_table(table)) == 190
    assert time.process_time() - start < 10


@pytest.mark.parametrize("kind", ["graded", "binary"])
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_intervals_cover_the_truth(clusters, kind):
    held = coverage(replace(HARD[0], kind=kind), clusters, 200)
    assert all(0.89 <= share <= 1.0 for share in held.values() if not math.isnan(share)), held


# where one figure is known to leave 93-97 %; what it does is in docs/statistics.md
LOOSE = {"ceiling": 0.89, "mostly the same answer": 0.89}


@pytest.mark.long
@pytest.mark.parametrize("scenario", HARD, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("kind", ["graded", "binary"])
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_intervals_cover_the_truth_in_2000_data_sets(clusters, kind, scenario):
    held = coverage(replace(scenario, kind=kind), clusters, 2000)
    # three standard errors of 2,000 data sets below the bound
    noise = 0.01
    assert 0.93 - noise <= held["difference"] <= 0.97 + noise
    least = LOOSE.get(scenario.name, 0.93)
    for name in ("mean", "standardised", "odds ratio"):
        assert math.isnan(held[name]) or least - noise <= held[name], name
