"""What holds for the metrics of all benchmarks."""

import pytest
from benchmark_scoring import score
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import catalog
from crossover.types import Answer

FAMILIES = ("longbench", "leval", "infinitebench", "ruler", "babilong", "lveval")
FAMILIES += ("helmet", "nolima", "locomo")
ALL = [n for n in catalog.names(catalog.METRICS) if n.partition("_")[0] in FAMILIES]


# those that read the golds as a list, in their order
ORDERED = {"infinitebench", "lveval", "helmet_choice"}
TAGS = {"task": "qa1", "classes": "office\ngarden"}


def test_all_of_the_nine_benchmarks_are_there():
    assert {name.partition("_")[0] for name in ALL} == set(FAMILIES)


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("answer", ["", " \n", "failed:timeout", "refused", "overflow"])
def test_what_is_empty_or_failed_scores_zero(metric, answer):
    text, outcome = (answer, "answered") if not answer.strip() else ("office", answer)
    scored = score(metric, Answer(text, outcome=outcome), "office", **_tags(metric))
    assert scored == 0


@pytest.mark.parametrize("metric", ALL)
def test_without_a_gold_there_is_nothing_to_score(metric):
    assert score(metric, "office", **_tags(metric)) is None


def _tags(metric):
    tasks = {"longbench": "hotpotqa", "infinitebench": "passkey", "lveval": "factrecall_en"}
    tasks["longbench_pro"] = "T5.1"
    tasks["helmet"] = "nq"
    return {**TAGS, "task": tasks.get(metric, "qa1")}


words = st.lists(
    st.sampled_from(["office", "garden", "7", "A", "B.", "yes", "the", "北京", "answer is:"]),
    min_size=1,
    max_size=8,
).map(" ".join)


@settings(max_examples=25)
@given(st.one_of(words, st.text(max_size=40)), words, words)
def test_scores_lie_between_0_and_1_and_golds_have_no_order(answer, one, other):
    for metric in ALL:
        first = score(metric, answer, one, other, **_tags(metric))
        assert 0 <= first <= 1, metric
        if metric.partition("_")[0] not in ORDERED and metric not in ORDERED:
            assert score(metric, answer, other, one, **_tags(metric)) == pytest.approx(first)
