"""Active context: every tool's effect on the next prompt, both ways of calling, every ending."""

import json

import pytest
from editing import (
    ASKED,
    DONE,
    HARBOUR,
    TOWN,
    WHOLE,
    call,
    calls,
    context,
)
from misbehaving import Endpoint, answer
from scripted import ask


@pytest.mark.parametrize("streams", ["true", "false"])
def test_tools_are_offered_and_an_answer_ends_it(streams):
    with Endpoint(DONE) as endpoint:
        found = ask("active_context", ASKED, endpoint, options=f", streams={streams}")
    assert (found.outcome, found.text, found.usage.calls) == ("answered", "Ada Varn", 1)
    (asked,) = endpoint.requests
    offered = [tool["function"]["name"] for tool in asked.body["tools"]]
    assert offered == ["fragment", "summarise", "hide", "restore", "search", "answer"]
    assert all(tool["function"]["description"] for tool in asked.body["tools"])
    assert context(asked).count("[f") == 2
    assert [(p.document, p.text) for p in found.passages] == [
        ("town", TOWN.text),
        ("harbour", HARBOUR.text),
    ]


def test_plain_text_in_place_of_a_call_is_the_answer():
    with Endpoint(answer("Ada Varn")) as endpoint:
        found = ask("active_context", ASKED, endpoint)
    assert (found.outcome, found.text, found.usage.calls) == ("answered", "Ada Varn", 1)


def test_what_is_hidden_is_absent_and_what_is_restored_is_there_word_for_word():
    script = (call("hide", fragments=["f1"]), call("restore", fragments=["f1"]), DONE)
    with Endpoint(*script) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    first, hidden, restored = map(context, endpoint.requests)
    assert TOWN.text.strip() in first
    assert "Ada Varn" not in hidden
    assert "[f1: hidden" in hidden
    assert HARBOUR.text in hidden
    assert restored == first
    assert "f1 is restored" in endpoint.requests[2].prompt
    assert found.usage.calls == 3


def test_the_answer_rests_on_what_is_left():
    with Endpoint(call("hide", fragments="f1"), DONE) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    assert [passage.document for passage in found.passages] == ["harbour"]


def test_fragments_are_split_by_size_and_before_markers():
    script = (
        call("fragment", fragment="f1", markers=["The old bridge", "Rain falls"]),
        call("fragment", fragment="f1.1", size=30),
        DONE,
    )
    with Endpoint(*script) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    _, split, again = map(context, endpoint.requests)
    ids = [f"[f1.{n}]" for n in range(1, 18)]
    assert all(one in split for one in ids)
    assert "[f1]" not in split
    assert "[f1.1]" not in again
    assert "[f1.1.2]" in again
    assert "[f1.2]" in again
    text = "".join(p.text for p in found.passages if p.document == "town")
    assert text.replace(" ", "") == TOWN.text.replace(" ", "")
    assert all(TOWN.text[p.start : p.end] == p.text for p in found.passages[:-1])


def test_a_part_of_something_hidden_stays_hidden():
    split = ("fragment", {"fragment": "f1", "markers": ["The old bridge"]})
    script = (calls(("hide", {"fragments": ["f1"]}), split), DONE)
    with Endpoint(*script) as endpoint:
        ask(WHOLE, ASKED, endpoint)
    assert "[f1.2: hidden" in context(endpoint.requests[1])
    assert "Rain falls in autumn over" not in context(endpoint.requests[1])


def test_a_summary_of_the_models_own_takes_the_place_of_the_text():
    script = (call("summarise", fragment="f1", text="A town with a bridge by Varn."), DONE)
    with Endpoint(*script) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    shown = context(endpoint.requests[1])
    assert "[f1: summary] A town with a bridge by Varn." in shown
    assert "Rain falls" not in shown
    summary = found.passages[0]
    assert (summary.text, summary.pieces) == ("A town with a bridge by Varn.", ())


def test_a_summary_can_be_written_by_a_call_that_is_billed():
    script = (call("summarise", fragment="f2"), answer("Nine cranes."), DONE)
    with Endpoint(*script) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    asked = endpoint.requests[1]
    assert "Ostrel" not in asked.prompt
    assert HARBOUR.text in asked.prompt
    assert "tools" not in asked.body
    assert "[f2: summary] Nine cranes." in context(endpoint.requests[2])
    assert found.usage.calls == 3
    assert "summary" in [step.name for step in found.trace]


def test_an_empty_summary_changes_nothing():
    script = (call("summarise", fragment="f2"), answer(""), DONE)
    with Endpoint(*script) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    assert HARBOUR.text in context(endpoint.requests[2])
    assert "came back empty" in endpoint.requests[2].prompt
    assert found.outcome == "answered"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"query": "nine cranes harbour"}, "[f2, hidden] … The harbour of Quill"),
        ({"query": "river mir, AND boats", "exact": True}, "[f1] … Ostrel lies on the river Mir"),
        ({"query": "dragons"}, "nothing found for 'dragons'"),
        ({"query": "dragons", "exact": True}, "nothing found for 'dragons'"),
    ],
)
def test_search_finds_places_in_hidden_text_too(given, place):
    script = (calls(("hide", {"fragments": ["f2"]}), ("search", given)), DONE)
    with Endpoint(*script) as endpoint:
        ask(WHOLE, ASKED, endpoint)
    assert place in endpoint.requests[1].prompt
    # finding is not showing
    assert "[f2: hidden" in context(endpoint.requests[1])


def test_the_talk_so_far_goes_along():
    script = (call("search", query="bridge"), call("hide", fragments=["f2"]), DONE)
    with Endpoint(*script) as endpoint:
        ask("active_context", ASKED, endpoint)
    last = endpoint.requests[2].body["messages"]
    assert [message["role"] for message in last] == ["user", "assistant"] * 2 + ["user"]
    assert json.loads(last[3]["content"]) == {"action": "hide", "fragments": ["f2"]}
    assert last[-1]["content"].rstrip().endswith("Question: Who built the bridge?")


def test_the_turns_are_counted_and_then_an_answer_is_asked_for():
    script = (call("search", query="bridge"), call("search", query="rain"), answer("Ada Varn"))
    with Endpoint(*script) as endpoint:
        found = ask("active_context(turns=2)", ASKED, endpoint)
    assert (found.outcome, found.text, len(endpoint.requests)) == ("answered", "Ada Varn", 3)
    assert "1 turns are left" in endpoint.requests[1].prompt
    assert "no turns left" in endpoint.requests[2].prompt
    assert "tools" not in endpoint.requests[2].body
    details = [step.detail for step in found.trace if step.name.startswith("turn ")]
    assert len(details) == 2
    assert all(detail.endswith("tokens of context") for detail in details)


def test_hiding_makes_the_next_turn_cheaper():
    with Endpoint(call("hide", fragments=["f1"]), DONE) as endpoint:
        found = ask(WHOLE, ASKED, endpoint)
    turns = [step.detail for step in found.trace if step.name.startswith("turn ")]
    before, after = (int(detail.split()[0].replace(",", "")) for detail in turns)
    assert after < before / 4
