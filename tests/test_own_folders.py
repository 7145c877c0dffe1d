"""A folder of documents with its questions in CSV or JSONL, and every bad table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from crossover.datasets.folder import Folder
from crossover.errors import DataError
from crossover.roles import Dataset
from crossover.types import Span


def write(path: Path, *records: object) -> Path:
    lines = [json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def one_line(dataset: Dataset) -> str:
    with pytest.raises(DataError) as caught:
        list(dataset.examples())
    line = str(caught.value)
    assert "\n" not in line
    return line


def folder_of(tmp_path: Path, *rows: list[str], name: str = "questions.csv") -> Path:
    (tmp_path / "a.txt").write_text("A text.")
    (tmp_path / "b.md").write_text("B text.")
    with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return tmp_path


def test_a_folder_with_csv(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        ["question", "answers", "file", "id", "choices", "tag.kind"],
        ["Which?\nSay.", r"A | P(x\|y)", "", "", "", "lookup"],
        ["None?", "", "a.txt", "n", "", ""],
        ["One?", "yes", "b.md|a.txt", "c", "yes|no", ""],
    )
    first, second, third = Folder(str(folder)).examples()
    assert (first.question.id, first.question.text) == ("line-2", "Which?\nSay.")
    assert first.answers == ("A", "P(x|y)")
    assert [d.id for d in first.question.documents] == ["a.txt", "b.md"]
    assert (first.group, dict(first.tags)) == ("a.txt+b.md", {"kind": "lookup"})
    assert (second.answers, second.group, dict(second.tags)) == ((), "a.txt", {})
    assert second.question.documents[0] is first.question.documents[0]
    assert [d.id for d in third.question.documents] == ["b.md", "a.txt"]
    assert (third.question.form, third.question.choices) == ("choice", ("yes", "no"))
    assert Folder(str(folder)).metrics()[0] == "answer_recall"


def test_a_folder_with_jsonl_and_documents_in_subfolders(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["x"], name="other.csv")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.txt").write_text("C text.")
    quote = {"document": "sub/c.txt", "text": "C"}
    records = (
        {"question": "all?", "answers": []},
        {"question": "c?", "answers": ["C"], "documents": ["sub/c.txt"], "evidence": [quote]},
    )
    write(tmp_path / "questions.jsonl", *records)
    first, second = Folder(str(folder)).examples()
    assert [d.id for d in first.question.documents] == ["a.txt", "b.md"]
    assert second.evidence == (Span("sub/c.txt", 0, 1),)


def test_a_folder_of_choices_asks_for_choice_accuracy(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["question", "answers", "choices"], ["q", "a", "a|b"])
    assert Folder(str(folder)).metrics() == ("choice_accuracy",)


BAD_TABLES: dict[str, tuple[list[list[str]], str]] = {
    "no column": ([["question", "file"], ["q", "a.txt"]], "the column answers is missing; there"),
    "semicolons": ([["question;answers"]], "no column 'question;answers' is known"),
    "misspelt": ([["question", "anwsers"]], "no column 'anwsers' is known; did you mean answers?"),
    "twice": ([["question", "answers", "question"]], "the column question stands there twice"),
    "unnamed": ([["question", "answers", ""]], "no column '' is known"),
    "no rows": ([["question", "answers"]], "questions.csv: holds no record"),
    "few cells": ([["question", "answers"], ["q"]], "line 2: expected 2 cells as in the header, g"),
    "blank": ([["question", "answers"], [" ", "a"]], "line 2: question: expected a text that is n"),
    "gap": ([["question", "answers"], ["q", "a||b"]], "line 2: answers[1]: expected a text that"),
    "file": ([["question", "answers", "file"], ["q", "a", "c.txt"]], "line 2: file[0]: "),
    "outside": ([["question", "answers", "file"], ["q", "a", "../c.txt"]], "c.txt lies outside"),
    "choices": (
        [["question", "answers", "choices"], ["q", "c", "a|b"]],
        "line 2: answers: 'c' is none of the choices",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_one_clear_line(tmp_path: Path, case: str) -> None:
    rows, expected = BAD_TABLES[case]
    assert expected in one_line(Folder(str(folder_of(tmp_path, *rows))))


def test_unbalanced_quotes_are_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["x"])
    (folder / "questions.csv").write_text('question,answers\nq,a\n"never closed,b\n')
    assert "questions.csv line 3: not valid CSV" in one_line(Folder(str(folder)))


def test_a_folder_counts_bad_rows(tmp_path: Path) -> None:
    rows = (["question", "answers"], ["q", "a"], ["", "b"], ["r"])
    dataset = Folder(str(folder_of(tmp_path, *rows)), skip_bad=True)
    assert [e.question.text for e in dataset.examples()] == ["q"]
    assert [line.partition("questions.csv ")[2][:6] for line in dataset.skipped()] == [
        "line 3",
        "line 4",
    ]


def test_what_a_folder_lacks_is_told(tmp_path: Path) -> None:
    assert "there is no such folder" in one_line(Folder(str(tmp_path / "absent")))
    assert "holds no questions.csv or questions.jsonl" in one_line(Folder(str(tmp_path)))
    write(tmp_path / "questions.jsonl", {"question": "q", "answers": []})
    assert "is no folder" in one_line(Folder(str(tmp_path / "questions.jsonl")))
    assert "line 1: documents: missing" in one_line(Folder(str(tmp_path)))
    assert "no such file" in one_line(Folder(str(tmp_path), questions="more.csv"))
