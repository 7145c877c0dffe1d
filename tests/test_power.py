"""Planning: what a comparison can find, and how many questions would settle it."""

from __future__ import annotations

import frames
import numpy as np
import pytest

from crossover.errors import DataError, UnknownName
from crossover.experiments.inference.break_even import break_even, break_even_of
from crossover.experiments.inference.flipping import flipped_p
from crossover.experiments.inference.power import settling
from crossover.experiments.inference.seeds import over_seeds, seeds_table, together
from crossover.experiments.statistics import spread


def documents(clusters, each, gap, generator, liking=0.1):
    codes = np.repeat(np.arange(clusters), each)
    liked = generator.normal(0, liking, clusters)[codes]
    return gap + liked + generator.normal(0, 0.3, len(codes)), codes


def power_at(clusters, gap, generator, count=300):
    sets = [documents(clusters, 6, gap, generator) for _ in range(count)]
    sums = np.stack([np.bincount(codes, values) for values, codes in sets], axis=1)
    return float((flipped_p(sums, np.full(sums.shape, 6.0)) <= 0.05).mean())


def test_the_detectable_difference_is_detected_as_often_as_said():
    generator = np.random.default_rng(0)
    plans = []
    for _ in range(40):
        values, codes = documents(30, 6, 0.0, generator)
        plans.append(settling(0.05, spread(values, codes), np.bincount(codes)).detectable)
    assert power_at(30, float(np.mean(plans)), generator) == pytest.approx(0.8, abs=0.08)


def test_the_documents_that_would_settle_it_do():
    generator = np.random.default_rng(1)
    plans = []
    for _ in range(40):
        values, codes = documents(20, 6, 0.06, generator)
        plans.append(settling(0.06, spread(values, codes), np.bincount(codes)))
    needed = int(np.median([plan.documents for plan in plans]))
    assert plans[0].questions == 6 * plans[0].documents
    assert power_at(needed, 0.06, generator) == pytest.approx(0.8, abs=0.1)


def test_questions_on_the_same_documents_help_only_against_what_varies_within_them():
    generator = np.random.default_rng(2)
    values, codes = documents(30, 6, 0.1, generator, liking=0.0)
    easy = settling(0.03, spread(values, codes), np.bincount(codes))
    assert easy.questions_here > 180
    values, codes = documents(30, 6, 0.1, generator, liking=0.5)
    assert settling(0.03, spread(values, codes), np.bincount(codes)).questions_here is None


def test_a_difference_of_0_is_never_found():
    values, codes = documents(12, 4, 0.0, np.random.default_rng(3))
    plan = settling(0.0, spread(values, codes), np.bincount(codes))
    assert (plan.documents, plan.questions, plan.questions_here) == (None, None, None)
    assert plan.detectable > 0


# break-even


def test_an_index_pays_after_its_cost_over_the_saving():
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 5)
    savings = 0.02 + generator.normal(0, 0.005, 150)
    found = break_even(np.repeat(generator.normal(0.5, 0.05, 30), 5), savings, groups)
    assert found.verdict == "pays"
    assert found.low < 25 < found.high
    assert found.questions == pytest.approx(found.indexing / found.saving)


def test_break_even_intervals_hold_the_truth():
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        groups = np.repeat(np.arange(20), generator.integers(2, 12, 20))
        size = generator.lognormal(0, 0.5, 20)
        savings = 0.02 * size[groups] + generator.normal(0, 0.02, len(groups))
        found = break_even((0.4 * size)[groups], savings, groups)
        held += (found.low or 0) <= 20 <= (found.high or np.inf)
    assert 0.91 <= held / 300 <= 0.99


@pytest.mark.parametrize(
    ("indexing", "saving", "verdict"),
    [(0.5, -0.02, "never"), (0.0, 0.02, "always"), (0.5, 0.0, "not settled")],
)
def test_break_even_says_always_never_or_not_settled(indexing, saving, verdict):
    noise = np.random.default_rng(2).normal(0, 0.005, 60)
    found = break_even([indexing] * 60, saving + noise, np.arange(60) // 3)
    assert found.verdict == verdict
    assert found.high is None


def test_break_even_of_a_frame_takes_each_index_once():
    table = frames.typical(("full_context", "rag"))
    cheap = table["strategy"] == "rag"
    generator = np.random.default_rng(0)
    table["dollars"] = np.where(cheap, 0.001, 0.011) * generator.uniform(0.99, 1.01, len(table))
    table["indexing_dollars"] = np.where(cheap, 0.05, 0.0)
    table.loc[table.index[cheap][0], "indexing_dollars"] = np.nan
    found = break_even_of(table, "rag", "full_context")
    assert found.verdict == "pays"
    assert found.questions == pytest.approx(5, rel=0.02)
    assert break_even_of(table, "full_context", "rag").verdict == "never"
    with pytest.raises(UnknownName, match="euros"):
        break_even_of(table, "rag", "full_context", "euros")


def test_unknown_costs_are_a_clear_error():
    with pytest.raises(DataError, match="none is known"):
        break_even([np.nan], [0.1], ["a"])


# seeds


def drawn(seeds, generator, spreads=(0.1, 0.15, 0.05, 0.2), clusters=30, each=6):
    document, question, seed, residual = spreads
    codes = np.repeat(np.arange(clusters), each)
    table = 0.5 + generator.normal(0, document, clusters)[codes][:, None]
    table = table + generator.normal(0, question, len(codes))[:, None]
    table = table + generator.normal(0, seed, seeds) if seed else np.repeat(table, seeds, axis=1)
    return table + generator.normal(0, residual, (len(codes), seeds)), codes


def test_the_variance_is_split_into_its_parts():
    generator = np.random.default_rng(0)
    found = [over_seeds(*drawn(6, generator)) for _ in range(60)]
    for name, expected in zip(
        ("document", "question", "seed", "residual"), (0.1, 0.15, 0.05, 0.2), strict=True
    ):
        parts = [getattr(one, name) for one in found]
        assert np.mean(parts) == pytest.approx(expected**2, rel=0.25), name


@pytest.mark.parametrize("seed", [0.0, 0.08])
@pytest.mark.parametrize("seeds", [3, 8])
def test_an_interval_over_seeds_is_for_any_seed(seeds, seed):
    generator = np.random.default_rng(4)
    sets = [over_seeds(*drawn(seeds, generator, (0.1, 0.1, seed, 0.2))) for _ in range(300)]
    held = np.mean([one.estimate.low <= 0.5 <= one.estimate.high for one in sets])
    assert 0.92 <= held <= 0.995


def test_one_seed_tells_nothing_of_seeds():
    found = over_seeds(*drawn(1, np.random.default_rng(0)))
    assert (found.seed, found.residual, found.question) == (None, None, None)
    assert found.document > 0


def test_runs_under_several_seeds_are_joined():
    table = frames.typical()
    runs = {seed: table.assign(answer_recall=table["answer_recall"] / seed) for seed in (1, 2)}
    for one in runs.values():
        one.attrs = table.attrs
    found = seeds_table(together(runs))
    assert list(found["seeds"]) == [2, 2, 2]
    once = table[table["strategy"] == "rag"]["answer_recall"].mean()
    row = found.set_index("strategy").loc["rag"]
    assert row["mean"] == pytest.approx(0.75 * once)
    assert row["low"] < row["mean"] < row["high"]
    assert row["variance.seed"] > 0
    with pytest.raises(DataError, match="no run"):
        together({})
