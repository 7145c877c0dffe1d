"""What a condition of `crossover compare` says, and what is no condition."""

import re

import pytest

from crossover.errors import ConfigError
from crossover.experiments.comparing.conditions import condition, mapping


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answer_recall < -0.02", ("answer_recall", False, -0.02, False, "")),
        ("cost>+10%", ("cost", True, 0.1, True, "")),
        ("recall@5 < 0", ("recall@5", False, 0.0, False, "")),
        ("rouge(n=2) > .5", ("rouge(n=2)", True, 0.5, False, "")),
        ("seconds_p95 > 20 % for rag(k=5)", ("seconds_p95", True, 0.2, True, "rag(k=5)")),
        ("failures < +0.1", ("failures", False, 0.1, False, "")),
    ],
)
def test_a_condition_is_read(text, said):
    one = condition(text)
    assert (one.measure, one.above, one.limit, one.relative, one.scope) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "score",
        "score <",
        "score = 1",
        "score < -0.1 -0.2",
        "< 3",
        "score < x",
        "score < -1%%",
        "score < -0.1 for",
        "__import__('os') < 1 + 1",
    ],
)
def test_a_wrong_condition_is_one_clear_line(text):
    with pytest.raises(ConfigError, match=r"^cannot read the condition .* at .*; write [^\n]*$"):
        condition(text)


def test_a_level_in_place_of_a_change_is_found():
    with pytest.raises(ConfigError, match=re.escape("a drop is score < -0.8")):
        condition("score < 0.8")


def test_names_are_paired_at_the_equals_sign_outside_brackets():
    assert mapping("rag(k=5) = rag(k=10)") == ("rag(k=5)", "rag(k=10)")
    assert mapping('a(x="b=c")=openai:gpt-4.1') == ('a(x="b=c")', "openai:gpt-4.1")
    for wrong in ("rag", "rag=", "=rag", "a=b=c", "rag(k=5=rag"):
        with pytest.raises(ConfigError, match="write OLD=NEW"):
            mapping(wrong)
