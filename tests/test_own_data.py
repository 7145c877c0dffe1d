"""Users' own questions in JSONL: what a record means."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_data import GOOD, TEXT, one_line, read, write

from crossover.catalog import load, names, spec
from crossover.datasets.huggingface import HuggingFace
from crossover.datasets.jsonl import Jsonl
from crossover.errors import ConfigError, DataError
from crossover.roles import Dataset
from crossover.types import Span


def test_a_full_record_becomes_an_example(tmp_path: Path) -> None:
    (tmp_path / "ports").mkdir()
    (tmp_path / "ports" / "brest.txt").write_text(TEXT)
    record = {
        "id": 7,
        "question": "Which port is old?",
        "answers": "Brest",
        "documents": ["ports/brest.txt", {"id": "x", "text": "Other.", "title": "Others"}],
        "choices": ["Brest", "Lorient"],
        "evidence": [
            {"document": "ports/brest.txt", "start": 47, "end": 60},
            {"document": "ports/brest.txt", "text": "six metres"},
        ],
        "group": "ports",
        "tags": {"kind": "lookup", "depth": 3, "checked": True, "none": None},
    }
    (example,) = read(write(tmp_path / "q.jsonl", record))
    question = example.question
    assert (question.id, question.text, question.form) == ("7", "Which port is old?", "choice")
    assert question.choices == ("Brest", "Lorient")
    assert [d.id for d in question.documents] == ["ports/brest.txt", "x"]
    assert question.documents[0].text == TEXT
    assert dict(question.documents[1].metadata) == {"title": "Others"}
    assert example.answers == ("Brest",)
    assert [TEXT[s.start : s.end] for s in example.evidence] == ["Brest is old.", "six metres"]
    assert example.group == "ports"
    assert dict(example.tags) == {"kind": "lookup", "depth": "3", "checked": "true"}


def test_defaults_are_line_ids_document_groups_and_the_answer_form(tmp_path: Path) -> None:
    documents = [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]
    lines: tuple[object, ...] = (
        "",
        GOOD,
        "  ",
        {"question": "?", "answers": None, "documents": documents},
    )
    first, second = read(write(tmp_path / "q.jsonl", *lines))
    assert (first.question.id, second.question.id) == ("line-2", "line-4")
    assert first.group == first.question.documents[0].id
    assert second.group == "a+b"
    assert (first.question.form, second.answers) == ("answer", ())


def test_every_text_is_held_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A")
    texts = ["one text", "another text"]
    records: list[object] = [
        {"question": f"q{n}", "answers": [], "context": texts[n % 2]} for n in range(50)
    ]
    records += [
        {"question": f"p{n}", "answers": [], "documents": ["a.txt", "./a.txt"]} for n in range(9)
    ]
    records += [
        {"question": f"i{n}", "answers": [], "documents": [{"id": f"d{n}", "text": texts[0]}]}
        for n in range(2)
    ]
    examples = read(write(tmp_path / "q.jsonl", *records))
    documents = {id(d): d for e in examples for d in e.question.documents}
    assert len(documents) == 2 + 1 + 2
    assert len({id(d.text) for d in documents.values()}) == 3
    assert all(len(e.question.documents) == 1 for e in examples)


def test_files_are_read_on_first_use_and_lines_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("early")
    record = {"question": "q", "answers": [], "documents": ["a.txt"]}
    examples = Jsonl(str(write(tmp_path / "q.jsonl", record, "{broken"))).examples()
    example = next(examples)
    (tmp_path / "a.txt").write_text("late")
    assert example.question.documents[0].text == "late"
    with pytest.raises(DataError, match="line 2"):
        next(examples)


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert len(read(path)) == 1


def test_metrics_follow_the_forms(tmp_path: Path) -> None:
    choice = {"question": "q", "answers": "a", "choices": ["a", "b"], "context": "c"}
    only = write(tmp_path / "only.jsonl", choice, choice)
    mixed = write(tmp_path / "mixed.jsonl", choice, GOOD)
    assert Jsonl(str(only)).metrics() == ("choice_accuracy",)
    assert Jsonl(str(mixed)).metrics() == ("answer_recall", "substring_match", "f1_squad")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    before=st.text(st.characters(codec="utf-8"), max_size=20),
    quote=st.text(st.characters(codec="utf-8"), min_size=1, max_size=10).filter(str.strip),
    after=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_a_quote_becomes_its_exact_span(
    tmp_path: Path, before: str, quote: str, after: str
) -> None:
    text = before + quote + after
    record = {"question": "q", "answers": [quote], "context": text, "evidence": [{"text": quote}]}
    path = write(tmp_path / "q.jsonl", json.dumps(record))
    if text.find(quote) == text.rfind(quote):
        (example,) = read(path)
        document = example.question.documents[0]
        start = text.index(quote)
        assert example.evidence == (Span(document.id, start, start + len(quote)),)
        assert (document.text, example.answers) == (text, (quote,))
    else:
        assert "more than once" in one_line(Jsonl(str(path)))


def test_labels_stay_on_the_gold_side(tmp_path: Path) -> None:
    label = "LABEL"
    (example,) = read(write(tmp_path / "q.jsonl", GOOD | {"tags": {label: label}, "group": label}))
    seen = [getattr(example.question, f.name) for f in fields(example.question)]
    seen += [(d.id, d.text, dict(d.metadata)) for d in example.question.documents]
    assert label not in repr(seen)
    assert example.tags == {label: label}


def test_the_catalog_finds_and_prints_them() -> None:
    assert {"jsonl", "folder", "huggingface"} <= set(names(Dataset))
    dataset = load(Dataset, "jsonl(data/q.jsonl, skip_bad=true)")
    assert dataset == Jsonl("data/q.jsonl", skip_bad=True)
    assert spec(dataset) == "jsonl(path=data/q.jsonl, skip_bad=true)"
    assert load(Dataset, "huggingface(a/b, tags=[x, y])") == HuggingFace("a/b", tags=("x", "y"))
    with pytest.raises(ConfigError, match="jsonl needs the option path"):
        load(Dataset, "jsonl")
    with pytest.raises(ConfigError, match="did you mean skip_bad"):
        load(Dataset, "folder(x, skip_bat=true)")
