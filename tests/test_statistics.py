"""The clustered mean: exact where theory is exact, and covering what it says in simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from crossover.errors import DataError
from crossover.experiments import statistics
from crossover.experiments.statistics import (
    clustered_mean,
    coded_mean,
    numbered,
    sign_flip,
    sign_flips,
)

CLUSTERS = [12, 20, 40, 100]
TRUTH = 0.6


def questions_on_unequal_documents(clusters, kind, generator, truth=TRUTH, alike=0.2):
    """Scores of 3 to 24 questions on each document, correlated within it."""
    sizes = generator.integers(3, 25, clusters)
    precision = (1 - alike) / alike
    ease = generator.beta(truth * precision, (1 - truth) * precision, clusters)
    groups = np.repeat(np.arange(clusters), sizes)
    chance = np.clip(ease[groups], 1e-6, 1 - 1e-6)
    if kind == "binary":
        return (generator.random(chance.size) < chance).astype(float), groups
    return generator.beta(4 * chance, 4 * (1 - chance)), groups


def coverage(clusters, kind, data_sets, truth=TRUTH):
    generator = np.random.default_rng(clusters)
    caught = 0
    for _ in range(data_sets):
        values, groups = questions_on_unequal_documents(clusters, kind, generator, truth)
        found = clustered_mean(values, groups)
        caught += found.low <= truth <= found.high
    return caught / data_sets


@pytest.mark.parametrize("kind", ["graded", "binary"])
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_the_interval_covers_the_truth(clusters, kind):
    assert 0.91 <= coverage(clusters, kind, 200) <= 0.99


@pytest.mark.long
@pytest.mark.parametrize("truth", [TRUTH, 0.85])
@pytest.mark.parametrize("kind", ["graded", "binary"])
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_the_interval_covers_the_truth_in_2000_data_sets(clusters, kind, truth):
    assert 0.93 <= coverage(clusters, kind, 2000, truth) <= 0.97


def test_ignoring_the_documents_would_cover_far_less():
    generator = np.random.default_rng(7)
    caught = 0
    for _ in range(200):
        values, _ = questions_on_unequal_documents(20, "graded", generator)
        found = clustered_mean(values, np.arange(len(values)))
        caught += found.low <= TRUTH <= found.high
    assert caught / 200 < 0.85


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=40))
def test_clusters_of_one_question_are_the_textbook_t_interval(values):
    found = clustered_mean(values, range(len(values)), share=False)
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    if found.low is None:
        assert error < 1e-8
    else:
        half = t.ppf(0.975, len(values) - 1) * error
        assert found.high - found.mean == pytest.approx(half, rel=1e-6)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=12), st.floats(0, 1))
def test_degrees_of_freedom_match_the_full_matrices(sizes, correlation):
    sizes = np.array(sizes, dtype=float)
    total = sizes.sum()
    weights = 1 / (1 - sizes / total)
    project = np.eye(len(sizes)) - np.outer(sizes, np.ones(len(sizes))) / total
    spread = np.diag(sizes * (1 - correlation) + correlation * sizes**2)
    root = np.diag(np.sqrt(weights))
    full = root @ project @ spread @ project.T @ root
    expected = np.trace(full) ** 2 / np.trace(full @ full)
    found = statistics._degrees_of_freedom(sizes, weights, correlation)
    assert found == pytest.approx(expected, rel=1e-6)
    assert found <= len(sizes) - 1 + 1e-6


@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcdefghijkl")), min_size=1, max_size=60)
)
def test_an_interval_of_scores_holds_its_mean_and_stays_in_range(rows):
    values, groups = zip(*rows, strict=True)
    found = clustered_mean(values, groups)
    assert found.mean == pytest.approx(np.mean(values))
    if found.low is not None:
        assert 0 <= found.low <= found.mean + 1e-9
        assert found.mean - 1e-9 <= found.high <= 1


def test_one_cluster_has_no_interval():
    found = clustered_mean([0.2, 0.4], ["a", "a"])
    assert (found.mean, found.low, found.high, found.clusters) == (
        pytest.approx(0.3),
        None,
        None,
        1,
    )


def test_no_spread_between_clusters_is_not_certainty():
    found = clustered_mean([1, 0, 1, 0], ["a", "a", "b", "b"])
    assert (found.mean, found.low, found.high) == (0.5, None, None)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_all_right_or_all_wrong_is_bounded_by_the_number_of_clusters(score):
    found = clustered_mean([score] * 60, np.repeat(np.arange(20), 3))
    assert found.mean == score
    assert found.high - found.low == pytest.approx(1 - 0.025 ** (1 / 20))


def test_few_clusters_are_rough():
    assert clustered_mean([0.1, 0.5, 0.9] * 3, range(9)).rough
    assert not clustered_mean([0.1, 0.5] * 5, range(10)).rough


def test_values_that_do_not_apply_are_left_out():
    found = clustered_mean([0.5, float("nan"), 1.0], ["a", "b", "c"])
    assert (found.mean, found.n, found.clusters) == (0.75, 2, 2)
    nothing = clustered_mean([float("nan")], ["a"])
    assert (nothing.mean, nothing.low, nothing.n) == (None, None, 0)


def test_a_score_outside_its_range_is_named():
    with pytest.raises(DataError, match=r"a score is 3.5, but scores lie in 0-1"):
        clustered_mean([0.5, 3.5], ["a", "b"])


def test_a_higher_level_is_wider():
    values, groups = questions_on_unequal_documents(20, "graded", np.random.default_rng(3))
    narrow, wide = (clustered_mean(values, groups, level) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_sign_flips_are_exact_over_whole_clusters():
    # equal documents: the studentised sum is as far off as the bare sum is
    differences = [0.5, 0.25, -0.1, 0.3, 0.1, 0.1, 0.4, 0.0]
    groups = list("aabbccdd")
    sums = [0.75, 0.2, 0.2, 0.4]
    flipped = [
        sum(s * x for s, x in zip(signs, sums, strict=True)) for signs in product((1, -1), repeat=4)
    ]
    expected = sum(abs(total) >= sum(sums) - 1e-12 for total in flipped) / len(flipped)
    assert sign_flip(differences, groups) == pytest.approx(expected)
    assert sign_flip([-d for d in differences], groups) == pytest.approx(expected)


def test_sign_flips_without_differences_or_clusters_say_nothing():
    assert sign_flip([], []) is None
    assert sign_flip([float("nan")], ["a"]) is None
    assert sign_flip([0.0, 0.0], ["a", "b"]) == 1.0
    assert sign_flip([0.3, 0.2], ["a", "a"]) == 1.0


def test_sign_flips_of_many_clusters_are_seeded():
    generator = np.random.default_rng(0)
    differences = generator.normal(0.05, 0.2, 40)
    assert sign_flip(differences, range(40), 3) == sign_flip(differences, range(40), 3)


def test_many_comparisons_are_flipped_as_each_alone():
    generator = np.random.default_rng(2)
    several = []
    for documents in (3, 40, 40, 25, 1):
        codes = np.repeat(np.arange(documents), 3)
        several.append((generator.normal(0.1, 1, len(codes)), codes))
    several.append((np.zeros(0), np.zeros(0, dtype=int)))
    # documents come in the order of their names
    alone = [sign_flip(numbers, [f"{c:03}" for c in codes]) for numbers, codes in several]
    assert sign_flips(several) == pytest.approx(alone)
    assert alone[-2:] == [1.0, None]


def test_numbered_clusters_give_what_named_ones_do():
    generator = np.random.default_rng(4)
    codes = generator.integers(0, 12, 80) * 3
    values = generator.uniform(0, 1, 80)
    named = clustered_mean(values, [f"{code:02}" for code in codes])
    assert coded_mean(values, numbered(codes)) == named
