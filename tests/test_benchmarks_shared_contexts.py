"""SCBench's sessions and the summaries of SummHay."""

import json

import pytest
from attention_models import tiny
from benchmark_scoring import score
from published_files import FIXTURES, copied, edited, examples, shown, texts, told

import crossover


def test_turns_of_a_session_are_on_one_document():
    found = examples("scbench")
    assert list(found) == [
        "scbench_kv-0-1",
        "scbench_kv-0-2",
        "scbench_choice_eng-3-1",
        "scbench_summary_with_needles-1-1",
        "scbench_summary_with_needles-1-2",
    ]
    first, second, choice, summary, passkey = found.values()
    assert first.question.documents[0] is second.question.documents[0]
    assert first.group == second.group == "scbench_kv-0"
    assert first.tags == {"task": "scbench_kv", "turn": "1", "kind": "kv"}
    assert second.question.text == 'Key: "b"\nThe value is:'
    assert choice.answers == ("Brest", "B")
    assert (summary.question.form, summary.tags["kind"]) == ("summary", "summary")
    assert (passkey.answers, passkey.tags["kind"]) == (("4411",), "passkey")


def test_earlier_turns_can_stand_before():
    second = examples("scbench", mode="turns")["scbench_kv-0-2"]
    assert second.question.text == (
        'Asked before: Key: "a"\nThe value is:\nAnswered: 11\n\nKey: "b"\nThe value is:'
    )


def test_a_bad_turn_is_named(tmp_path):
    path = copied("scbench", tmp_path)
    row = {"id": 0, "context": "x", "multi_turns": [{"input": "q", "answer": " "}]}
    (path / "scbench_kv.jsonl").write_text(json.dumps(row) + "\n")
    assert "scbench_kv.jsonl line 1: multi_turns[0].answer: is empty" in told("scbench", path)


@pytest.mark.parametrize(
    ("kind", "answer", "golds", "expected"),
    [
        ("kv", "It is 11.", ("11",), 1),
        ("kv", "ab", ("AB",), 0),
        ("qa_eng", "in BREST", ("Brest",), 1),
        ("many_shot", "(a)", ("(B)",), 0),
        ("vt", "X and Y", ("X", "Y", "Z", "W"), 0.5),
        ("mf", "The 3rd is 7.0", ("3",), 1),
        ("mf", "none", ("3",), 0),
        ("passkey", "4411", ("4411",), 1),
        ("choice_eng", "B. Brest", ("Brest", "B"), 1),
        ("summary", "On tides.", ("On tides.",), 1),
    ],
)
def test_turns_are_scored_by_their_kind(kind, answer, golds, expected):
    assert score("scbench", answer, *golds, kind=kind) == pytest.approx(expected)


def test_other_kinds_are_not_scored():
    assert score("scbench", "x", "x", kind="song") is None


def test_a_summary_is_asked_of_each_subtopic_with_insights():
    (one,) = examples("summhay").values()
    assert one.answers == ("Bread rose by 10 %.\nRye fell.",)
    assert "the price of bread in 2 bullet points" in one.question.text
    assert [d.metadata["title"] for d in one.question.documents] == [
        "Document 1", "Document 2", "Document 3",
    ]  # fmt: skip
    assert shown(one) == ["Bread rose by a tenth.", "Rye fell, bread rose."]
    assert one.tags == {"topic": "news1", "insights": "2"}
    assert one.question.form == "summary"
    # golds and seeds that the file tells are nowhere shown
    assert "seed" not in "".join(texts(one))


def test_a_bad_insight_is_named(tmp_path):
    path = copied("summhay", tmp_path)
    edited(
        path / "data/topic_news1.json",
        lambda read: read["subtopics"][0]["insights"][1].pop("insight"),
    )
    assert "row 0: subtopics[0].insights[1].insight: missing" in told("summhay", path)


def test_a_later_turn_costs_what_is_new_in_it(tmp_path):
    model = f"huggingface:{tiny('llama', max_position_embeddings=8192)}(reuse_prefix=true)"
    grid = {
        "datasets": [f"scbench({FIXTURES / 'scbench'}, task=scbench_kv)"],
        "models": [model],
        "strategies": ["full_context", "rag(retriever=bm25)"],
        "price_as": "openai:gpt-4o-mini",
    }
    found = crossover.run(grid, tmp_path / "run").set_index(["strategy", "example"])
    for strategy in ("full_context", "rag"):
        first, second = found.loc[strategy].sort_index().to_dict("records")
        # another strategy's prompts do not make the first turn cheaper
        assert first["cached_tokens"] == 0
        assert second["cached_tokens"] > second["input_tokens"] / 2
        # the index of the first turn serves the second one
        assert second["indexing_seconds"] == first["indexing_seconds"]
