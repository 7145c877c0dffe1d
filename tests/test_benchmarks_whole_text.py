"""Ada-LEval and ETHIC, which need all of their texts, with their own scores."""

import pytest
from benchmark_scoring import score
from published_files import changed, copied, edited, examples, named, texts, told


def test_ada_leval_shows_answers_under_their_designations():
    found = examples("ada_leval")
    why, how = found["stackselect-1k-0"], found["stackselect-1k-1"]
    assert why.question.text.startswith("A question and 3 answers to it, A1 to A3,")
    assert why.question.text.endswith("The question:\nWhy is it NaN?")
    assert named(why) == ["A1", "A2", "A3"]
    assert texts(why) == ["Use x.", "Use y.", "Use x."]
    assert why.answers == ("A2",)
    assert why.group == "9"
    assert why.tags == {"task": "stackselect", "length": "1k", "answers": "3"}
    assert named(how) == ["A1", "A3"]
    assert how.answers == ("A3",)


def test_ada_leval_asks_for_the_order_of_segments():
    found = examples("ada_leval")
    first, second = found["textsort-2k-0"], found["textsort-2k-1"]
    assert first.question.text.endswith("like: Answer: [2, 1, 4, 3]")
    assert first.answers == ("[2, 4, 1, 3]",)
    assert texts(first) == ["Sort these.\n[1] c [2] a [3] d [4] b"]
    assert second.answers == ("[1, 2, 3, 4]",)
    assert second.group == "b8"
    assert set(examples("ada_leval", task="textsort", length="2k")) == set(found) - {
        "stackselect-1k-0",
        "stackselect-1k-1",
    }


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("stackselect_1k", {"answer": "A4"}, "answer: 'A4' is none of A1 to A3, or a blank one"),
        ("stackselect_1k", {"answer": "A2"}, "answer: 'A2' is none of A1 to A3, or a blank one"),
        ("stackselect_1k", {"all_answers": None}, "all_answers: is null"),
        ("textsort_2k", {"answer": "[1, 2"}, "answer: expected a list of the numbers 1 to 4"),
        ("textsort_2k", {"answer": [1, 2, 3]}, "answer: expected a list of the numbers 1 to 4"),
        ("textsort_2k", {"answer": [True, 2, 3, 4]}, "answer: expected a list of the numbers"),
    ],
)
def test_ada_leval_names_what_is_wrong(file, change, line, tmp_path):
    path = copied("ada_leval", tmp_path) / "data" / f"{file}.json"
    edited(path, lambda rows: rows[1].update(change))
    assert told("ada_leval", path).startswith(f"{path} row 1: {line}")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Answer: A7", 1.0),
        ("A1 is not as good as A7", 1.0),
        ("A7, not A9", 0.0),
        # more than there are is read as far as it is one of them
        ("A71", 1.0),
        ("A13", 0.0),
        ("the 7th", 1.0),
        ("37", 1.0),
        ("the last", 0.0),
        ("A0", 0.0),
    ],
)
def test_the_highest_designation_counts(said, wanted):
    assert score("ada_leval", said, "A7", answers="12") == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Answer: [2, 4, 1, 3]", 1.0),
        ("[2, 4, 1, 3]", 1.0),
        ("2 > 4 > 1 > 3", 1.0),
        ("Answer: 2, 4, 1, 3. Answer: none", 1.0),
        ("Answer: [2, 4]", 0.0),
        ("Answer: []", 0.0),
        ("2413 or 1234", 0.0),
        ("no idea", 0.0),
    ],
)
def test_an_order_must_be_whole(said, wanted):
    assert score("ada_leval", said, "[2, 4, 1, 3]") == wanted


def test_ethic_parts_the_text_from_what_is_asked_of_it():
    found = examples("ethic")
    people = found["recalling-1"]
    assert people.question.text == (
        "You read closely.\n\nName all people.\n\n"
        "Now, respond to the instruction: people, between semicolons."
    )
    assert named(people) == ["text", "Section 1", "Section 2", "Section 3"]
    assert texts(people)[1:] == [
        "<Section 1> Ann enters.\n",
        "<Section 2>\nBo waits.\n\n",
        "<Section 3> Ann leaves.",
    ]
    assert people.answers == ("Ann", "Bo")
    assert people.tags == {"task": "recalling", "domain": "Books", "source": "b1"}
    assert found["organizing-1"].answers == ("2, 1, 3",)


def test_ethic_shows_a_message_whole_that_tells_no_text():
    found = examples("ethic")["attributing-1"]
    assert texts(found) == ["Which hold? <Segment 1> x"]
    assert found.question.text == "s\n\nDo what the text asks for."
    assert found.answers == ("Segment 2: x", "None")


def test_ethic_has_no_golds_of_summaries():
    found = examples("ethic")["summarizing-1"]
    assert found.answers == ()
    assert found.question.form == "summary"
    assert found.tags["gold"] == "none"


def test_ethic_names_what_is_wrong(tmp_path):
    path = copied("ethic", tmp_path) / "organizing.jsonl"
    changed(path, Answer="none")
    assert told("ethic", path) == f"{path} line 1: Answer: expected numbers in their order"
    changed(path, Answer=[])
    assert told("ethic", path) == f"{path} line 1: Answer: holds no gold"
    other = path.rename(tmp_path / "questions.jsonl")
    assert "line 1: call the file recalling, summarizing" in told("ethic", other)


@pytest.mark.parametrize(
    ("task", "said", "golds", "wanted"),
    [
        # two of three distinct entries, of two golds
        ("recalling", "ann; Bo., Cy, Ann", ("Ann", "Bo"), 2 * 2 / 5),
        # a gold that stands there twice is missed once
        ("recalling", "Ann", ("Ann", "ann"), 2 * 1 / 3),
        ("recalling", "nobody", ("Ann",), 0.0),
        # 2 and 3 are in the gold's order, and so is 1 before 3
        ("organizing", "[2] [3] [1] [9]", ("2, 1, 3",), 2 / 3),
        ("organizing", "9 2 9 1 9 3", ("2, 1, 3",), 1.0),
        ("organizing", "first", ("2, 1, 3",), 0.0),
        ("attributing", "See 7.\nRelated Segments: 2, 4\n8", ("Segment 2: x9", "5"), 2 * 1 / 4),
        ("attributing", "2 and 5", ("2", "5"), 1.0),
        ("attributing", "None", ("None",), 0.0),
    ],
)
def test_ethic_scores_by_task(task, said, golds, wanted):
    assert score("ethic", said, *golds, task=task) == pytest.approx(wanted)
    assert score("ethic", said, *golds, task="summarizing") is None
