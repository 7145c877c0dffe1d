"""The paired test: exact over whole documents, of the right size, and Holm's adjustment."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from crossover.experiments.inference.flipping import _drawn_signs, flipped_p, holm
from crossover.experiments.inference.simulation import HARD
from crossover.experiments.inference.validation import size

CLUSTERS = [12, 20, 40, 100]


def by_hand(differences, groups):
    """Every sign pattern over documents, the statistic from whole matrices."""
    differences, groups = np.array(differences), np.array(groups)
    names = np.unique(groups)

    def statistic(signs):
        moved = differences * np.array([signs[list(names).index(g)] for g in groups])
        mean = moved.mean()
        variance = 0.0
        for name in names:
            inside = groups == name
            residual = (moved[inside] - mean).sum()
            variance += residual**2 / (1 - inside.sum() / len(groups))
        return mean**2 / variance

    observed = statistic([1] * len(names))
    flipped = [statistic(signs) for signs in product((1, -1), repeat=len(names))]
    return np.mean([found >= observed * (1 - 1e-9) for found in flipped])


@given(st.lists(st.tuples(st.floats(-1, 1).map(lambda x: round(x, 2)), st.sampled_from("abcdef"))))
def test_all_patterns_are_tried_on_few_documents(rows):
    rows = [*rows, (0.5, "a"), (0.25, "b"), (-0.1, "c"), (0.3, "a")]
    values, groups = zip(*rows, strict=True)
    _, codes = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(codes, values), np.bincount(codes).astype(float)
    if not sums.any():
        return
    found = flipped_p(sums[:, None], sizes[:, None])[0]
    assert found == pytest.approx(by_hand(values, groups))


def test_columns_do_not_touch_each_other():
    generator = np.random.default_rng(0)
    sums, sizes = generator.normal(0, 1, (30, 4)), generator.integers(1, 9, (30, 4)).astype(float)
    together = flipped_p(sums, sizes)
    assert together == pytest.approx([flipped_p(sums[:, [k]], sizes[:, [k]])[0] for k in range(4)])


def test_single_questions_come_out_as_the_textbook_paired_t_test_does():
    generator = np.random.default_rng(1)
    own, other = generator.normal(0.1, 1, 200), generator.normal(0, 1, 200)
    found = flipped_p((own - other)[:, None], np.ones((200, 1)))[0]
    assert found == pytest.approx(ttest_rel(own, other).pvalue, abs=0.01)


def test_drawn_patterns_are_seeded():
    sums = np.random.default_rng(0).normal(0.2, 1, (40, 1))
    sizes = np.ones((40, 1))
    assert flipped_p(sums, sizes, 3) == flipped_p(sums, sizes, 3)
    assert flipped_p(sums, sizes, 3) == pytest.approx(flipped_p(sums, sizes, 4), abs=0.01)


def test_no_p_is_0_and_documents_of_one_differing_pair_say_little():
    assert flipped_p(np.full((40, 1), 1.0), np.ones((40, 1)))[0] > 0
    assert flipped_p(np.array([[3.0]]), np.array([[3.0]]))[0] == 1.0


@pytest.mark.parametrize("kind", ["graded", "binary"])
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_the_size_of_the_test(clusters, kind):
    found = size(replace(HARD[0], kind=kind), clusters, 200)
    assert found <= 0.10
    assert found >= (0.01 if clusters >= 40 else 0)


@pytest.mark.long
@pytest.mark.parametrize("scenario", HARD, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("kind", ["graded", "binary"])
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_the_size_of_the_test_in_2000_data_sets(clusters, kind, scenario):
    found = size(replace(scenario, kind=kind), clusters, 2000)
    # three standard errors of 2,000 data sets either way
    assert found <= 0.06 + 0.005
    assert clusters < 40 or found >= 0.04 - 0.005


def test_holm_is_the_textbook_one():
    found = holm(np.array([0.01, 0.04, 0.03, np.nan, 0.005]))
    assert found[[0, 1, 2, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(found[3])


@given(st.lists(st.floats(0, 1), max_size=30))
def test_holm_never_lowers_a_p_nor_changes_their_order(values):
    p = np.array(values)
    found = holm(p)
    assert (found >= p).all()
    assert (found <= 1).all()
    assert (np.diff(found[np.argsort(p, kind="stable")]) >= 0).all()


def test_the_signs_are_those_that_drawing_numbers_gives():
    for documents in (17, 33, 200):
        generator = np.random.default_rng(5)
        for signs in _drawn_signs(documents, 5):
            drawn = generator.integers(0, 2, signs.shape, dtype=np.int8)
            assert (signs == 1.0 - 2.0 * drawn).all()
