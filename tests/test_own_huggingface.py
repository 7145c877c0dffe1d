"""Hugging Face datasets by column mapping: local files, and a hub that does not answer."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crossover.datasets.huggingface import HuggingFace
from crossover.errors import DataError, MissingExtra
from crossover.roles import Dataset
from crossover.types import Example

TEXT = "Brest is a port. The tide there is six metres. Brest is old."
ROWS: list[dict[str, Any]] = [
    {
        "id": "r1",
        "question": "How high?",
        "answers": {"text": ["six metres"], "start": [35]},
        "context": TEXT,
        "paragraphs": ["One.", "Two."],
        "hop": {"sentences": [["First.", "Second."], ["Third."]]},
        "options": {"text": ["low", "high"]},
        "label": 1,
        "letter": "B",
        "level": 3,
    },
    {
        "id": "r2",
        "question": "How low?",
        "answers": {"text": [], "start": []},
        "context": TEXT,
        "paragraphs": ["One.", "Three."],
        "hop": {"sentences": [["Fourth."]]},
        "options": {"text": ["low", "high"]},
        "label": 0,
        "letter": "A",
        "level": None,
    },
]


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


def parquet(tmp_path: Path, rows: list[dict[str, Any]] | None = None) -> str:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS if rows is None else rows), path)
    return str(path)


def hugging(path: str, **options: Any) -> list[Example]:
    return list(HuggingFace(path, **({"answers": "answers.text"} | options)).examples())


def test_parquet_by_column_mapping(tmp_path: Path) -> None:
    first, second = hugging(parquet(tmp_path), id="id", group="level", tags=("level", "letter"))
    assert (first.question.id, first.answers, first.group) == ("r1", ("six metres",), "3")
    assert first.question.documents[0].text == TEXT
    assert first.question.documents[0] is second.question.documents[0]
    assert (second.answers, dict(second.tags)) == ((), {"letter": "A"})
    assert dict(first.tags) == {"level": "3", "letter": "B"}
    assert "level" not in repr(first.question)


def test_jsonl_and_a_folder_give_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "test.jsonl", *ROWS)
    from_file = hugging(str(path), id="id")
    assert from_file == hugging(parquet(tmp_path), id="id")
    (tmp_path / "set").mkdir()
    path.rename(tmp_path / "set" / "test.jsonl")
    assert hugging(str(tmp_path / "set"), id="id") == from_file


def test_lists_are_several_documents(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    first, second = hugging(path, context="paragraphs")
    assert [d.text for d in first.question.documents] == ["One.", "Two."]
    assert first.question.documents[0] is second.question.documents[0]
    assert (first.question.id, second.question.id) == ("row-0", "row-1")
    texts = [d.text for d in hugging(path, context="hop.sentences")[0].question.documents]
    assert texts == ["First. Second.", "Third."]


@pytest.mark.parametrize("column", ["label", "letter"])
def test_choices_by_position_or_letter(tmp_path: Path, column: str) -> None:
    dataset = HuggingFace(parquet(tmp_path), answers=column, choices="options.text")
    first, second = dataset.examples()
    assert (first.question.choices, first.question.form) == (("low", "high"), "choice")
    assert (first.answers, second.answers) == (("high",), ("low",))
    assert dataset.metrics() == ("choice_accuracy",)


BAD_MAPPINGS: dict[str, tuple[dict[str, Any], str]] = {
    "column": ({"question": "qestion"}, "no column 'qestion'; did you mean question? there is: id"),
    "struct": ({"answers": "answers.txt"}, "no column 'answers.txt'; did you mean answers.text?"),
    "too deep": ({"context": "context.text"}, "no column 'context.text'; did you mean"),
    "tag": ({"tags": ("levels",)}, "no column 'levels'; did you mean level?"),
    "type": ({"context": "level"}, "row 0: level: expected a text or a list of texts, got 3"),
    "whole struct": ({"answers": "answers"}, "row 0: answers[0]: expected a text, got {"),
    "tag list": ({"tags": ("paragraphs",)}, "row 0: tags.paragraphs: expected a text or a numb"),
    "same id": ({"id": "context"}, "row 1: context: 'Brest"),
    "no choice": (
        {"answers": "level", "choices": "options.text"},
        "row 0: level: 3 is no position in 2 choices, from 0",
    ),
}


@pytest.mark.parametrize("case", BAD_MAPPINGS)
def test_a_bad_mapping_is_one_clear_line(tmp_path: Path, case: str) -> None:
    options, expected = BAD_MAPPINGS[case]
    dataset = HuggingFace(parquet(tmp_path), **({"answers": "answers.text"} | options))
    assert expected in one_line(dataset)


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    rows = [ROWS[0], ROWS[1] | {"question": None}]
    dataset = HuggingFace(parquet(tmp_path, rows), answers="answers.text", skip_bad=True)
    assert len(list(dataset.examples())) == 1
    assert dataset.skipped()[0].endswith("row 1: question: expected a text, got null")


def test_files_that_cannot_be_loaded_are_told(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("no parquet")
    (tmp_path / "bad.jsonl").write_text("{broken\n")
    (tmp_path / "rows.xlsx").write_text("x")
    (tmp_path / "none.jsonl").write_text("")
    (tmp_path / "empty").mkdir()
    assert "bad.parquet: cannot be" in one_line(HuggingFace(str(tmp_path / "bad.parquet")))
    assert "bad.jsonl: cannot be" in one_line(HuggingFace(str(tmp_path / "bad.jsonl")))
    assert "expected a file of .parquet" in one_line(HuggingFace(str(tmp_path / "rows.xlsx")))
    assert "the file is empty" in one_line(HuggingFace(str(tmp_path / "none.jsonl")))
    assert "no such file" in one_line(HuggingFace(str(tmp_path / "absent.parquet")))
    assert "cannot be loaded" in one_line(HuggingFace(str(tmp_path / "empty")))


def test_a_split_that_is_not_there_is_told(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", *ROWS)
    assert "train" in one_line(HuggingFace(str(tmp_path), split="test"))


class Hub(BaseHTTPRequestHandler):
    """A hub that knows no dataset."""

    reporting: ClassVar[list[bool]] = []

    def do_GET(self) -> None:
        from huggingface_hub import constants

        self.reporting.append(not constants.HF_HUB_DISABLE_TELEMETRY)
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from huggingface_hub import constants

    Hub.reporting.clear()
    server = HTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_unknown_dataset_is_one_clear_line(hub: str) -> None:
    line = one_line(HuggingFace("nobody/nothing"))
    assert line.startswith("nobody/nothing: no such file here and no such dataset on the Hugging")


def test_the_hub_is_asked_once_and_without_telemetry(
    hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.delenv("HF_HUB_DISABLE_TELEMETRY", raising=False)
    one_line(HuggingFace("nobody/nothing"))
    assert Hub.reporting == [False]
    assert constants.HF_HUB_DISABLE_TELEMETRY is False
    assert "HF_HUB_DISABLE_TELEMETRY" not in os.environ


@pytest.mark.timeout(20)
def test_an_unreachable_hub_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    line = one_line(HuggingFace("nobody/nothing"))
    assert "the Hugging Face hub cannot be asked" in line
    assert "HF_HUB_OFFLINE=1" in line


def test_a_name_that_the_hub_forbids_is_told(hub: str) -> None:
    assert one_line(HuggingFace("no such name")).startswith("no such name: ")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossover.datasets.huggingface.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="huggingface needs the package datasets"):
        list(HuggingFace("x").examples())
