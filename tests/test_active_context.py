"""Active context: every tool's effect on the next prompt, both ways of calling, every ending."""

import json

import pytest
from misbehaving import Endpoint, answer, hang, status
from scripted import ask

from crossover import catalog
from crossover.errors import CrossoverError
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

RIVER = "Ostrel lies on the river Mir, and boats go by. " * 12
BRIDGE = "The old bridge of Ostrel was built by Ada Varn. " * 4
RAIN = "Rain falls in autumn over the wide fields. " * 12
TOWN = Document("town", RIVER + BRIDGE + RAIN)
HARBOUR = Document("harbour", "The harbour of Quill has nine cranes.")
ASKED = Question("q", "Who built the bridge?", (TOWN, HARBOUR))
WHOLE = "active_context(size=null)"


def calls(*actions, text=""):
    """A reply that calls tools, as OpenAI's protocol has it."""
    made = [
        {
            "index": at,
            "id": f"call_{at}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": given if isinstance(given, str) else json.dumps(given),
            },
        }
        for at, (name, given) in enumerate(actions)
    ]
    return answer(text, extra={"tool_calls": made}, finish="tool_calls")


def call(name, **arguments):
    return calls((name, arguments))


def acts(*actions):
    """The same as JSON."""
    return answer(json.dumps([{"action": name, **given} for name, given in actions]))


def context(asked):
    """What the model was shown of the texts: the passages, not the talk after them."""
    return asked.prompt.rpartition("</passage>")[0]


DONE = call("answer", text="Ada Varn")


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


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (call("remove", fragments=["f1"]), "there is no tool 'remove'; there are: fragment"),
        (call("hide", fragments=["f9"]), "there is no fragment 'f9'; there are: f1, f2"),
        (call("hide"), "hide: fragments: field required"),
        (call("fragment", fragment="f1", size="small"), "fragment: size: input should be"),
    ],
)
def test_a_mistake_is_told_back_and_may_be_mended(wrong, said):
    with Endpoint(wrong, DONE) as endpoint:
        found = ask("active_context", ASKED, endpoint)
    assert said in endpoint.requests[1].prompt
    assert (found.outcome, found.text) == ("answered", "Ada Varn")


@pytest.mark.parametrize(
    ("streams", "said"), [("true", "hide: fragments: "), ("false", "arguments that cannot be read")]
)
def test_broken_json_in_a_call_is_a_mistake(streams, said):
    with Endpoint(calls(("hide", '{"fragments": [')), DONE) as endpoint:
        found = ask("active_context", ASKED, endpoint, options=f", streams={streams}")
    assert f"error: {said}" in endpoint.requests[1].prompt.replace("a tool was called with ", "")
    assert found.outcome == "answered"


def test_one_mistake_too_many_in_a_row_ends_it():
    wrong, right = call("remove"), call("search", query="bridge")
    with Endpoint(wrong, wrong, right, wrong) as endpoint:
        found = ask("active_context", ASKED, endpoint)
    assert (found.outcome, found.usage.calls) == ("failed:unreadable", 6)
    assert "3 wrong turns in a row" in found.message
    assert len(found.trace) >= 6
    with Endpoint(wrong) as endpoint:
        assert ask("active_context(mistakes=0)", ASKED, endpoint).usage.calls == 1


def test_actions_in_json_do_the_same():
    script = (
        answer('Let me see.\n```json\n{"action": "hide", "fragments": ["f1"]}\n```'),
        acts(("restore", {"fragments": ["f1"]}), ("search", {"query": "cranes"})),
        acts(("answer", {"text": "Ada Varn"})),
    )
    with Endpoint(*script) as endpoint:
        found = ask("active_context(actions=json, size=null)", ASKED, endpoint)
    assert (found.outcome, found.text) == ("answered", "Ada Varn")
    first, hidden, restored = endpoint.requests
    assert "tools" not in first.body
    assert "- hide(fragments: array)" in first.prompt
    assert "Ada Varn" not in context(hidden)
    assert "Ada Varn" in context(restored)
    assert "[f2] … The harbour" in restored.prompt


def test_text_that_is_no_json_is_told_back_and_ends_it_at_last():
    with Endpoint(answer("I would hide f1.")) as endpoint:
        found = ask("active_context(actions=json)", ASKED, endpoint)
    assert (found.outcome, len(endpoint.requests)) == ("failed:unreadable", 3)
    assert "error: expected JSON" in endpoint.requests[1].prompt


def test_a_model_without_tools_is_asked_for_json():
    model = catalog.load(Model, 'fake(reply="{action: answer, text: Ada Varn}")')
    found = measured(catalog.load(Strategy, "active_context"), ASKED, model)
    assert (found.outcome, found.text) == ("answered", "Ada Varn")
    assert any(step.name.startswith("no tools") for step in found.trace)
    found = measured(catalog.load(Strategy, "active_context(actions=tools)"), ASKED, model)
    assert found.outcome == "unsupported"


def test_tools_can_be_left_out():
    with Endpoint(call("summarise", fragment="f1", text="x"), DONE) as endpoint:
        ask("active_context(tools=[fragment, hide, search])", ASKED, endpoint)
    offered = [tool["function"]["name"] for tool in endpoint.requests[0].body["tools"]]
    assert offered == ["fragment", "hide", "search", "answer"]
    assert "there is no tool 'summarise'" in endpoint.requests[1].prompt
    with pytest.raises(CrossoverError, match="tools"):
        catalog.load(Strategy, "active_context(tools=[forget])")


def test_what_exceeds_the_window_is_hidden_at_first_and_fits():
    long = Document(
        "long", "".join(f"Line {n} says little about the weather. " for n in range(500))
    )
    script = (call("restore", fragments=["f40"]), DONE)
    with Endpoint(*script) as endpoint:
        found = ask(
            "active_context(size=100)",
            Question("q", "What does line 499 say?", (long,)),
            endpoint,
            options=", context_window=4000",
        )
    assert found.outcome == "answered", found.message
    assert "[f40: hidden" in context(endpoint.requests[0])
    assert "does not fit: hide others first" in endpoint.requests[1].prompt
    assert max(found.usage.input_tokens, 0) < 2 * 4000


@pytest.mark.parametrize("form", ["choice", "summary", "code"])
def test_every_form_of_question(form):
    question = Question("q", "Who?", (TOWN,), form, ("Bo", "Ada") if form == "choice" else ())
    with Endpoint(call("answer", text="B")) as endpoint:
        found = ask("active_context", question, endpoint)
    assert (found.outcome, found.text) == ("answered", "B")
    if form == "choice":
        assert "A. Bo\nB. Ada" in endpoint.requests[0].prompt


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (answer(""), "failed:empty"),
        (status(400, error_code="content_filter"), "refused"),
        (hang(3), "failed:timeout"),
        (call("answer", text="not in the text"), "declined"),
        (call("answer", text=" "), "failed:empty"),
    ],
)
def test_every_ending_has_a_name_a_bill_and_a_trace(behaviour, outcome):
    with Endpoint(call("search", query="bridge"), behaviour) as endpoint:
        found = ask("active_context", ASKED, endpoint)
    assert (found.outcome, found.usage.calls) == (outcome, 2)
    assert [s.name for s in found.trace if s.name.startswith("turn ")] == ["turn 1", "turn 2"]


def test_a_window_too_small_for_the_question_overflows():
    with Endpoint(DONE) as endpoint:
        found = ask("active_context", ASKED, endpoint, options=", context_window=900")
    assert (found.outcome, endpoint.requests) == ("overflow", [])


def test_a_dry_run_counts_every_turn():
    from crossover.experiments.plan import Planned

    model = Planned(catalog.load(Model, "fake(fails=server)"))
    strategy = catalog.load(Strategy, "active_context(turns=3)")
    planned = measured(strategy, ASKED, model, planning=True)
    assert planned.usage.calls == 4
    assert planned.usage.input_tokens > 4 * len(TOWN.text.split())


def test_prompts_can_be_replaced():
    with Endpoint(DONE) as endpoint:
        ask('active_context(prompts="dict(hide=\\"Cover these.\\")")', ASKED, endpoint)
    tools = {t["function"]["name"]: t["function"] for t in endpoint.requests[0].body["tools"]}
    assert tools["hide"]["description"] == "Cover these."
