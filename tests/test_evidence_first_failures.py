"""However a call fails, strategies that look for evidence first end with a name and the bill."""

import pytest
from evidence_texts import QUESTION, details, names
from misbehaving import Endpoint, answer, hang, status
from scripted import ask, by_prompt

from crossover import catalog
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.roles import Strategy
from crossover.types import Question

# words of the prompt of each strategy's first calls, how many of those there are, and a good reply
FIRST = {
    "retrieve_then_reason": ("Copy every sentence", 1, "It was built by Ada Varn in 1902."),
    "segment_select(size=200, k=1)": ("one part of a longer text", 1, "Ada Varn"),
    "clarify": ("Ask one question", 1, "Which bridge?"),
    "recycled_demos(seed=51)": ("one short factual", 3, '{"question": "Q", "answer": "A"}'),
    "structured": ("Draw the outline", 1, '{"aspects": [{"name": "All", "sentences": "1-90"}]}'),
}
LAST = {
    "retrieve_then_reason": "sentences quoted from a longer text",
    "clarify": "Now answer the first question",
    "recycled_demos(seed=51)": "First name the numbers",
    "structured": "text put in order",
}
REFUSED = status(400, error_code="content_filter")


def billed(got, endpoint):
    assert names(got).count("model call") == len(endpoint.requests)
    # a judge of answerability reads in this process
    assert got.usage.calls == len(endpoint.requests) + names(got).count("passages read")


@pytest.mark.parametrize("spec", FIRST)
@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(REFUSED, "refused"), (hang(3), "failed:timeout")],
    ids=["refusal", "hang"],
)
def test_a_first_call_that_fails_names_the_outcome(spec, failure, outcome):
    words, calls, _ = FIRST[spec]
    with Endpoint(by_prompt((words, failure))) as endpoint:
        got = ask(spec, QUESTION, endpoint, timeout=1)
        billed(got, endpoint)
        assert 1 <= len(endpoint.requests) <= calls
    assert (got.outcome, got.text) == (outcome, "")
    assert got.message


@pytest.mark.parametrize("spec", LAST)
def test_a_last_call_that_fails_keeps_the_bill_of_those_before(spec):
    words, calls, reply = FIRST[spec]
    last = LAST[spec]
    with Endpoint(by_prompt((last, REFUSED), (words, reply), otherwise="yes")) as endpoint:
        got = ask(spec, QUESTION, endpoint, timeout=1)
        billed(got, endpoint)
        assert len(endpoint.requests) > calls
    assert got.outcome == "refused"


@pytest.mark.parametrize("spec", FIRST)
def test_a_window_that_is_overrun_is_an_overflow(spec):
    with Endpoint() as endpoint:
        got = ask(spec, QUESTION, endpoint, options=", context_window=130")
        billed(got, endpoint)
    assert (got.outcome, got.text) == ("overflow", "")


@pytest.mark.parametrize(
    ("spec", "outcome", "said"),
    [
        ("retrieve_then_reason", "answered", "quotes checked"),
        ("retrieve_then_reason(fallback=decline)", "declined", "quotes checked"),
        ("segment_select(size=200, k=1)", "answered", "no logprobs"),
        ("segment_select(size=200, k=1, certainty=logprobs)", "answered", "segments"),
        ("clarify", "answered", "clarifying question: replied with nothing"),
        ("recycled_demos(seed=51)", "failed:unreadable", "no demonstration"),
        ("structured", "answered", "no outline"),
    ],
)
def test_a_first_call_that_returns_nothing_is_said(spec, outcome, said):
    words = next(words for name, (words, _, _) in FIRST.items() if name[:6] == spec[:6])
    with Endpoint(by_prompt((words, ""))) as endpoint:
        got = ask(spec, QUESTION, endpoint)
        billed(got, endpoint)
    assert got.outcome == outcome
    assert said in names(got)


@pytest.mark.parametrize(
    ("spec", "outcome", "said"),
    [
        ("recycled_demos(seed=51)", "failed:unreadable", "no demonstration"),
        ("structured", "answered", "no outline"),
    ],
)
@pytest.mark.parametrize("broken", ['{"question": "Wh', "[1, 2", '{"aspects": [{}]}', "planned"])
def test_broken_json_is_said_and_never_guessed(spec, outcome, said, broken):
    with Endpoint(by_prompt((FIRST[spec][0], broken))) as endpoint:
        got = ask(spec, QUESTION, endpoint)
        billed(got, endpoint)
    assert got.outcome == outcome
    assert details(got, said)


@pytest.mark.parametrize("spec", LAST)
def test_an_empty_last_reply_is_no_answer(spec):
    words, _, reply = FIRST[spec]
    with Endpoint(by_prompt((LAST[spec], ""), (words, reply), otherwise="yes")) as endpoint:
        got = ask(spec, QUESTION, endpoint)
    assert got.outcome == "failed:empty"


@pytest.mark.parametrize("spec", [*FIRST, "clarify(branching=3)"])
@pytest.mark.parametrize("form", ["choice", "summary", "code"])
def test_every_form_is_answered(spec, form):
    asked = Question("q", "What of it?", QUESTION.documents, form, ("x", "y") * (form == "choice"))
    writes = "one short factual => {question: Q, answer: A}"
    model = Fake(replies=(writes,), reply="B")
    got = measured(catalog.load(Strategy, spec), asked, model)
    assert (got.outcome, got.text) == ("answered", "B")


@pytest.mark.parametrize("spec", FIRST)
def test_a_prompt_can_be_replaced_by_name(spec):
    name = spec.partition("(")[0]
    key = {"retrieve_then_reason": "reason", "recycled_demos": "answer_unnamed"}.get(name, "answer")
    changed = catalog.load(Strategy, f'{name}(prompts=dict({key}="In rhymes. $task"))')
    assert str(changed.version).startswith("1.")
    assert catalog.load(Strategy, catalog.spec(changed)) == changed
    with pytest.raises(Exception, match="the prompts of"):
        catalog.load(Strategy, f'{name}(prompts=dict(nothing="x"))')


def test_answers_do_not_depend_on_what_was_asked_before():
    replies = answer('{"question": "Q", "answer": "A"}')
    with Endpoint(by_prompt(("one short factual", replies), otherwise="Ada Varn")) as endpoint:
        spec = "recycled_demos(seed=61)"
        one, two = (ask(spec, QUESTION, endpoint) for _ in range(2))
    assert (one.text, one.usage, one.passages) == (two.text, two.usage, two.passages)
