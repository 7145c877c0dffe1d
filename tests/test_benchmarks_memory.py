"""LongMemEval in its published format."""

import json

import pytest
from published_files import (
    FIXTURES,
    copied,
    edited,
    every_bad_value_is_named,
    examples,
    shown,
    texts,
    told,
)

from crossover.datasets.benchmarks import long_memory
from crossover.errors import UnknownName

LONGMEMEVAL = FIXTURES / "longmemeval"


def test_longmemeval_has_a_document_for_each_session_oldest_first():
    found = examples("longmemeval")["s_cleaned-0"]
    assert found.question.text == "How many hens do I keep?\n(Today is 2023/06/01 (Thu) 09:00.)"
    assert found.answers == ("5",)
    names = [document.id.partition(" #")[0] for document in found.question.documents]
    # the empty session is left out; one that comes twice is two, on two days
    assert names == [
        "Session 1, 2023/05/15 (Mon) 08:00",
        "Session 2, 2023/05/16 (Tue) 07:10",
        "Session 3, 2023/05/18 (Thu) 07:10",
        "Session 4, 2023/05/20 (Sat) 18:30",
    ]
    assert texts(found)[0] == "user: I now keep three hens.\nassistant: Nice!\n"
    assert found.question.documents[3].metadata == {"title": "Session 4, 2023/05/20 (Sat) 18:30"}
    assert sorted(shown(found)) == ["I now keep three hens.", "Two more hens came today."]
    assert found.tags == {
        "length": "s_cleaned",
        "task": "multi-session",
        "question_type": "multi-session",
        "question_id": "b2f1",
    }


def test_longmemeval_tells_no_strategy_what_holds_the_answer():
    for found in examples("longmemeval").values():
        seen = [found.question.id, found.question.text]
        seen += [document.id for document in found.question.documents] + texts(found)
        assert not any(sign in text for text in seen for sign in ("answer_", "_abs", "noans"))


def test_longmemeval_has_questions_without_an_answer():
    found = examples("longmemeval")["s_cleaned-1"]
    assert (found.answers, found.evidence) == ((), ())
    assert found.tags["question_id"] == found.group == "b2f1_abs"


def test_longmemeval_takes_a_whole_session_where_no_turn_is_marked():
    found = examples("longmemeval")["s_cleaned-2"]
    assert shown(found) == ["user: Write a rhyme.\nassistant: Hens in pens.\n"]
    assert texts(found)[1] == "user: Good morning.\nassistant: \n"


def test_longmemeval_is_read_by_set_and_type():
    assert list(examples("longmemeval", length="oracle")) == ["oracle-0"]
    asked = examples("longmemeval", length="s_cleaned", task="single-session-assistant")
    assert list(asked) == ["s_cleaned-2"]
    with pytest.raises(UnknownName, match="did you mean multi-session"):
        examples("longmemeval", task="multisession")


def test_longmemeval_is_read_from_the_first_release_without_a_suffix(tmp_path):
    (tmp_path / "data").mkdir()
    text = (LONGMEMEVAL / "longmemeval_oracle.json").read_text()
    (tmp_path / "data" / "longmemeval_s").write_text(text)
    assert list(examples("longmemeval", tmp_path)) == ["s-0"]


@pytest.mark.parametrize("block", [1, 7, 100])
def test_longmemeval_is_read_in_blocks(block, monkeypatch):
    wanted = examples("longmemeval")
    monkeypatch.setattr(long_memory, "BLOCK", block)
    assert examples("longmemeval") == wanted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "expected a list of objects"),
        ('{"a": 1}', "expected a list of objects"),
        (" []", "holds no usable record of longmemeval"),
        ('[{"a": 1} {"a": 2}]', "not valid JSON: expected ',' between entries"),
        ('[{"a": 1}', "not valid JSON"),
        ("[1]", "row 0: expected an object, got 1"),
    ],
)
def test_longmemeval_says_what_is_no_list(text, line, tmp_path):
    path = tmp_path / "longmemeval_s.json"
    path.write_text(text)
    said = told("longmemeval", path, skip_bad="not valid" in line)
    assert line in said
    path.write_bytes(b"[\xff\xfe")
    assert f"{path}: cannot be read" in told("longmemeval", path)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"haystack_dates": ["2023/05/16"]}, "haystack_sessions: expected a list as long as"),
        ({"haystack_sessions": ["a", "b"]}, "haystack_sessions[0]: expected a list of turns"),
        ({"haystack_sessions": [[], [3]]}, "haystack_sessions[1][0]: expected an object, got 3"),
        (
            {"haystack_sessions": [[], [{"role": "user"}]]},
            "haystack_sessions[1][0].content: missing; there is: role",
        ),
        ({"question_type": "other"}, "question_type: 'other' is none of single-session-user"),
        ({"haystack_sessions": [[], []]}, "documents: missing"),
    ],
)
def test_longmemeval_names_what_is_wrong(change, line, tmp_path):
    path = copied("longmemeval", tmp_path) / "longmemeval_s_cleaned.json"
    edited(path, lambda rows: rows[2].update(change))
    assert told("longmemeval", path).startswith(f"{path} row 2: {line}")
    left = examples("longmemeval", path, skip_bad=True)
    assert len(left) == len(json.loads(path.read_text())) - 1


def test_all_bad_values_are_named(tmp_path):
    path = copied("longmemeval", tmp_path) / "longmemeval_s_cleaned.json"
    every_bad_value_is_named("longmemeval", path, lambda read: read[0], "row 0")
