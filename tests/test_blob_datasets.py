"""Documents and questions in a bucket: the same examples, answers and failures as from a folder."""

from __future__ import annotations

import gzip
import json
import logging
import pickle

import buckets
import pytest
from test_files import pdf_with, write_docx

import crossover
from crossover import catalog
from crossover.blobs import Blob, place
from crossover.datasets.folder import Folder
from crossover.datasets.jsonl import Jsonl
from crossover.errors import ConfigError, DataError
from crossover.experiments.grid import load_grid
from crossover.experiments.run import run_grid
from crossover.experiments.viewing.allowed import Allowed
from crossover.files import read_document, read_documents
from crossover.roles import Dataset

TEXTS = {"a.txt": "Ada built the bridge.", "b.md": "# Quill\n\nIt has nine cranes."}


@pytest.fixture
def contracts(tmp_path):
    """A folder with a file of each kind and questions on them, in both forms."""
    folder = tmp_path / "contracts"
    (folder / "sub").mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    (folder / "c.html").write_text("<p>Mir is a river.</p>")
    (folder / "d.pdf").write_bytes(pdf_with("Ostrel lies on the river Mir."))
    write_docx(folder / "e.docx")
    (folder / "sub" / "f.txt").write_text("Deep.")
    (folder / ".hidden.txt").write_text("no document")
    (folder / "questions.csv").write_text(
        "question,answers,file,tag.kind\n"
        "Who built it?,Ada,,all\n"
        "How many cranes?,nine,b.md|sub/../a.txt,two\n"
        "Which river?,Mir,d.pdf|c.html|e.docx,rich\n"
        "How deep?,,sub/f.txt,none\n"
    )
    lines = [
        {"question": "Who?", "answers": ["Ada"], "documents": ["a.txt", "sub/f.txt"]},
        {"question": "Who?", "answers": ["Ada"], "context": "Ada did."},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "questions.jsonl").write_text(text)
    (folder / "questions.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def told(dataset):
    """The examples with everything that the documents say of themselves."""
    return [
        (one, [(d.id, d.text, dict(d.metadata)) for d in one.question.documents])
        for one in dataset.examples()
    ]


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_a_bucket_reads_as_its_folder_does(bucket, request, contracts):
    address = request.getfixturevalue(bucket)
    buckets.fill(contracts, address)
    for ours, theirs in (
        (Folder(str(contracts)), Folder(address)),
        (Folder(f"file://{contracts}"), Folder(f"{address}/")),
        (
            Folder(str(contracts), "questions.jsonl"),
            Folder(address, f"{address}/questions.jsonl"),
        ),
        (
            Folder(str(contracts), "questions.csv"),
            Folder(address, str(contracts / "questions.csv")),
        ),
        (Jsonl(str(contracts / "questions.jsonl")), Jsonl(f"{address}/questions.jsonl")),
        (Jsonl(str(contracts / "questions.jsonl")), Jsonl(f"{address}/questions.jsonl.gz")),
    ):
        assert told(theirs) == told(ours)
        assert theirs.metrics() == ours.metrics()
    assert catalog.load(Dataset, f"folder({address})") == Folder(address)
    assert catalog.spec(Folder(address)) == f"folder(path={address})"


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_a_run_from_a_bucket_has_the_answers_and_keys_of_one_from_a_folder(
    bucket, request, contracts, tmp_path
):
    address = request.getfixturevalue(bucket)
    buckets.fill(contracts, address)
    runs = []
    for number, where in enumerate((contracts, address)):
        grid = {
            "datasets": [f"folder({where})"],
            "models": ["fake"],
            "strategies": ["full_context", "rag(retriever=bm25, k=2)"],
        }
        keys = [job.key for job in load_grid(grid).jobs()]
        runs.append((keys, crossover.run(grid, tmp_path / f"run{number}")))
    (keys, ours), (same_keys, theirs) = runs
    assert same_keys == keys
    assert len(set(keys)) == 8
    for column in ("example", "strategy", "answer", "outcome", "input_tokens", "group"):
        assert list(theirs[column]) == list(ours[column]), column
    assert set(ours["outcome"]) == {"answered"}


def test_documents_are_read_on_first_use_and_once(memory, contracts, monkeypatch):
    buckets.fill(contracts, memory)
    read = []
    fetch = Blob.read_bytes
    monkeypatch.setattr(Blob, "read_bytes", lambda blob: read.append(blob.name) or fetch(blob))
    examples = list(Folder(memory).examples())
    assert read == ["questions.csv"]
    for _ in range(2):
        assert [d.text for d in examples[1].question.documents] == [TEXTS["b.md"], TEXTS["a.txt"]]
    assert read == ["questions.csv", "b.md", "a.txt"]


def test_a_document_in_a_bucket_travels_to_another_process(memory, contracts):
    buckets.fill(contracts, memory)
    document = read_document(f"{memory}/a.txt")
    assert pickle.loads(pickle.dumps(document)).text == TEXTS["a.txt"]
    assert [d.id for d in read_documents([memory, contracts / "a.txt"])] == [
        "folder/a.txt",
        "b.md",
        "c.html",
        "d.pdf",
        "e.docx",
        "contracts/a.txt",
    ]


def test_one_question_is_asked_of_files_in_a_bucket(memory, contracts, invoke):
    buckets.fill(contracts, memory)
    said = invoke("ask", "Who built it?", f"{memory}/a.txt", "--model", "fake(reply=Ada)")
    assert "Ada" in said
    assert "a.txt" in said


def line_of(dataset):
    with pytest.raises(DataError) as raised:
        list(dataset.examples())
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_what_is_missing_empty_or_broken_fails_as_in_a_folder(bucket, request, contracts):
    address = request.getfixturevalue(bucket)
    (contracts / "empty.txt").write_text("")
    (contracts / "d.pdf").write_bytes(b"%PDF-1.4 rubbish")
    (contracts / "e.docx").write_bytes(b"PK rubbish")
    (contracts / "a.txt").write_bytes(b"PK\x03\x04")
    buckets.fill(contracts, address)

    def outcome(root, name):
        try:
            return read_document(f"{root}/{name}").text
        except DataError as error:
            return str(error).replace(str(root), "ROOT")

    for name in ("a.tyt", "b.txt", "empty.txt", "d.pdf", "e.docx", "a.txt", "sub", "x.xls", "b.md"):
        assert outcome(address, name) == outcome(contracts, name)
    assert outcome(address, "a.tx") == "ROOT/a.tx: there is no such file; did you mean ROOT/a.txt?"
    for text in ("folder(ROOT/none)", "jsonl(ROOT/questions.json)", "folder(ROOT/sub)"):
        ours, theirs = (
            line_of(catalog.load(Dataset, text.replace("ROOT", str(root)))).replace(
                str(root), "ROOT"
            )
            for root in (contracts, address)
        )
        assert theirs == ours


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/hostname", "sub/../../secret.txt", "memory://bucket/secret.txt"]
)
def test_paths_may_not_leave_the_folder(path, memory, contracts):
    buckets.fill(contracts, memory)
    (place("memory://bucket") / "secret.txt").write_bytes(b"A secret.")
    questions = place(memory) / "own.jsonl"
    record = {"question": "?", "answers": [], "documents": [path]}
    questions.write_bytes(json.dumps(record).encode())
    said = line_of(Jsonl(str(questions)))
    assert said.endswith(f"{path} lies outside {memory}; documents must lie inside it")


@pytest.mark.parametrize("path", ["file:///etc/hostname", "s3://other/x.txt", "memory://b/x.txt"])
def test_a_record_in_a_bucket_cannot_name_another_place(path, memory):
    questions = place(memory) / "own.jsonl"
    record = {"question": "?", "answers": [], "documents": [path]}
    questions.write_bytes(json.dumps(record).encode())
    assert line_of(Jsonl(str(questions))).endswith("cannot be a file's path")


def test_a_record_of_a_local_file_cannot_name_a_bucket(memory, tmp_path):
    (place(memory) / "a.txt").write_bytes(b"text")
    record = {"question": "?", "answers": [], "documents": [f"{memory}/a.txt"]}
    (tmp_path / "own.jsonl").write_text(json.dumps(record))
    assert "there is no such file" in line_of(Jsonl(str(tmp_path / "own.jsonl")))


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_a_document_that_goes_missing_during_a_run_is_an_outcome(
    bucket, request, contracts, tmp_path
):
    address = request.getfixturevalue(bucket)
    buckets.fill(contracts, address)
    grid = {"datasets": [f"folder({address})"], "models": ["fake"], "strategies": ["full_context"]}
    plan = load_grid(grid)
    (place(address) / "b.md").unlink()
    frame = run_grid(plan, tmp_path / "run")
    assert list(frame["outcome"]) == ["failed:data", "failed:data", "answered", "answered"]
    assert frame["message"][0] == f"{address}/b.md: cannot be read: there is no such file"


def test_a_closed_bucket_is_one_line_without_keys(monkeypatch, invoke, tmp_path, caplog):
    grid = tmp_path / "grid.yaml"
    with buckets.answering(403) as endpoint:
        buckets.at(monkeypatch, endpoint)
        for text in ("folder(s3://closed/x)", "jsonl(s3://closed/x.jsonl)"):
            grid.write_text(
                json.dumps({"datasets": [text], "models": ["fake"], "strategies": ["rag"]})
            )
            with caplog.at_level(logging.DEBUG), pytest.raises(DataError) as raised:
                invoke("run", grid)
            assert str(raised.value).startswith("s3://closed/x")
            assert str(raised.value).endswith(
                ": cannot be read: no permission, or keys that are not accepted"
            )
    assert buckets.SECRET not in caplog.text


def test_a_bucket_that_is_not_there_is_one_line(s3):
    said = line_of(Folder("s3://no-such-bucket"))
    assert said == "s3://no-such-bucket: there is no such folder"


def test_keys_in_a_grid_are_refused(tmp_path):
    grid = {
        "datasets": ["folder(s3://key:hidden@bucket/x)"],
        "models": ["fake"],
        "strategies": ["rag"],
    }
    with pytest.raises(ConfigError, match="set them in the environment") as raised:
        crossover.run(grid, tmp_path / "run")
    assert "hidden" not in str(raised.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("address", ["s3://bucket/x", "memory://bucket/x", "file:///etc"])
def test_a_visitor_of_the_dashboard_names_no_bucket(address, tmp_path):
    given = {"datasets": [f"folder({address})"], "models": ["fake"], "strategies": ["rag"]}
    with pytest.raises(ConfigError):
        Allowed((tmp_path,)).check(given)
