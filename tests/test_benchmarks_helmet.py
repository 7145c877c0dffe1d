"""HELMET in its published format, with its scores by set."""

import pytest
from benchmark_scoring import score
from published_files import changed, copied, edited, examples, named, shown, texts, told


def test_helmet_asks_questions_on_passages_at_each_depth():
    found = examples("helmet", task="nq")
    assert list(found) == ["nq-105-1", "nq-105-2"]
    first, last = found.values()
    assert first.question.text == "who built it\nGive a concise and short answer."
    assert first.answers == ("Lee", "Mr Lee")
    assert named(first) == ["Mill", "Mill"]
    assert texts(first) == ["Lee built it.", "Rain fell."]
    assert first.tags == {
        "task": "nq",
        "size": "105",
        "category": "rag",
        "length": "16k",
        "depth": "0.0",
    }
    assert (last.tags["depth"], texts(last)[0]) == ("1.0", "Rain fell.")
    assert first.group == last.group == "who built it"


def test_helmet_leaves_out_popular_entities():
    (found,) = examples("helmet", task="popqa").values()
    assert found.question.text.startswith("Who wrote Y?")
    assert (found.group, found.tags["length"]) == ("6", "8k")


def test_helmet_has_keys_needles_and_rankings():
    found = examples("helmet")
    key, needle = found["json_kv-1800-1"], found["niah_multivalue-8192-1"]
    assert key.question.text.endswith("\n\nKey: a2")
    assert key.answers == ("b2",)
    assert shown(key) == ['"a2": "b2"']
    assert (key.tags["length"], key.tags["category"]) == ("128k", "recall")
    assert needle.question.text == (
        "What are all the special magic numbers for tea that the text mentions?"
    )
    assert needle.answers == ("12", "34")
    ranked = found["msmarco-50-1"]
    assert ranked.question.text.endswith("Ranking: ID3 > ID1 > ID2\n\nQuery: mills")
    assert ranked.answers == ("7:3", "9:1")
    assert named(ranked) == ["ID7", "ID8", "ID9"]
    assert ranked.tags["category"] == "re-rank"


def test_helmet_leaves_out_examples_and_sets_that_are_none_of_its_own(tmp_path):
    folder = copied("helmet", tmp_path)
    known = list(examples("helmet", folder))
    for name in ("kilt/nq-train-multikilt_1000_k3_dep6.jsonl", "ruler/vt/validation_8192.jsonl"):
        path = folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    assert list(examples("helmet", folder)) == known
    (one,) = examples("helmet", folder / "data" / "json_kv" / "test_k1800_dep6.jsonl").values()
    assert one.tags["task"] == "json_kv"


def test_helmet_shows_more_passages_at_greater_lengths():
    found = examples("helmet", task="asqa")
    assert {one.tags["length"]: len(texts(one)) for one in found.values()} == {
        "8k": 30,
        "16k": 40,
        "32k": 40,
        "64k": 40,
        "128k": 40,
    }
    first = found["asqa-0-1"]
    assert first.answers == ("Ann\nA.", "Bo")
    assert first.question.text.startswith("Who won?\n")
    (listed,) = examples("helmet", task="qampari", length="8k").values()
    assert listed.answers == ("Orle\nO.", "Brest")


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("kilt/nq-dev-multikilt_1000_k105_dep6", {"ctxs": []}, "ctxs: holds no passage"),
        ("kilt/popqa_test_1000_k50_dep6", {"s_pop": "x"}, "s_pop: expected a number"),
        ("msmarco/test_reranking_data_k50_dep3", {"ctxs": []}, "ctxs: holds no relevant passage"),
        ("ruler/niah_multivalue/validation_8192", {"answer": []}, "answer: holds no gold"),
        ("ruler/niah_multivalue/validation_8192", {"query": None}, "question: missing"),
    ],
)
def test_helmet_names_what_is_wrong(file, change, line, tmp_path):
    folder = copied("helmet", tmp_path)
    path = folder / "data" / f"{file}.jsonl"
    changed(path, **change)
    assert f": {line}" in told("helmet", folder)


def test_helmet_names_what_is_wrong_with_its_lists(tmp_path):
    folder = copied("helmet", tmp_path)
    path = folder / "data" / "alce" / "asqa_eval_gtr_top2000.json"
    edited(path, lambda rows: rows[0].update(qa_pairs=[{"short_answers": []}]))
    assert told("helmet", path) == (
        f"{path} row 0: qa_pairs: expected short answers to every reading"
    )
    path = folder / "data" / "alce" / "qampari_eval_gtr_top2000.json"
    edited(path, lambda rows: rows[0].update(answers=[]))
    assert told("helmet", path) == f"{path} row 0: answers: expected a list of lists of names"


@pytest.mark.parametrize(
    ("task", "said", "golds", "wanted"),
    [
        ("hotpotqa", "It was the Lee family", ("lee",), 1.0),
        ("json_kv", "Corresponding value: b2", ("b2",), 1.0),
        ("niah_multivalue", "12 and 35", ("12", "34"), 0.5),
        ("asqa", "Ann won [1].", ("Ann\nA.", "Bo"), 0.5),
        ("qampari", "Brest, Rome", ("Orle\nO.", "Brest"), 0.5),
        ("msmarco", "Ranking: ID7 > ID9 > ID8", ("7:3", "9:1"), 1.0),
        ("narrativeqa", "x", ("x",), None),
    ],
)
def test_helmet_scores_by_task(task, said, golds, wanted):
    assert score("helmet", said, *golds, task=task) == wanted
