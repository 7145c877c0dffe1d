"""Users' own questions in JSONL: every bad record, document or file is one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_data import GOOD, one_line, read, write

from crossover.datasets.jsonl import Jsonl
from crossover.errors import DataError

BAD: dict[str, tuple[object, str]] = {
    "malformed": ('{"question": "q" "answers"', "not valid JSON: expecting ',' delimiter at char"),
    "not an object": ([GOOD], "expected one JSON object, got [{"),
    "too deep": ("[" * 200_000, "JSON nested too deeply, or with a number too long"),
    "long number": ('{"id": ' + "1" * 5000 + "}", "JSON nested too deeply, or with a number"),
    "field twice": ('{"answers": [], "answers": []}', "answers: stands there twice"),
    "question missing": ({"answers": []}, "question: missing; expected a text"),
    "question null": (GOOD | {"question": None}, "question: expected a text, got null"),
    "question empty": (GOOD | {"question": ""}, "question: expected a text that is not empty"),
    "question blank": (GOOD | {"question": " \t"}, "question: expected a text that is not empty"),
    "question list": (GOOD | {"question": ["a"]}, "question: expected a text, got ['a']"),
    "half character": (json.dumps(GOOD | {"question": "\ud800"}), "question: holds half a charact"),
    "answers missing": ({"question": "q", "context": "c"}, "answers: missing; expected a list of"),
    "answers number": (GOOD | {"answers": 3}, "answers: expected a list of texts, got 3"),
    "answers mapping": (GOOD | {"answers": {"a": 1}}, "answers: expected a list of texts, got {"),
    "answer number": (GOOD | {"answers": ["a", 3]}, "answers[1]: expected a text, got 3"),
    "answer empty": (GOOD | {"answers": [""]}, "answers[0]: expected a text that is not empty; wr"),
    "unknown field": (GOOD | {"anwsers": []}, "anwsers: no such field; did you mean answers?"),
    "field path": (GOOD | {"path": "x"}, "path: no such field; there is: question, answers, id"),
    "no documents": ({"question": "q", "answers": []}, "documents: missing; expected texts or"),
    "both": (GOOD | {"documents": ["a.txt"]}, "context: give documents or context, not both"),
    "documents text": (
        {"question": "q", "answers": [], "documents": "a.txt"},
        "documents: expected a list of {id, text} objects or file paths, got 'a.txt'",
    ),
    "context empty": (GOOD | {"context": " "}, "context[0]: expected a text that is not empty"),
    "context number": (GOOD | {"context": 3}, "context: expected a text or a list of texts, got 3"),
    "id list": (GOOD | {"id": [1]}, "id: expected a text, got [1]"),
    "id taken": (GOOD | {"id": "good"}, "id: 'good' is taken by line 1 already"),
    "choices one": (GOOD | {"choices": ["a"]}, "choices: expected a list of at least two texts"),
    "choices text": (GOOD | {"choices": "ab"}, "choices: expected a list of at least two texts"),
    "choices twice": (GOOD | {"choices": ["six metres"] * 2}, "choices: the same choice stands"),
    "answer no choice": (GOOD | {"choices": ["a", "b"]}, "answers: 'six metres' is none of the"),
    "no choices": (GOOD | {"form": "choice"}, "choices: missing; expected a list of at least two"),
    "form with choices": (
        GOOD | {"choices": ["six metres", "b"], "form": "answer"},
        "form: expected choice, as there are choices, got 'answer'",
    ),
    "form": (GOOD | {"form": "essay"}, "form: expected answer, choice, summary or code, got 'ess"),
    "group": (GOOD | {"group": True}, "group: expected a text, got True"),
    "tags list": (GOOD | {"tags": ["a"]}, "tags: expected a mapping of names to texts, got ['a']"),
    "tag list": (GOOD | {"tags": {"path": [1]}}, "tags.path: expected a text or a number, got [1]"),
    "evidence": (GOOD | {"evidence": "six"}, "evidence: expected a list of {document, start, end}"),
    "evidence end": (GOOD | {"evidence": [{"start": 3}]}, "evidence[0]: expected start and end"),
    "evidence type": (
        GOOD | {"evidence": [{"start": "3", "end": 5}]},
        "evidence[0].start: expected a count of characters, got '3'",
    ),
    "evidence field": (
        GOOD | {"evidence": [{"quote": "six"}]},
        "evidence[0].quote: no such field; there is: document, start, end, text",
    ),
    "evidence outside": (
        GOOD | {"evidence": [{"start": 50, "end": 61}]},
        "evidence[0]: 50 to 61 is no part of 'text-",
    ),
    "evidence empty": (GOOD | {"evidence": [{"start": 5, "end": 5}]}, "evidence[0]: 5 to 5 is no"),
    "evidence quote": (
        GOOD | {"evidence": [{"text": "Six metres"}]},
        "evidence[0]: the text does not occur in 'text-",
    ),
    "evidence twice": (
        GOOD | {"evidence": [{"text": "Brest"}]},
        "evidence[0]: the text occurs more than once in 'text-",
    ),
    "evidence differs": (
        GOOD | {"evidence": [{"start": 0, "end": 5, "text": "tides"}]},
        "evidence[0]: characters 0 to 5 of 'text-",
    ),
    "evidence document": (
        GOOD | {"evidence": [{"document": "other", "text": "Brest"}]},
        "evidence[0].document: 'other' is none of the question's; there is: text-",
    ),
}
DOCUMENTS: dict[str, tuple[list[object], str]] = {
    "missing": (["b.txt"], "b.txt: there is no such file; did you mean"),
    "outside": (["../secret.txt"], "../secret.txt lies outside"),
    "absolute": (["/etc/hostname"], "/etc/hostname lies outside"),
    "linked out": (["link.txt"], "link.txt lies outside"),
    "folder": (["sub"], "sub: is a folder where a file is needed"),
    "empty": (["empty.txt"], "empty.txt: the file is empty"),
    "suffix": (["table.xls"], "table.xls: cannot read .xls files"),
    "nul": (["a\0.txt"], "'a\\x00.txt' cannot be a file's path"),
    "loop": (["loop.txt"], "loop.txt"),
    "number": ([3], "expected an {id, text} object or a file path, got 3"),
    "no text": ([{"id": "d"}], ".text: missing; expected a text"),
    "empty text": ([{"id": "d", "text": ""}], ".text: expected a text that is not empty"),
    "no id": ([{"text": "x"}], ".id: missing; expected a text"),
    "more": (
        [{"id": "d", "text": "x", "tittle": "x"}],
        ".tittle: no such field; did you mean titl",
    ),
    "other text": ([{"id": "a", "text": "other"}], "another text stood under the id 'a' before"),
    "other file": ([{"id": "a.txt", "text": "other"}], "another text stood under the id 'a.txt'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_is_one_clear_line(tmp_path: Path, case: str) -> None:
    bad, expected = BAD[case]
    path = write(tmp_path / "questions.jsonl", GOOD | {"id": "good"}, bad)
    line = one_line(Jsonl(str(path)))
    assert line.startswith(f"{path} line 2: ")
    assert line.removeprefix(f"{path} line 2: ").startswith(expected)
    dataset = Jsonl(str(path), skip_bad=True)
    assert [e.question.id for e in dataset.examples()] == ["good"]
    assert dataset.skipped() == [line]


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_bad_document_is_one_clear_line(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "a.txt").write_text("A")
    (folder / "table.xls").write_text("x")
    (folder / "empty.txt").touch()
    documents, expected = DOCUMENTS[case]
    good = {"question": "q", "answers": [], "documents": [{"id": "a", "text": "A"}, "a.txt"]}
    path = write(folder / "q.jsonl", good, good | {"documents": documents})
    line = one_line(Jsonl(str(path)))
    assert line.startswith(f"{path} line 2: documents[0]")
    assert expected in line


FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "there is no such file"),
    "empty": (b"", "the file is empty"),
    "blank": (b"\n \n", "holds no record"),
    "latin": (b'{"question": "caf\xe9"}', "line 1: not UTF-8 at byte 17; save the file as UTF-8"),
    "utf-16": ('{"question": "q"}'.encode("utf-16"), "line 1: not UTF-8 at byte 0"),
    "pretty": (b'{\n "question": "q"\n}', "line 1: not valid JSON: expecting property name"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, case: str) -> None:
    content, expected = FILES[case]
    path = tmp_path / "questions.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert expected in one_line(Jsonl(str(path)))


def test_a_folder_is_no_jsonl_file(tmp_path: Path) -> None:
    assert "is a folder where a file is needed" in one_line(Jsonl(str(tmp_path)))


def test_skipping_everything_is_an_error_that_tells_the_first(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", "{", "[]")
    line = one_line(Jsonl(str(path), skip_bad=True))
    assert "all 2 records are bad; first:" in line
    assert "line 1: not valid JSON" in line


def test_skipped_starts_anew_with_each_reading(tmp_path: Path) -> None:
    dataset = Jsonl(str(write(tmp_path / "q.jsonl", GOOD, "{")), skip_bad=True)
    for _ in range(2):
        assert len(list(dataset.examples())) == 1
        assert len(dataset.skipped()) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    record=st.dictionaries(
        st.sampled_from(
            ["question", "answers", "documents", "context", "choices", "evidence", "tags", "id"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["id", "text", "start", "x"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_whatever_stands_in_a_record_is_read_or_told(
    tmp_path: Path, record: dict[str, Any]
) -> None:
    path = write(tmp_path / "q.jsonl", json.dumps(record))
    try:
        (example,) = read(path)
    except DataError as error:
        assert str(error).startswith(f"{path} line 1: ")
        assert "\n" not in str(error)
    else:
        assert example.question.text == record["question"]
        assert example.question.documents
