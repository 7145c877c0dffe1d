"""LongReason and Marathon in their published formats."""

import json

import pytest
from published_files import FIXTURES, as_parquet, changed, copied, examples, texts, told


def test_longreason_reads_the_options_out_of_the_question():
    found = examples("longreason")
    eggs, wet, short = found["8k-1"], found["8k-2"], found["original-1"]
    assert eggs.question.text == "How many eggs has Jo?"
    assert eggs.question.choices == ("4", "5", "6")
    assert eggs.answers == ("B",)
    assert eggs.tags == {"length": "8k"}
    assert eggs.group == short.group == "12"
    assert texts(eggs) == ["Rain fell for long. Jo has 3 eggs. Rain fell again. She buys 2."]
    # options that stand on no lines of their own are chosen by their letters
    assert wet.question.text == "Is it wet? A. yes B. no"
    assert wet.question.choices == ("A", "B", "C", "D")
    # the short question has no text beside it
    assert texts(short) == ["Jo has 3 eggs and buys 2. How many?\nA. 4\nB. 5"]
    assert short.question.choices == ("4", "5")
    assert list(examples("longreason", length="original")) == ["original-1"]


@pytest.mark.parametrize(
    ("asked", "gold", "choices"),
    [
        ("Q?\nA. x\nB. y", "C", ("A", "B", "C", "D")),
        ("Q?\nA. x\nC. y", "A", ("A", "B", "C", "D")),
        ("Q?\nA. x\nB. x", "A", ("A", "B", "C", "D")),
        ("A. x\nB. y", "E", ("A", "B", "C", "D", "E")),
        ("Q?\n A) x\n more\n B) y", "A", ("x\n more", "y")),
    ],
)
def test_longreason_keeps_questions_whose_options_are_incomplete(asked, gold, choices, tmp_path):
    path = copied("longreason", tmp_path) / "8k.jsonl"
    changed(path, final_inquiry=asked, answer=gold)
    found = examples("longreason", path)["8k-2"]
    assert found.question.choices == choices
    assert (found.question.text == asked) == (choices[0] == "A")


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("answer", "AB", "answer: expected a letter, got 'AB'"),
        ("prompt", "Read: " + "It rained. " * 99, "background: is not the long text, which the"),
        ("example_idx", None, "example_idx: is null"),
    ],
)
def test_longreason_names_what_is_wrong(field, value, line, tmp_path):
    path = copied("longreason", tmp_path) / "8k.jsonl"
    changed(path, **{field: value})
    assert told("longreason", path).startswith(f"{path} line 2: {line}")


def test_marathon_has_options_and_no_gold():
    mills, order = examples("marathon").values()
    assert mills.question.id == "0"
    assert mills.question.text == "How many mills"
    assert mills.question.choices == ("one", "2", "3", "4")
    assert mills.answers == ()
    assert mills.tags == {
        "task": "computation",
        "length": "200k-300k characters",
        "gold": "hidden",
    }
    # an option that stands there twice is told from the other by its letter
    assert order.question.choices == (
        "built, bought",
        "bought, built",
        "built, bought (C)",
        "never",
    )
    assert order.tags["length"] == "0k-100k characters"
    assert list(examples("marathon", task="timeline_reorder")) == ["1"]


def test_marathon_names_what_is_wrong(tmp_path):
    path = copied("marathon", tmp_path) / "marathon.json"
    rows = json.loads(path.read_text())
    for change, line in (
        ({"options": {"A": "x", "B": None}}, "options: expected at least two options"),
        ({"options": "A"}, "options: expected JSON in a text"),
        ({"options": {"A": "", "B": "y"}}, "options: expected at least two options, none empty"),
        ({"length": "long"}, "length: expected a whole number, got 'long'"),
        ({"id": "0"}, "id: '0' is taken by line 0 already"),
    ):
        path.write_text(json.dumps([rows[0], {**rows[1], **change}]))
        assert told("marathon", path).startswith(f"{path} row 1: {line}")


def test_longreason_reads_parquet(tmp_path):
    source = FIXTURES / "longreason" / "8k.jsonl"
    as_parquet(source, tmp_path / "data" / "8k-00000-of-00001.parquet")
    assert list(examples("longreason", tmp_path)) == ["8k-0", "8k-1"]
