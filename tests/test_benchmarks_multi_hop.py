"""HotpotQA, 2WikiMultihopQA and MuSiQue: paragraphs, supporting facts, and both of a pair."""

import json

import pytest
from benchmark_scoring import score
from published_files import FIXTURES, as_parquet, copied, edited, examples, shown, texts, told

HOTPOT = "hotpot_dev_distractor_v1.json"


def test_sentences_that_support_are_the_evidence():
    found = examples("hotpotqa")
    assert list(found) == ["5a", "5b"]
    older = found["5a"]
    assert older.question.text == (
        "Which mill is older, Orle or Pask?\nAnswer with a few words, or with yes or no."
    )
    assert older.answers == ("Orle",)
    assert texts(older) == [
        "Orle Mill opened in 1900. It is red.",
        "Pask Mill is blue. It opened in 1950.",
        "The tide is high.",
    ]
    assert shown(older) == ["Orle Mill opened in 1900.", "It opened in 1950."]
    assert older.tags == {"type": "comparison", "level": "hard"}
    assert [one.metadata["title"] for one in older.question.documents] == [
        "Orle Mill", "Pask Mill", "Tide",
    ]  # fmt: skip


def test_facts_that_do_not_exist_are_left_out_and_titles_may_stand_twice():
    found = examples("hotpotqa")["5b"]
    assert shown(found) == ["Ada Pask founded it."]
    assert len(found.question.documents) == 3


def test_the_hub_has_objects_of_lists(tmp_path):
    rows = json.loads((FIXTURES / "hotpotqa" / HOTPOT).read_text())
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(_as_on_the_hub(row)) + "\n" for row in rows))
    target = tmp_path / "hub" / "distractor" / "validation-00000-of-00001.parquet"
    as_parquet(lines, target)
    found, here = examples("hotpotqa", tmp_path / "hub"), examples("hotpotqa")
    assert {name: (shown(one), texts(one)) for name, one in found.items()} == {
        name: (shown(one), texts(one)) for name, one in here.items()
    }


def _as_on_the_hub(row):
    facts, context = row["supporting_facts"], row["context"]
    return {
        "id": row["_id"],
        **{name: row[name] for name in ("question", "answer", "type", "level")},
        "supporting_facts": {"title": [t for t, _ in facts], "sent_id": [n for _, n in facts]},
        "context": {"title": [t for t, _ in context], "sentences": [s for _, s in context]},
    }


def test_two_wiki_joins_sentences_by_spaces():
    found = examples("two_wiki")
    assert texts(found["y1"])[1] == "Cato wrote songs. Cato was born in Rome."
    assert shown(found["y1"]) == ["Salt is a song by Cato.", "Cato was born in Rome."]
    assert found["y2"].tags == {"type": "bridge_comparison"}


def test_two_wikis_hub_has_texts_of_json(tmp_path):
    rows = json.loads((FIXTURES / "two_wiki" / "dev.json").read_text())
    for row in rows:
        for name in ("context", "supporting_facts", "evidences"):
            row[name] = json.dumps(row[name])
    path = copied("two_wiki", tmp_path)
    (path / "dev.json").write_text(json.dumps(rows))
    assert shown(examples("two_wiki", path)["y1"]) == shown(examples("two_wiki")["y1"])


def test_a_pair_of_the_full_set_is_two_questions_of_one_group():
    found = examples("musique")
    assert list(found) == ["3hop1__4_5_6", "2hop__1_2", "2hop__1_2-unanswerable"]
    answerable, other = found["2hop__1_2"], found["2hop__1_2-unanswerable"]
    assert answerable.answers == ("Oslo", "Christiania")
    assert shown(answerable) == ["A was led by Bo.", "Bo was born in Oslo."]
    assert other.answers == ()
    assert other.evidence == ()
    assert answerable.group == other.group == "2hop__1_2"
    assert answerable.tags == {"set": "full", "hops": "2", "kind": "2hop"}
    assert found["3hop1__4_5_6"].tags == {"set": "ans", "hops": "3", "kind": "3hop1"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("context", [["A", "no list"]], "context: expected a list of titles with their sentences"),
        ("context", "{no", "context: expected JSON in a text"),
        ("supporting_facts", [["A"]], "supporting_facts: expected a list of titles"),
        ("answer", "", "answer: is empty: the golds of this split are hidden"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, field, value, said):
    path = copied("hotpotqa", tmp_path)
    edited(path / HOTPOT, lambda rows: rows[1].update({field: value}))
    assert f"{HOTPOT} row 1: {said}" in told("hotpotqa", path)


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("The Orle", "orle", 1.0),
        ("yes", "yes", 1.0),
        ("yes it is", "yes", 0.0),
        ("no", "yes", 0.0),
        ("orle mill", "orle", 2 / 3),
    ],
)
def test_hotpotqas_f1(answer, gold, expected):
    assert score("hotpotqa_f1", answer, gold) == pytest.approx(expected)
