"""DetectiveQA and NovelQA in their published formats, and what sites with hidden golds take."""

import json
from zipfile import ZipFile

import pytest
from exporting_runs import export
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

import crossover


def test_detectiveqa_ends_the_novel_where_the_answer_is_told():
    found = examples("detectiveqa")
    left = found["en-human_anno-3-0-1"]
    assert left.question.text == "Who left?"
    assert left.question.choices == ("Ann", "Bo", "Cy", "Di")
    assert left.answers == ("A",)
    assert texts(left) == [
        "A title page\n[1] Ann had mud on her boots.\n[2] Rain fell.\nAll night.\n\n"
        "[3] Bo slept. [9] is no paragraph.\n"
    ]
    assert shown(left) == ["[1] Ann had mud on her boots.", "[2] Rain fell.\nAll night."]
    assert left.group == "The Orle Case"
    assert left.tags == {
        "language": "en",
        "annotation": "human_anno",
        "novel": "3",
        "steps": "3",
    }


def test_detectiveqa_shows_the_whole_novel_where_no_paragraph_tells():
    found = examples("detectiveqa")
    slept = found["en-human_anno-3-0-2"]
    assert texts(slept)[0].endswith("[4] So Ann left, they said.\n")
    assert shown(slept) == ["[3] Bo slept. [9] is no paragraph.", "[4] So Ann left, they said."]
    assert slept.answers == ("B",)


def test_detectiveqa_leaves_out_clues_that_come_after_the_answer():
    early = examples("detectiveqa")["en-AIsup_anno-3-0"]
    assert texts(early)[0].endswith("All night.\n\n")
    assert len(early.evidence) == 2


def test_detectiveqa_has_chinese_novels():
    found = examples("detectiveqa")["zh-human_anno-3-0"]
    assert texts(found) == ["[0] 安的靴子有泥。\n"]
    assert found.question.choices == ("安", "波")
    assert found.tags["language"] == "zh"


def test_detectiveqa_reads_one_file_of_questions():
    path = FIXTURES / "detectiveqa" / "anno_data_zh" / "human_anno" / "3.json"
    (found,) = examples("detectiveqa", path).values()
    assert found.tags["language"] == "zh"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"answer_position": 7}, "questions[1].answer_position: there is no paragraph [7] in"),
        ({"answer_position": 0}, "questions[1].answer_position: there is no paragraph [0] in"),
        ({"answer": "E"}, "questions[1].answer: expected A to D, got 'E'"),
        ({"options": {"A": "x", "C": "y"}}, "questions[1].options: expected options A, B …, got A"),
        ({"options": {}}, "questions[1].options: expected at least two options"),
        ({"clue_position": 3}, "questions[1].clue_position: expected a list of paragraphs'"),
        ({"question": None}, "questions[1].question: is null"),
    ],
)
def test_detectiveqa_names_what_is_wrong(change, line, tmp_path):
    folder = copied("detectiveqa", tmp_path)
    path = folder / "anno_data_en" / "human_anno" / "3.json"
    edited(path, lambda rows: rows[0]["questions"][1].update(change))
    assert told("detectiveqa", folder).startswith(f"{path} row 0: {line}")


def test_detectiveqa_needs_the_novel(tmp_path):
    folder = copied("detectiveqa", tmp_path)
    path = folder / "anno_data_en" / "human_anno" / "3.json"
    edited(path, lambda rows: rows[0].update(novel_id=4))
    expected = folder / "novel_data_en" / "4-*.txt"
    assert told("detectiveqa", path) == f"{path} row 0: novel_id: expected one file {expected}"
    edited(path, lambda rows: rows[0].update(novel_id="*"))
    assert "row 0: novel_id: expected one file" in told("detectiveqa", path)


def test_all_bad_values_of_a_novels_question_are_named(tmp_path):
    folder = copied("detectiveqa", tmp_path)
    path = folder / "anno_data_en" / "human_anno" / "3.json"
    every_bad_value_is_named("detectiveqa", path, lambda read: read[0]["questions"][1], "row 0")
    path = copied("novelqa", tmp_path) / "Data" / "PublicDomain" / "B01.json"
    every_bad_value_is_named("novelqa", path, lambda read: read["Q0002"], "row 1")


def test_novelqa_asks_without_a_gold():
    found = examples("novelqa")
    assert list(found) == ["B01-Q0148", "B01-Q0002", "B02-Q0148"]
    often, went, sailed = found.values()
    assert often.question.text == "How often did Ann go home?"
    assert often.question.choices == ("1", "2", "3", "4")
    assert texts(often) == ["Ann went home. Ann went home again."]
    assert often.answers == ()
    assert often.group == "B01"
    assert often.tags == {
        "rights": "PublicDomain",
        "book": "B01",
        "task": "times",
        "complexity": "mh",
        "gold": "hidden",
    }
    # options that a question for yes or no does not have
    assert went.question.choices == ("Yes", "No")
    # as it was published before, and with the gold of a demonstration
    assert sailed.question.choices == ("swam", "sailed")
    assert sailed.answers == ("B",)
    assert sailed.tags["complexity"] == "dtl"
    assert "gold" not in sailed.tags
    assert list(examples("novelqa", task="times")) == ["B01-Q0148"]


def test_novelqa_needs_the_text_of_free_books_alone(tmp_path):
    folder = copied("novelqa", tmp_path)
    path = folder / "Books" / "PublicDomain" / "B02.txt"
    path.unlink()
    assert f"row 0: {path}: there is no such file" in told("novelqa", folder)
    own = folder / "Books" / "CopyrightProtected" / "B62.txt"
    own.parent.mkdir()
    own.write_text("Bought and typed in.")
    assert "B62-Q0009" in examples("novelqa", folder, skip_bad=True)


@pytest.fixture
def answered(tmp_path, monkeypatch):
    """A run on both benchmarks that always answers B."""
    monkeypatch.chdir(tmp_path)
    crossover.run(
        {
            "datasets": [f"{name}({FIXTURES / name})" for name in ("marathon", "novelqa")],
            "models": ["fake(reply=B)"],
            "strategies": ["full_context"],
        },
        tmp_path / "run",
    )
    return tmp_path / "run"


def test_answers_are_handed_in_as_the_sites_take_them(answered, tmp_path):
    done = export(answered, "--submission", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "2 of 2 answers name one option" in done.output
    marathon = tmp_path / "out" / "marathon-1-full_context-fake-reply-B" / "marathon.json"
    assert json.loads(marathon.read_text()) == [
        {"id": "0", "answer": "B"},
        {"id": "1", "answer": "B"},
    ]
    packed = tmp_path / "out" / "novelqa-1-full_context-fake-reply-B" / "novelqa.zip"
    with ZipFile(packed) as archive:
        letters = json.loads(archive.read("res_mc/res_mc.json"))
        words = json.loads(archive.read("res_gen/res_gen.json"))
    # every book by its title, the ones without a text too
    assert letters == {"A Later Book": ["A", "A"], "The Orle Mill": ["B", "B"], "B02": ["B"]}
    assert words == {"A Later Book": ["", ""], "The Orle Mill": ["", ""], "B02": [""]}


def test_what_nobody_can_score_counts_as_unscored(answered):
    frame = crossover.load_results(answered)
    hidden = frame[frame["tag.gold"] == "hidden"]
    assert hidden["choice_accuracy"].isna().all()
    assert len(hidden) == 4
    assert frame[frame["tag.gold"] != "hidden"]["choice_accuracy"].tolist() == [1.0]


def test_runs_on_known_golds_have_nothing_to_hand_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    crossover.run(
        {
            "datasets": f"detectiveqa({FIXTURES / 'detectiveqa'})",
            "models": ["fake"],
            "strategies": ["full_context"],
        },
        tmp_path / "run",
    )
    done = export(tmp_path / "run", "--submission", tmp_path / "out")
    assert done.exit_code != 0
    assert "none of its datasets is scored elsewhere: detectiveqa" in str(
        done.exception or done.output
    )
