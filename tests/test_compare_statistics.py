"""What is established between two runs and what is noise."""

import math

import numpy as np
import pytest
from comparable import lower, results, scores, statuses

from crossover.experiments.comparing import showing
from crossover.experiments.comparing.changes import mean_change, quantile_change
from crossover.experiments.comparing.runs import compare_runs


def test_a_drop_that_was_planted_fails_and_noise_does_not(saved):
    before, noise = scores(1), np.random.default_rng(2).normal(0, 0.1, 80)
    base = saved(results(before))
    worse = saved(results(lower(before, 0.2)))
    alike = saved(results(np.clip(before + noise, 0, 1)))
    assert statuses(compare_runs(base, worse, fail_if=["score < -0.02"])) == ["fails"]
    assert statuses(compare_runs(base, alike, fail_if=["score < -0.02"])) != ["fails"]
    assert statuses(compare_runs(base, worse, fail_if=["answer_recall < -0.5"])) == ["fine"]


def test_what_has_to_be_shown_fails_where_it_is_not(saved):
    before = scores(3)
    noise = np.random.default_rng(4).normal(0, 0.02, 80)
    base = saved(results(before))
    alike = saved(results(np.clip(before + noise, 0, 1)))
    few = saved(results(np.clip(before + 10 * noise, 0, 1)))
    assert statuses(compare_runs(base, alike, unless_shown=["score > -0.05"])) == ["fine"]
    found = compare_runs(base, few, unless_shown=["score > -0.05"], fail_if=["score < -0.05"])
    assert statuses(found) == ["not settled", "fails"]
    assert found.failed
    assert "finds changes from" in showing.as_markdown(found)


def test_all_documents_changing_alike_is_established(saved):
    base, worse = saved(results([1.0] * 40)), saved(results([0.0] * 40))
    found = compare_runs(base, worse, fail_if=["score < -0.5"])
    change = found.verdicts[0].row.change
    assert statuses(found) == ["fails"]
    assert change.change == change.low == -1
    # 20 documents without an exception leave room for one in six
    assert change.high == pytest.approx(-1 + 2 * (1 - 0.025 ** (1 / 20)))


def test_the_bound_of_a_constant_change_fits_its_test():
    same = np.full(30, 0.5)
    found = mean_change(same, same, [f"d{n}" for n in range(30)], share=True)
    assert (found.change, found.low) == (0, -found.high)
    assert found.beyond(found.low, above=True) == pytest.approx(0.025)
    assert found.beyond(found.high, above=False) == pytest.approx(0.025)
    assert found.beyond(0, above=True) == found.beyond(0, above=False) == 1


def test_the_interval_and_the_test_of_a_limit_agree():
    before, after = scores(5), scores(6)
    groups = [f"d{n % 20}" for n in range(80)]
    for relative in (False, True):
        found = mean_change(before, after, groups, share=not relative, relative=relative)
        assert found.beyond(found.low, above=True) == pytest.approx(0.025)
        assert found.beyond(found.high, above=False) == pytest.approx(0.025)


def test_a_relative_change_is_one_of_means_not_a_mean_of_ratios():
    before, after = np.array([1.0, 99.0, 1.0, 99.0]), np.array([2.0, 98.0, 2.0, 99.0])
    found = mean_change(before, after, list("abcd"), share=False, relative=True)
    assert found.change == pytest.approx(1 / 200)
    assert found.low < found.change < found.high


def test_costs_that_rise_alike_are_taken_at_their_word(saved):
    base = saved(results(scores(7), dollars=0.001))
    dearer = saved(results(scores(7), dollars=0.0012))
    found = compare_runs(base, dearer, fail_if=["cost > +10%", "cost > +25%"])
    assert statuses(found) == ["fails", "fine"]
    free = saved(results(scores(7), dollars=0.0))
    assert statuses(compare_runs(free, base, fail_if=["cost > +10%"])) == ["fails"]
    assert statuses(compare_runs(free, free, fail_if=["cost > +10%"])) == ["fine"]


def test_a_slower_run_fails_by_its_quantile(saved):
    seconds = np.random.default_rng(8).lognormal(0, 0.3, 200)
    base = saved(results(scores(9, 200), 40, seconds=seconds))
    slower = saved(results(scores(9, 200), 40, seconds=2 * seconds))
    found = compare_runs(base, slower, fail_if=["seconds_p95 > +20%", "seconds > +50%"])
    assert statuses(found) == ["fails", "fails"]
    assert found.verdicts[0].row.change.change == pytest.approx(1)
    assert statuses(compare_runs(base, base, fail_if=["seconds_p95 > +20%"])) == ["fine"]


def test_failures_count(saved):
    broken = ["failed:timeout" if n % 2 else "answered" for n in range(80)]
    base = saved(results(scores(10)))
    found = compare_runs(base, saved(results(scores(10), outcome=broken)), fail_if=["failures > 0"])
    assert statuses(found) == ["fails"]
    assert found.verdicts[0].row.change.change == 0.5


def test_the_same_answers_show_that_nothing_changed(saved):
    base = saved(results([1.0, 0.0] * 10))
    again = saved(results([1.0, 0.0] * 10))
    found = compare_runs(base, again, unless_shown=["score > -0.001"])
    assert statuses(found) == ["fine"]
    assert found.verdicts[0].why == "the same answers in both"
    strict = compare_runs(base, again, unless_shown=["score > +0.1"])
    assert statuses(strict) == ["fails"]


def false_alarms(draw, documents=20, rounds=200):
    """How often a change is called established where there is none, of either sign."""
    generator = np.random.default_rng(11)
    sizes = generator.integers(1, 8, documents)
    groups = np.repeat(np.arange(documents), sizes).astype(str).tolist()
    found = 0
    for _ in range(rounds):
        found += draw(generator, sizes, groups)
    return found / rounds


def test_false_alarms_of_a_mean_are_rare():
    def draw(generator, sizes, groups):
        level = np.repeat(generator.normal(0, 0.7, len(sizes)), sizes)
        runs = [level + np.repeat(generator.normal(0, 2, len(sizes)), sizes) for _ in "ab"]
        right = [(generator.logistic(size=len(run)) < run).astype(float) for run in runs]
        change = mean_change(*right, groups, share=True)
        return change.beyond(0, above=False) <= 0.025 or change.beyond(0, above=True) <= 0.025

    assert false_alarms(draw) <= 0.06


def test_false_alarms_of_a_quantile_are_rare(monkeypatch):
    monkeypatch.setattr("crossover.experiments.comparing.changes.DRAWS", 120)

    def draw(generator, sizes, groups):
        level = np.repeat(generator.normal(0, 0.4, len(sizes)), sizes)
        runs = [np.exp(level + generator.normal(0, 0.3, len(level))) for _ in "ab"]
        change = quantile_change(*runs, groups, 0.95, relative=True)
        return change.beyond(0, above=True) <= 0.025

    assert false_alarms(draw) <= 0.06


def test_several_conditions_share_one_rate_of_false_alarms(saved):
    noise = np.random.default_rng(13).normal(0, 0.1, 80)
    before, drop = np.full(80, 0.5), noise - noise.mean() + 1.8 * 0.1 / math.sqrt(80)
    base, after = saved(results(before)), saved(results(before - drop))
    alone = compare_runs(base, after, fail_if=["score < 0"])
    assert statuses(alone) == ["fails"]
    p = alone.verdicts[0].p
    assert 0.0125 < p <= 0.025, "the data are to lie between one and two conditions"
    two = compare_runs(base, after, fail_if=["score < 0", "score < -0.03"])
    assert two.verdicts[0].p_holm == pytest.approx(2 * p)
    assert statuses(two) == ["not settled", "not settled"]
