"""Verdicts are read strictly: what does not follow for certain is open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.judging import verdicts

RIGHT_OR_WRONG = [
    ("Verdict: CORRECT", True),
    ("Verdict: INCORRECT", False),
    ("verdict: correct", True),
    ("**Verdict: INCORRECT**", False),
    ("**Verdict:** CORRECT.", True),
    ("## Verdict: `INCORRECT`", False),
    ("Final verdict: CORRECT", True),
    ("The names agree.\nVerdict: CORRECT", True),
    ("The candidate is not INCORRECT, it names her.\nVerdict: CORRECT", True),
    ("CORRECT would need the year.\nVerdict: INCORRECT\n", False),
    ("Verdict: CORRECT\n\nThe names agree, so INCORRECT would be wrong.", True),
    ("CORRECT", True),
    ("INCORRECT", False),
    ("True.", True),
    ("False!", False),
    ("not true", False),
    ("Not correct.", False),
    ("Yes", True),
    ("The answer is incorrect.", False),
    ("The candidate answer is correct.", True),
    ("This answer is not correct.", False),
    ("It is false.", False),
    ("It's correct.", True),
    ("CORRECT\n\nBoth name Ada.", True),
    ('{"verdict": "INCORRECT", "reason": "CORRECT would name Ada"}', False),
    ('```json\n{"verdict": true}\n```', True),
    ("<think>CORRECT? Verdict: CORRECT. No.</think>\nVerdict: INCORRECT", False),
    ("Verdict: CORRECT\nVerdict: CORRECT", True),
    # nothing certain follows from these
    ("Verdict: CORRECT\nOn reflection:\nVerdict: INCORRECT", None),
    ("Verdict: CORRECT or INCORRECT", None),
    ("Verdict: partially correct", None),
    ("Verdict: CORRECT if the year does not matter", None),
    ("It is false that the answer is wrong.", None),
    ("It is false that she did not build it", None),
    ("not incorrect", None),
    ("Not untrue.", None),
    ("CORRECT and INCORRECT", None),
    ("CORRECT\nINCORRECT", None),
    ("I cannot say whether it is CORRECT.", None),
    ("The answer is correct, but incomplete.", None),
    ("Is it true?\nTrue\nwould need a source, which I lack.", None),
    ("Verdict:", None),
    ("Verdict: 1", None),
    ('{"verdict": "CORR', None),
    ('{"verdict": "CORRECT", "reas', None),
    ('{\n  "verdict": "CORRECT"', None),
    ('{"verdict": null}', None),
    ("<think>Verdict: CORRECT", None),
    ("", None),
    ("\n \n", None),
    ("CORRECTNESS", None),
    ("UNCORRECT", None),
]


@pytest.mark.parametrize(("reply", "expected"), RIGHT_OR_WRONG)
def test_a_verdict_is_read_or_open(reply, expected):
    assert verdicts.right_or_wrong(reply) is expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Verdict: 3", 3),
        ("Verdict: 0", 0),
        ("Verdict: 4/4", 4),
        ("Verdict: 2 out of 4", 2),
        ("Verdict: 3.0 points", 3),
        ('{"verdict": 2}', 2),
        ("Verdict: 3.5", None),
        ("Verdict: 5", None),
        ("Verdict: 4/10", None),
        ("Verdict: -1", None),
        ("Verdict: 2 or 3", None),
        ("Verdict: N", None),
        ("Verdict: three", None),
    ],
)
def test_points_are_whole_and_in_range(reply, expected):
    assert verdicts.points(reply, 4) == expected


@pytest.mark.parametrize(
    ("reply", "labels", "expected"),
    [
        ("Verdict: A", "AB", "first"),
        ("Verdict: B", "AB", "second"),
        ("Verdict: [[A]]", "AB", "first"),
        ("Verdict: Answer B", "AB", "second"),
        ("Answer A is better.", "AB", "first"),
        ("Verdict: TIE", "AB", "tie"),
        ("Verdict: 1", "21", "second"),
        ("Verdict: 2", "21", "first"),
        ("B", "AB", "second"),
        ("Verdict: C", "AB", None),
        ("Verdict: A and B", "AB", None),
        ("Verdict: A", "21", None),
        ("A clear case: both are wrong.", "AB", None),
        ("Verdict: A\nVerdict: B", "AB", None),
        ("Verdict: neither", "AB", None),
    ],
)
def test_a_comparison_is_read_by_its_labels(reply, labels, expected):
    assert verdicts.better(reply, *labels) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("1: YES\n2: NO", (True, False)),
        ("2. no\n1. yes", (True, False)),
        ("**1:** YES\n- 2: NO.", (True, False)),
        ("Checked:\n1) YES\n2) NO\n", (True, False)),
        ("1: YES", None),
        ("1: YES\n2: NO\n3: YES", None),
        ("1: YES\n2: NO\n1: NO", None),
        ("1: YES\n2: partly", None),
        ("YES\nNO", None),
    ],
)
def test_every_item_needs_one_check(reply, expected):
    assert verdicts.checks(reply, 2) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("1. Does it name Ada?\n2. Does it say 1912?", ("Does it name Ada?", "Does it say 1912?")),
        ("Here:\n1) One?", ("One?",)),
        ("2. Two?", None),
        ("no list", None),
        ("\n".join(f"{n}. Item?" for n in range(1, 10)), None),
    ],
)
def test_a_checklist_is_a_numbered_list(reply, expected):
    assert verdicts.items(reply, 8) == expected


@given(st.text(alphabet="CORETIN :\nverdicftusa.*", max_size=60))
def test_reading_never_fails_and_never_takes_both(reply):
    assert verdicts.right_or_wrong(reply) in (True, False, None)
    both = f"{reply}\nVerdict: CORRECT\nVerdict: INCORRECT"
    assert verdicts.right_or_wrong(both) is None
