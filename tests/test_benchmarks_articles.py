"""Qasper, QuALITY, NarrativeQA, LiteraryQA, the sets of LC-vs-RAG, and FinanceBench."""

import gzip
import json

import pytest
from benchmark_scoring import score
from published_files import copied, edited, examples, shown, texts, told


def test_every_annotators_answer_to_a_paper_is_a_gold():
    found = examples("qasper")
    assert list(found) == ["q1", "q2", "q3"]
    corpus = found["q1"]
    assert corpus.answers == ("corpus X, two parts", "X")
    assert texts(corpus) == [
        "Intro\n\nWe use corpus X.\n\nIt has two parts.\n\nWe train for a day."
    ]
    assert shown(corpus) == ["We use corpus X.", "It has two parts."]
    assert corpus.question.text.startswith("Which corpus?\nAnswer with a phrase")
    assert corpus.tags == {"annotators": "2", "answer_type": "text"}
    assert found["q2"].answers == ("No", "Unanswerable")
    assert shown(found["q2"]) == ["We train for a day."]
    assert found["q3"].answers == ()
    assert {one.question.documents[0].id for one in found.values()} == {corpus.evidence[0].document}


def test_qaspers_hub_has_objects_of_lists(tmp_path):
    paper = {
        "id": "p",
        "title": "T",
        "full_text": {"section_name": ["Intro"], "paragraphs": [["We use X.", "It rains."]]},
        "qas": {
            "question": ["Which?"],
            "question_id": ["q7"],
            "answers": [
                {
                    "answer": [
                        {"unanswerable": False, "extractive_spans": ["X"], "yes_no": None,
                         "free_form_answer": "", "evidence": ["We use X."]}
                    ],
                    "annotation_id": ["a"],
                }
            ],
        },
    }  # fmt: skip
    path = tmp_path / "qasper-dev-v0.3.json"
    path.write_text(json.dumps({"p": {k: v for k, v in paper.items() if k != "id"}}))
    (one,) = examples("qasper", tmp_path).values()
    assert one.question.id == "q7"
    assert one.answers == ("X",)
    assert shown(one) == ["We use X."]


@pytest.mark.parametrize(
    ("answer", "golds", "expected"),
    [
        ("corpus X", ("corpus X", "Yes"), 1.0),
        ("Unanswerable", (), 1.0),
        ("corpus X", (), 0.0),
        ("no", ("No", "Unanswerable"), 1.0),
        ("", ("No",), 0.0),
    ],
)
def test_qaspers_f1(answer, golds, expected):
    assert score("qasper_f1", answer, *golds) == expected


def test_options_of_quality_are_counted_from_one():
    found = examples("quality")
    assert list(found) == ["52_A_1", "52_A_2", "52_A_3"]
    first, second, third = found.values()
    assert first.question.choices == ("fear", "duty", "love", "debt")
    assert (first.answers, second.answers) == (("duty",), ("debt",))
    assert third.question.choices[:2] == ("(1) fear", "(2) fear")
    assert third.answers == ("(1) fear",)
    assert first.tags == {"difficult": "yes", "needed": "2.5", "source": "Gutenberg"}
    assert {one.group for one in found.values()} == {"52"}
    assert len({one.question.documents[0].id for one in found.values()}) == 1


def test_options_of_qualitys_copy_are_counted_from_zero(tmp_path):
    row = {
        "article": "A text.",
        "question": "Why?",
        "options": ["a", "b"],
        "answer": 1,
        "hard": True,
    }
    (tmp_path / "validation.jsonl").write_text(json.dumps(row) + "\n")
    (one,) = examples("quality", tmp_path).values()
    assert one.answers == ("b",)
    assert one.tags == {"difficult": "yes"}


def test_qualitys_hidden_golds_are_told(tmp_path):
    path = copied("quality", tmp_path) / "QuALITY.v1.0.1.htmlstripped.dev"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    del rows[1]["questions"][0]["gold_label"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "line 2: questions[0].gold_label: missing: the golds of the test set are hidden" in told(
        "quality", path.parent
    )
    rows[1]["questions"][0]["gold_label"] = 5
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "gold_label: is none of 4 options, counted from 1" in told("quality", path.parent)


def test_a_story_is_read_as_it_was_downloaded(tmp_path):
    found = list(examples("narrativeqa").values())
    assert [one.question.text for one in found] == [
        "Who is Joe?\nAnswer in a few words.",
        "Where does he live?\nAnswer in a few words.",
    ]
    assert found[0].answers == ("a cook", "the cook")
    assert found[1].answers == ("Brest",)
    assert texts(found[0]) == ["Joe is a cook.\nHe lives in Brest."]
    assert found[0].tags == {"kind": "movie"}
    path = copied("narrativeqa", tmp_path)
    (path / "tmp/a1.content").write_bytes(gzip.compress("Caf\xe9 Joe.".encode("latin-1")))
    assert texts(next(iter(examples("narrativeqa", path).values()))) == ["Caf\ufffd Joe."]
    (path / "tmp/a1.content").unlink()
    assert "a1.content is not there; download_stories.sh" in told("narrativeqa", path)


def test_another_set_of_narrativeqa_can_be_chosen(tmp_path):
    path = copied("narrativeqa", tmp_path)
    (path / "tmp/b2.content").write_text("Another story.")
    (one,) = examples("narrativeqa", path, split="train").values()
    assert one.answers == ("x", "y")


def test_narrativeqas_hub_rows(tmp_path):
    row = {
        "document": {"id": "a1", "kind": "movie", "text": "Joe is a cook."},
        "question": {"text": "Who is Joe?", "tokens": []},
        "answers": [{"text": "a cook", "tokens": []}, {"text": "the cook", "tokens": []}],
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (one,) = examples("narrativeqa", tmp_path).values()
    assert one.answers == ("a cook", "the cook")
    assert one.tags == {"kind": "movie"}


def test_books_of_literaryqa_stand_beside_or_within(tmp_path):
    found = list(examples("literaryqa").values())
    assert [texts(one) for one in found] == [
        ["Ann Ford wins at Brest."], ["Ann Ford wins at Brest."], ["The reef sank him."],
    ]  # fmt: skip
    assert found[0].answers == ("Ann", "Ann Ford")
    assert [one.tags["modified"] for one in found] == ["yes", "no", "no"]
    path = copied("literaryqa", tmp_path)
    (path / "data/literaryqa/test/123.cleaned.txt").unlink()
    assert "line 1: text: missing, and no 123.cleaned.txt beside" in told("literaryqa", path)


def test_many_questions_stand_on_a_line():
    found = list(examples("lc_vs_rag").values())
    by_task = {}
    for one in found:
        by_task.setdefault(one.tags["task"], []).append(one)
    assert {task: len(ones) for task, ones in by_task.items()} == {
        "hotpotqa": 2, "toeflqa": 1, "novelqa": 1,
    }  # fmt: skip
    first, second = by_task["hotpotqa"]
    assert (first.answers, second.answers) == (("bees",), ("Bo",))
    assert first.question.documents == second.question.documents
    assert first.tags == {"task": "hotpotqa", "source": "Wikipedia", "asks": "what"}
    # a "show" counts as a "how", as published
    assert second.tags["asks"] == "how"
    assert "letter" in by_task["toeflqa"][0].question.text
    assert by_task["novelqa"][0].answers == ()


@pytest.mark.parametrize(
    ("task", "answer", "gold", "expected"),
    [
        ("hotpotqa", "It is about the bees.", "bees", 1),
        ("hotpotqa", "bees", "bees and owls", 1),
        ("hotpotqa", "owls", "bees", 0),
        ("hotpotqa", "", "bees", 0),
        ("hotpotqa", "the", "bees", 0),
        ("toeflqa", "A.", "A", 1),
        ("toeflqa", "Question 3. A, C", "AC", 1),
        ("toeflqa", "C A", "AC", 0),
        ("toeflqa", "What is it? B. rain", "B", 1),
        ("toeflqa", "A because of rain", "A", 1),
    ],
)
def test_the_verdict_of_long_context_vs_rag(task, answer, gold, expected):
    assert score("lc_vs_rag", answer, gold, task=task) == expected


def test_filings_are_whole_or_pages(tmp_path):
    first, second = examples("financebench").values()
    assert first.question.id == "financebench_id_1"
    assert first.answers == ("$1577.00",)
    assert texts(first)[0].startswith("Annual report.")
    # lines may be broken elsewhere in the filing
    assert shown(first) == ["Purchases of  plant\n(1,577)"]
    assert shown(second) == ["Total (1,600)"]
    assert first.tags == {"kind": "metrics-generated", "company": "Orle Mills"}
    pages, oracle = examples("financebench", documents="evidence").values()
    assert [one.id.partition(" #")[0] for one in oracle.question.documents] == [
        "ORLE_2018_10K page 2",
        "ORLE_2018_10K page 5",
    ]
    assert shown(pages) == ["Purchases of plant (1,577)"]
    path = copied("financebench", tmp_path)
    (path / "pdfs/ORLE_2018_10K.txt").unlink()
    assert "doc_name: no pdfs/ORLE_2018_10K.pdf there" in told("financebench", path)


def test_bad_fields_are_named(tmp_path):
    path = copied("qasper", tmp_path)
    edited(
        path / "qasper-dev-v0.3.json",
        lambda read: read["2001.0001"]["qas"][0]["answers"][0]["answer"].update(unanswerable="no"),
    )
    assert "paper 0: qas[0].answers[0].answer.unanswerable: expected true or false" in told(
        "qasper", path
    )
