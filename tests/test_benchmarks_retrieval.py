"""Retrieval alone: corpora, queries and how relevant which document is."""

import csv
import json
import math

import pytest
from command_line import crossover
from published_files import copied, examples, told

from crossover.metrics.retrieval import evidence_recall, evidence_token_recall, mrecall, ndcg
from crossover.metrics.retrieval_benchmarks import loft_retrieval, longembed
from crossover.types import Answer, Document, Example, Passage, Question, Span


def graded(example):
    return {span.document: span.grade for span in example.evidence}


def test_sets_and_forums_are_read_each_with_its_corpus():
    found = examples("beir")
    assert {name: one.tags for name, one in found.items()} == {
        "msmarco-300674": {"task": "msmarco"},
        # a query that is a document too is no hit of its own
        "scifact-1": {"task": "scifact", "itself": "1"},
        "scifact-2": {"task": "scifact"},
        "cqadupstack-android-11546": {"task": "cqadupstack", "forum": "android"},
        "cqadupstack-english-11546": {"task": "cqadupstack", "forum": "english"},
    }
    # a judgement of 0 is none, and a title alone is a text
    assert graded(found["scifact-2"]) == {"4983": 2, "5836": 1, "7": 1}
    assert graded(found["scifact-1"]) == {"4983": 1}
    texts = [one.text for one in found["scifact-2"].question.documents]
    assert texts[0] == "Bees Bees dance to tell where flowers stand."
    assert texts[3] == "Blank"
    assert found["scifact-1"].question.documents is found["scifact-2"].question.documents


def test_one_set_is_read_from_its_own_folder(tmp_path):
    path = copied("beir", tmp_path) / "scifact"
    assert list(examples("beir", path)) == ["scifact-2", "scifact-1"]
    assert list(examples("beir", path, split="train")) == ["scifact-9"]


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("corpus.jsonl", '{"title": "x", "text": "y"}', "corpus.jsonl line 1: _id: missing"),
        ("queries.jsonl", '{"_id": "1"}', "queries.jsonl line 1: text: missing"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\t4983\tmuch", "test.tsv line 2: score"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\t99\t1", "'99' of '1' is not in"),
        ("qrels/test.tsv", "query\tdocument\tscore\n1\t4\t1", "test.tsv line 2: query-id: missing"),
    ],
)
def test_a_bad_row_of_any_file_is_named(tmp_path, file, line, said):
    path = copied("beir", tmp_path) / "scifact"
    (path / file).write_text(line + "\n")
    assert said in told("beir", path)


def test_judgements_that_are_not_there_are_told(tmp_path):
    path = copied("beir", tmp_path) / "scifact"
    assert told("beir", path, split="dev").endswith("there is no dev.tsv there")


def test_made_up_tasks_have_a_corpus_for_each_length():
    found = examples("longembed")
    assert {name: graded(one) for name, one in found.items()} == {
        "qmsum-q1": {"d1": 1},
        "qmsum-q2": {"d2": 1},
        "passkey-256-k1": {"p1": 1},
        "passkey-256-k2": {"p2": 1},
        "passkey-1024-k1": {"p3": 1},
    }
    assert found["passkey-1024-k1"].tags == {"task": "passkey", "length": "1024"}
    sizes = [len(found[name].question.documents) for name in ("passkey-256-k1", "passkey-1024-k1")]
    assert sizes == [2, 1]


def test_sets_of_one_table_are_told_apart():
    found = examples("locov1")
    # what has no text is relevant to nothing, and a query on it alone is left out
    assert {name: graded(one) for name, one in found.items()} == {
        "qasper_title-qasper_title_Query_0": {
            "qasper_title_Passage_0": 1,
            "qasper_title_Passage_2": 1,
        },
        "stackoverflow-stackoverflow_Query_0": {"stackoverflow_Passage_0": 1},
    }
    assert len(examples("locov1", task="stackoverflow")) == 1


def test_every_turn_of_a_conversation_is_a_query():
    found = examples("loft_retrieval")
    first, second = found["topiocqa-32k-t7-1"], found["topiocqa-32k-t7-2"]
    assert (graded(first), graded(second)) == ({"doc2": 1}, {"doc1": 1})
    assert second.question.text == "What is long?\nAnd when does the show air?"
    assert first.group == second.group == "t7"
    assert second.tags["turn"] == "2"


NAMES = "abcdef"


def ranking(order, grades, **tags):
    documents = tuple(Document(name, f"Text {name}.") for name in NAMES)
    evidence = tuple(Span(name, 0, 7, grade) for name, grade in grades.items())
    question = Question("q", "which?", documents)
    passages = [Passage(d, 0, 4, "Text", 1 / place) for place, d in enumerate(order, 1)]
    return Example(question, (), evidence, "g", tags), Answer("", passages=tuple(passages))


def test_ndcg_counts_grades_and_ranks_documents_by_their_first_passage():
    # a's second passage takes no place of its own
    example, answer = ranking("aabd", {"b": 2, "c": 1, "d": 1})
    gained = 2 / math.log2(3) + 1 / math.log2(4)
    best = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(example, answer) == pytest.approx(gained / best)
    assert ndcg(example, answer, 1) == 0
    assert evidence_recall(example, answer, 2) == pytest.approx(1 / 3)
    assert evidence_token_recall(example, answer) is None


@pytest.mark.parametrize("grades", [{"b": 2, "c": 1, "d": 1}, {"a": 1}, {"f": 3, "e": 1, "b": 2}])
@pytest.mark.parametrize("order", ["abcdef", "fedcba", "bd", "c"])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_ndcg_is_ir_measures(order, grades, k):
    import ir_measures

    example, answer = ranking(order, grades)
    run = {"q": {name: -float(place) for place, name in enumerate(order)}}
    (expected,) = ir_measures.iter_calc([ir_measures.nDCG @ k], {"q": grades}, run)
    assert ndcg(example, answer, k) == pytest.approx(expected.value)


def test_a_hit_that_is_the_query_itself_takes_no_place():
    example, answer = ranking("ab", {"b": 1}, itself="a")
    assert ndcg(example, answer) == 1
    assert evidence_recall(example, answer, 1) == 1


def test_all_relevant_documents_or_as_many_as_fit():
    example, answer = ranking("abc", {"a": 1, "b": 1, "c": 1})
    assert [mrecall(example, answer, k) for k in (2, 3, 5)] == [1, 1, 1]
    example, answer = ranking("abd", {"a": 1, "b": 1, "c": 1})
    assert [mrecall(example, answer, k) for k in (2, 3, 5)] == [1, 0, 0]


def test_each_benchmarks_own_measure():
    grades = {"b": 1}
    assert longembed(*ranking("ab", grades, task="passkey")) == 0
    assert longembed(*ranking("ab", grades, task="qmsum")) == pytest.approx(1 / math.log2(3))
    assert loft_retrieval(*ranking("ab", grades, task="nq")) == 0
    assert loft_retrieval(*ranking("ab", grades, task="hotpotqa")) == 1
    assert loft_retrieval(*ranking("ab", {}, task="nq")) is None


def measured(capsys, tmp_path, *more, **grid):
    path = tmp_path / "grid.yaml"
    path.write_text(json.dumps(grid))
    return crossover(capsys, "retrieval", path, "--out", tmp_path / "out", *more)


def test_retrievers_are_compared_on_a_corpus(tmp_path, capsys):
    path = copied("beir", tmp_path)
    strategies = ["rag(retriever=bm25, k=1)", "rag(retriever=bm25, k=3)"]
    grid = {"datasets": [f"beir({path})"], "strategies": strategies}
    code, out, error = measured(capsys, tmp_path, "--measure", "benchmark", **grid)
    assert code == 0, error
    assert "nDCG@10" in out
    with (tmp_path / "out" / "retrieval.csv").open() as file:
        one, three = csv.DictReader(file)
    assert (one["n"], three["n"]) == ("5", "5")
    # scifact-2 finds one of three with k=1, scifact-1 is itself the best hit of its query
    assert float(one["score"]) < float(three["score"])
    # the mean over sets, and within one over its forums
    assert one["official"] != ""


def test_what_has_no_answers_is_not_run_and_what_has_none_of_it_not_measured(tmp_path, capsys):
    path = copied("beir", tmp_path)
    grid = tmp_path / "asked.yaml"
    asked = {"datasets": [f"beir({path})"], "strategies": ["rag"], "models": ["fake"]}
    grid.write_text(json.dumps(asked))
    code, _, error = crossover(capsys, "run", grid)
    assert code == 2
    assert "has no answers" in error
    grid = {
        "datasets": ["biographies(tokens=500, documents=1)"],
        "strategies": ["rag(retriever=bm25)"],
    }
    code, _, error = measured(capsys, tmp_path, "--measure", "benchmark", **grid)
    assert code == 2
    assert "no measure of retrieval of its own" in error
