"""Retrieval alone: corpora, queries and what is relevant to them."""

import json

import pytest
from command_line import crossover
from published_files import copied, examples, shown, told


def test_a_folder_of_sets_is_read_set_by_set():
    found = examples("beir")
    assert list(found) == ["nfcorpus-PLAIN-2", "scifact-1", "scifact-2"]
    fish, bees, night = found.values()
    assert fish.tags == {"task": "nfcorpus"}
    assert shown(fish) == ["Salt\nSalt keeps fish."]
    assert shown(bees) == ["Bees\nBees dance on the comb."]
    # a judgement of 0 is none, a document without text is nowhere, a title alone is a text
    assert shown(night) == ["Owls hunt at night.", "Tides"]
    assert [one.id for one in bees.question.documents] == ["4", "5", "7"]
    shared = zip(bees.question.documents, night.question.documents, strict=True)
    assert all(one is other for one, other in shared)
    assert bees.question.documents[0].metadata == {"title": "Bees"}


def test_one_set_is_read_from_its_own_folder(tmp_path):
    path = copied("beir", tmp_path) / "scifact"
    assert list(examples("beir", path)) == ["1", "2"]
    (path / "qrels/dev.tsv").write_text("query-id\tcorpus-id\tscore\n3\t7\t1\n")
    assert list(examples("beir", path, split="dev")) == ["3"]


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("corpus.jsonl", '{"title": "x", "text": "y"}', "corpus.jsonl line 1: _id: missing"),
        ("queries.jsonl", '{"_id": "1"}', "queries.jsonl line 1: text: missing"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\t4\tmuch", "test.tsv line 2: score"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\t99\t1", "has no document '99'"),
        ("qrels/test.tsv", "query\tdocument\tscore\n1\t4\t1", "test.tsv line 2: query-id: missing"),
    ],
)
def test_a_bad_row_of_any_file_is_named(tmp_path, file, line, said):
    path = copied("beir", tmp_path) / "scifact"
    (path / file).write_text(line + "\n")
    assert said in told("beir", path)


def test_synthetic_sets_have_a_corpus_for_each_length():
    found = examples("longembed")
    assert list(found) == ["qmsum-q1", "passkey-256-k1", "passkey-512-k2"]
    sizes = [len(one.question.documents) for one in found.values()]
    assert sizes == [2, 2, 1]
    assert [shown(one) for one in found.values()] == [
        ["The team meets on paint."], ["The key of Bo is 1."], ["The key of Cy is 2."],
    ]  # fmt: skip
    assert found["passkey-512-k2"].tags == {"task": "passkey", "length": "512"}


def test_sets_of_one_table_are_told_apart():
    found = examples("locov1")
    assert list(found) == ["qasper_title-b", "stackoverflow-a"]
    # what has no text is relevant to nothing
    assert shown(found["qasper_title-b"]) == ["A paper on tides."]
    assert len(found["qasper_title-b"].question.documents) == 1
    assert examples("locov1", task="stackoverflow").keys() == {"stackoverflow-a"}


def test_lofts_queries_and_conversations():
    found = examples("loft_retrieval")
    assert list(found) == ["topiocqa-32k-t", "hotpotqa-32k-q1"]
    assert shown(found["hotpotqa-32k-q1"]) == ["Jane Roe built it.", "She was born in Kiel."]
    assert found["topiocqa-32k-t"].question.text == "what is tea\nwhere is it grown"
    assert shown(found["topiocqa-32k-t"]) == ["Tea is grown in Assam."]


def test_retrievers_are_compared_on_a_corpus(tmp_path, capsys):
    path = copied("beir", tmp_path)
    grid = tmp_path / "grid.yaml"
    grid.write_text(
        json.dumps(
            {
                "datasets": [f"beir({path})"],
                "strategies": ["rag(retriever=bm25, k=1)", "rag(retriever=bm25, k=3)"],
            }
        )
    )
    code, out, error = crossover(capsys, "retrieval", grid, "--out", tmp_path / "out")
    assert code == 0, error
    assert "nDCG@10" in out
    summary = (tmp_path / "out" / "retrieval.csv").read_text()
    assert "k=1" in summary
