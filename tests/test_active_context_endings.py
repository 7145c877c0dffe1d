"""Mistakes, other forms of actions, and every way that editing a context ends."""

import pytest
from editing import ASKED, DONE, TOWN, acts, call, calls, context
from misbehaving import Endpoint, answer, hang, status
from scripted import ask

from crossover import catalog
from crossover.errors import CrossoverError
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question


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
        found = ask("active_context", ASKED, endpoint, timeout=1)
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
