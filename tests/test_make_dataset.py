"""`crossover make-dataset`: from a folder to questions that a grid can ask, and review."""

import csv
import json

import pytest
from command_line import crossover
from making import DOCUMENTS, TEXTS, folder_of
from misbehaving import answer
from scripted import by_prompt

from crossover import catalog
from crossover.errors import DataError
from crossover.experiments.making.review import read_review
from crossover.roles import Dataset
from crossover.types import Document

SEA = Document("sea.txt", "The sea is deep and cold. " * 4)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def by_rule(tmp_path_factory):
    """Questions made by rule, with nothing but the embedded reader."""
    root = tmp_path_factory.mktemp("by-rule")
    folder = folder_of(root / "towns", (*DOCUMENTS, SEA))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 no more than that")
    return folder, root / "made"


def test_a_folder_becomes_questions_without_any_model(by_rule, capsys):
    folder, out = by_rule
    code, said, _ = crossover(capsys, "make-dataset", folder, "--questions", "8", "--out", out)
    assert code == 0
    assert "broken.pdf" in said
    assert f"as a dataset: folder({folder}, questions={out / 'questions.jsonl'})" in said
    records = lines(out / "questions.jsonl")
    kept = [row for row in rows(out / "review.csv") if row["keep"] == "yes"]
    assert [row["question"] for row in kept] == [one["question"] for one in records]
    about = json.loads((out / "made.json").read_text())
    assert sum(about["kept"].values()) == len(records)
    assert about["written_by"] == "rule"
    assert about["checked_by"] == "reader"
    assert about["checking"]["calls"] > 0
    assert about["writing"]["calls"] == 0
    for kind, number in about["wanted"].items():
        there = about["kept"].get(kind, 0)
        assert f"{kind}: {there} kept" in said
        assert there == number or kind in about["stopped_short"]
    lost = [row for row in rows(out / "review.csv") if row["keep"] == "no"]
    assert len(lost) == sum(about["lost"].values())
    assert all(row["why"] for row in lost)


def test_the_questions_are_a_dataset_with_evidence(by_rule):
    folder, out = by_rule
    spec = f"folder({folder}, questions={out / 'questions.jsonl'})"
    (folder / "broken.pdf").unlink(missing_ok=True)
    examples = list(catalog.load(Dataset, spec).examples())
    assert len(examples) == len(lines(out / "questions.jsonl"))
    for example in examples:
        assert bool(example.evidence) == bool(example.answers)
        if example.tags["kind"] == "single_hop":
            (span,) = example.evidence
            text = TEXTS[span.document][span.start : span.end]
            assert example.answers[0].split()[-1] in text


def test_the_same_order_gives_the_same_bytes_and_asks_nothing_twice(tmp_path, capsys, endpoint):
    folder = folder_of(tmp_path / "towns", _long())
    endpoint.play(_model())
    done = []
    for _ in range(2):
        code, said, _ = crossover(
            capsys, "make-dataset", folder, "--model", _named(endpoint), "--questions", "2",
            "--kinds", "single_hop,unanswerable", "--out", tmp_path / "out",
        )  # fmt: skip
        assert code == 0, said
        done.append(
            (said, (tmp_path / "out" / "questions.jsonl").read_bytes(), len(endpoint.requests))
        )
    assert done[0] == done[1]
    records = lines(tmp_path / "out" / "questions.jsonl")
    assert [one["question"] for one in records] == [
        "Who built the bridge of Ostrel?",
        "Who painted the bridge of Ostrel?",
    ]
    assert records[0]["answers"] == ["Ada Varn"]
    (place,) = records[0]["evidence"]
    text = _long()[0].text
    assert text[place["start"] : place["end"]].startswith("The bridge of Ostrel was built by Ada")


def _long():
    return [
        Document(d.id, f"{d.text} {'The people of the town go about it. ' * 12}") for d in DOCUMENTS
    ]


def _named(endpoint):
    return f'openai:gpt-4o-mini(base_url="{endpoint.url}", attempts=1)'


def _model():
    quote = "The bridge of Ostrel was built by Ada Varn in 1902."
    single = {
        "question": "Who built the bridge of Ostrel?",
        "answer": "Ada Varn",
        "quotes": [quote],
    }
    missing = {"question": "Who painted the bridge of Ostrel?"}
    return by_prompt(
        ("that it\nanswers", json.dumps({"questions": [single]})),
        ("admit what a document does not say", json.dumps({"questions": [missing]})),
        ("Who painted", "not in the text"),
        ("from what you know", "I do not know."),
        otherwise="Ada Varn",
    )


def reviewed(folder, out, capsys, change, *options):
    """Change rows of a review and read it back by the command line."""
    given = rows(out / "review.csv")
    change(given)
    path = out.parent / "gone-through.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, given[0])
        writer.writeheader()
        writer.writerows(given)
    return crossover(
        capsys, "make-dataset", folder, "--review", path, "--out", out.parent / "kept", *options
    )


def test_a_review_decides(by_rule, capsys):
    folder, out = by_rule

    def change(given):
        for row in given:
            row["keep"] = "no"
        answered = [row for row in given if row["answers"]]
        answered[0] |= {"keep": "Yes", "question": "What now?", "answers": "one | two \\| three"}
        answered[1] |= {"keep": "x", "evidence": "Quill lies by the sea.", "documents": "quill.txt"}

    code, said, _ = reviewed(folder, out, capsys, change)
    assert code == 0
    assert "2 questions kept" in said
    first, second = lines(out.parent / "kept" / "questions.jsonl")
    assert first["question"] == "What now?"
    assert first["answers"] == ["one", "two | three"]
    assert second["evidence"] == [{"document": "quill.txt", "start": 0, "end": 22}]


def test_questions_can_be_on_all_documents(by_rule, capsys):
    folder, out = by_rule
    code, _, _ = reviewed(folder, out, capsys, lambda given: None, "--everywhere")
    assert code == 0
    records = lines(out.parent / "kept" / "questions.jsonl")
    assert all("documents" not in one and one["group"] for one in records)
    spec = f"folder({folder}, questions={out.parent / 'kept' / 'questions.jsonl'})"
    example = next(iter(catalog.load(Dataset, spec).examples()))
    assert {document.id for document in example.question.documents} == {*TEXTS, "sea.txt"}


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("keep", "maybe", "keep: expected yes or no, got 'maybe'"),
        ("kind", "odd", "kind: expected one of single_hop"),
        ("answers", "", "answers: only an unanswerable question has none"),
        ("evidence", "Nobody said so.", "evidence: 'Nobody said so.' stands in none of"),
        ("evidence", "", "evidence: an answer needs a quote"),
        ("documents", "gone.txt", "documents: there is no gone.txt in the folder"),
        ("question", " ", "question: is empty"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(by_rule, capsys, column, cell, said):
    folder, out = by_rule
    code, _, error = reviewed(folder, out, capsys, lambda given: given[0].update({column: cell}))
    assert code == 2
    assert f"gone-through.csv line 2: {said}" in error


def test_a_review_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "review.csv"
    path.write_text("keep,question\nyes,Who?\n")
    with pytest.raises(DataError, match="the column kind is missing"):
        read_review(path, DOCUMENTS)


def test_no_cell_of_a_review_is_a_formula(tmp_path, capsys):
    text = "=HYPERLINK is a function that Ostrel Calc was given in March 1911. " * 2
    folder = folder_of(tmp_path / "towns", (*DOCUMENTS, Document("=x.txt", text)))
    code, _, _ = crossover(capsys, "make-dataset", folder, "--out", tmp_path / "out")
    assert code == 0
    given = rows(tmp_path / "out" / "review.csv")
    cells = [cell for row in given for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    # and back it comes as it was
    documents = (*DOCUMENTS, Document("=x.txt", text))
    kept = read_review(tmp_path / "out" / "review.csv", documents)
    assert len(kept) == len([row for row in given if row["keep"] == "yes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no such folder"),
        (("empty",), "empty"),
        (("towns", "--kinds", "singel_hop"), "did you mean single_hop"),
        (("towns", "--model", "nobody"), "nobody"),
        (("towns", "--model", "reader"), "only quotes"),
        (("towns", "--questions", "0"), "greater than or equal to 1"),
        (("dull",), "no question stood the checks"),
    ],
)
def test_wrong_orders_are_one_line(tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / "towns")
    (tmp_path / "empty").mkdir()
    folder_of(tmp_path / "dull", (SEA,))
    code, _, error = crossover(capsys, "make-dataset", *arguments)
    assert code == 2
    assert said in error
    assert len(error.splitlines()) == 1


def test_a_failing_model_ends_with_its_name(tmp_path, capsys, endpoint):
    folder = folder_of(tmp_path / "towns", _long())
    endpoint.play(
        answer(
            "{}",
        )
    )
    code, _, error = crossover(
        capsys, "make-dataset", folder, "--model", _named(endpoint), "--kinds", "single_hop",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 2
    assert "no question stood the checks; 2 unreadable reply" in error
