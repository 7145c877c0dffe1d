"""The crossover point: right on simulated curves, honest where nothing is settled."""

from __future__ import annotations

import math

import frames
import numpy as np
import pytest

from crossover.errors import DataError, UnknownName
from crossover.experiments.inference.crossing import crossing
from crossover.experiments.inference.crossing_frame import (
    crossing_of,
    crossing_of_option,
    number_of,
)
from crossover.experiments.inference.validation import Lead, found_crossings

CLUSTERS = [12, 20, 40, 100]


def lengths(clusters=40, each=8):
    generator = np.random.default_rng(0)
    x = np.exp(generator.uniform(math.log(1000), math.log(64_000), clusters * each))
    return x, np.repeat(np.arange(clusters), each), generator


def test_a_steep_line_crosses_where_it_crosses():
    x, groups, generator = lengths()
    apart = 0.3 * np.log(x / 8000) + generator.normal(0, 0.1, len(x))
    found = crossing(x, apart, groups)
    assert (found.verdict, found.overtakes) == ("crosses", True)
    assert found.low < 8000 < found.high
    assert found.high / found.low < 1.3
    assert found.low < found.estimate < found.high
    assert not found.rough
    assert crossing(x, -apart, groups).overtakes is False


@pytest.mark.parametrize(("gap", "verdict"), [(0.5, "always"), (-0.5, "never")])
def test_a_lead_everywhere_has_no_crossing(gap, verdict):
    x, groups, generator = lengths()
    found = crossing(x, gap + generator.normal(0, 0.1, len(x)), groups)
    assert (found.verdict, found.low, found.high, found.estimate) == (verdict, None, None, None)


def test_noise_settles_nothing_and_rules_out_nothing():
    x, groups, generator = lengths()
    found = crossing(x, generator.normal(0, 0.3, len(x)), groups)
    assert found.verdict == "not settled"
    assert (found.low, found.high) == pytest.approx((x.min(), x.max()))


def test_what_is_known_of_one_side_is_said():
    x, groups, generator = lengths()
    apart = 0.1 * np.log(x / 40_000) + generator.normal(0, 0.3, len(x))
    found = crossing(x, apart, groups)
    assert found.verdict == "not settled"
    assert 5000 < found.low < 40_000
    assert found.high == pytest.approx(x.max())


def test_a_lead_that_comes_and_goes_is_not_one_overtaking():
    x, groups, generator = lengths(100)
    apart = 0.3 - 0.4 * np.log(x / 8000) ** 2 / 2 + generator.normal(0, 0.05, len(x))
    found = crossing(x, apart, groups)
    assert (found.verdict, found.overtakes) == ("crosses", None)


def test_the_scale_is_linear_where_x_is_not_positive():
    generator = np.random.default_rng(0)
    x = np.tile([0.0, 1.0, 2.0, 3.0], 20)
    found = crossing(x, x - 1.4 + generator.normal(0, 0.1, 80), np.arange(80) // 4)
    assert not found.curve.logarithmic
    assert found.low < 1.4 < found.high


def test_documents_count_and_not_questions():
    x, groups, generator = lengths(12)
    apart = 0.1 * np.log(x / 8000) + generator.normal(0, 0.3, 12)[groups]
    once = crossing(x, apart, groups)
    again = crossing(np.tile(x, 5), np.tile(apart, 5), np.tile(groups, 5))
    widths = [found.curve.high - found.curve.low for found in (once, again)]
    assert widths[0] == pytest.approx(widths[1], rel=0.1)


def test_few_documents_are_rough():
    x, groups, generator = lengths(9)
    assert crossing(x, generator.normal(0, 0.3, len(x)), groups).rough


def test_a_single_length_is_a_clear_error():
    with pytest.raises(DataError, match="two values"):
        crossing([5.0, 5.0], [0.1, 0.2], ["a", "b"])


@pytest.mark.parametrize(
    ("text", "number"),
    [("32k", 32e3), ("1.5M", 1.5e6), ("32,000 tokens", 32e3), (7, 7.0), ("8K", 8e3)],
)
def test_tags_of_numbers_are_read(text, number):
    assert number_of(text) == number


def test_other_tags_are_no_numbers():
    assert math.isnan(number_of("comparison"))
    assert math.isnan(number_of(None))


def results():
    """Retrieval loses nothing with length, the whole context does; more pieces help."""
    generator = np.random.default_rng(0)
    leads = {"full_context": 1, "rag(k=2)": -0.2, "rag(k=8)": 0.0, "rag(k=32)": 0.15}
    rows = []
    for document in range(30):
        for question in range(6):
            length = [8, 32, 128][question % 3]
            for name, lead in leads.items():
                score = 0.55 + (0.12 * math.log2(32 / length) if lead == 1 else lead)
                noise = float(generator.normal(0, 0.05))
                rows.append(
                    frames.row(
                        name,
                        f"document {document}",
                        min(max(score + noise, 0), 1),
                        example=f"{document} {question}",
                        input_tokens=1000 * length if lead == 1 else 500,
                        **{"tag.length": f"{length}k"},
                    )
                )
    return frames.frame(rows)


def test_a_result_frame_tells_the_length_from_which_on():
    found = crossing_of(results(), "rag(k=8)", "full_context", "length")
    assert (found.verdict, found.overtakes) == ("crosses", True)
    assert found.low < 32_000 < found.high


def test_a_cost_is_that_of_the_other_strategy():
    found = crossing_of(results(), "rag(k=8)", "full_context", "input_tokens")
    assert found.low < 32_000 < found.high


def test_a_swept_option_is_an_axis():
    table = results()
    table = table[table["tag.length"] == "32k"]
    found = crossing_of_option(table, "k", "full_context")
    assert (found.verdict, found.overtakes) == ("crosses", True)
    assert found.low < 8 < found.high


def test_wrong_names_are_clear_errors():
    table = results()
    with pytest.raises(UnknownName, match="lenth"):
        crossing_of(table, "rag(k=8)", "full_context", "lenth")
    with pytest.raises(UnknownName, match="rga"):
        crossing_of(table, "rga", "full_context", "length")
    with pytest.raises(DataError, match="no number"):
        crossing_of(table, "rag(k=8)", "full_context", "outcome")
    with pytest.raises(DataError, match="two values"):
        crossing_of_option(table, "depth", "full_context")


LEADS = [
    Lead("line", "graded", within=True),
    Lead("line", "binary", within=False),
    Lead("above", "graded", within=False),
    Lead("nearly", "binary", within=True),
]


@pytest.mark.parametrize("lead", LEADS, ids=str)
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_the_crossover_point_is_inside_its_interval(clusters, lead):
    assert found_crossings(lead, clusters, 60)["right"] >= 0.86


@pytest.mark.long
@pytest.mark.parametrize("lead", LEADS, ids=str)
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_the_crossover_point_is_inside_its_interval_in_2000_data_sets(clusters, lead):
    assert found_crossings(lead, clusters, 2000)["right"] >= 0.93


def test_clear_curves_are_settled():
    assert found_crossings(Lead("line", within=True), 100, 40)["settled"] >= 0.9
    assert found_crossings(Lead("above", within=True), 40, 40)["settled"] >= 0.9
