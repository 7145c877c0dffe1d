"""RAG that may decline, and the whole text where it does."""

import pytest
from mill_texts import (
    ELSEWHERE,
    EXCERPTS,
    GRADE,
    IN_TOP,
    NOWHERE,
    ONE,
    TARN,
    THREE,
    WHOLE,
    detail,
    on_fake,
    on_reader,
    steps,
)
from misbehaving import Endpoint, hang, status
from scripted import ask, by_prompt

from crossover import catalog
from crossover.errors import UnknownName
from crossover.limits import Limits
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Question


@pytest.mark.parametrize(
    ("text", "outcome", "said", "passes"),
    [
        (IN_TOP, "answered", "Ada Varn", 1),
        (ELSEWHERE, "answered", "1887", 2),
        (NOWHERE, "declined", "", 2),
    ],
)
def test_self_route_on_the_reader_bills_the_passes_that_it_makes(text, outcome, said, passes):
    answer = on_reader(f"self_route(first={ONE})", text)
    alone = on_reader(ONE, text), on_reader("full_context", text)
    assert (answer.outcome, answer.text, answer.usage.calls) == (outcome, said, passes)
    billed = sum(one.usage.input_tokens for one in alone[:passes])
    assert answer.usage.input_tokens == billed
    assert ("second pass" in steps(answer)) == (passes == 2)
    assert answer.message == (
        "the first pass answered"
        if passes == 1
        else "the first pass declined, the second was asked"
    )
    assert answer.passages == alone[passes - 1].passages


def test_self_route_tells_the_first_pass_alone_that_it_may_decline():
    question = Question("q", ELSEWHERE, (TARN,))
    rules = by_prompt((EXCERPTS, "Unanswerable."), otherwise="1887")
    with Endpoint(rules) as endpoint:
        answer = ask(f"self_route(first={ONE})", question, endpoint)
        first, second = (asked.prompt for asked in endpoint.requests)
    assert (answer.text, answer.outcome) == ("1887", "answered")
    assert "unanswerable" in first
    assert "unanswerable" not in second
    assert WHOLE in second
    assert WHOLE not in first
    assert detail(answer, "escalated") == "Unanswerable."


@pytest.mark.parametrize("form", ["choice", "summary", "code"])
def test_self_route_may_decline_in_every_form(form):
    choices = ("1887", "1902") if form == "choice" else ()
    question = Question("q", ELSEWHERE, (TARN,), form, choices)
    with Endpoint(by_prompt(("unanswerable", "unanswerable"), otherwise="A")) as endpoint:
        answer = ask(f"self_route(first={ONE})", question, endpoint)
        assert len(endpoint.requests) == 2
    assert (answer.text, answer.outcome) == ("A", "answered")


def test_self_route_composes_with_strategies_of_many_calls():
    first = f"corrective_rag(rewrites=0, grade=together, rag={ONE}, fallback={ONE})"
    rules = by_prompt((GRADE, "no"), ("unanswerable", "unanswerable"), otherwise="1887")
    with Endpoint(rules) as endpoint:
        answer = ask(f"self_route(first={first})", Question("q", ELSEWHERE, (TARN,)), endpoint)
        assert len(endpoint.requests) == 3
    assert (answer.text, answer.usage.calls) == ("1887", 3)


@pytest.mark.parametrize(
    ("fails", "outcome"), [("overflow", "overflow"), ("refused", "refused"), ("timeout", "failed:")]
)
def test_a_first_pass_that_fails_is_the_outcome_and_not_escalated(fails, outcome):
    answer = on_fake(f"self_route(first={ONE})", f"fake(fails={fails})")
    assert answer.outcome.startswith(outcome)
    assert answer.usage.calls == 1
    assert "second pass" not in steps(answer)


def test_an_empty_first_reply_is_a_failure_and_not_escalated():
    answer = on_fake(f"self_route(first={ONE})", 'fake(reply="")')
    assert (answer.outcome, answer.usage.calls) == ("failed:empty", 1)


def test_a_limit_between_the_passes_has_a_name():
    strategy = catalog.load(Strategy, f"self_route(first={ONE})")
    model = catalog.load(Model, "fake(declines=true)")
    asked = Question("q", IN_TOP, (TARN,))
    answer = measured(strategy, asked, model, limits=Limits(calls=1))
    assert (answer.outcome, answer.usage.calls) == ("stopped:calls", 1)


def test_texts_round_trip_and_sweep_inside():
    for text in (
        "self_route(first=rag(retriever=hybrid, k=5), then=full_context(window=3000))",
        "corrective_rag(rag=lara_rag, rewrites=0)",
        "corrective_rag(fallback=self_route(first=rag(k=2)))",
    ):
        assert catalog.spec(catalog.load(Strategy, text)) == text
    swept = catalog.expand(Strategy, "self_route(first=[rag(k=[3, 5]), lara_rag])")
    assert [catalog.spec(one) for one in swept] == [
        "self_route(first=rag(k=3))",
        "self_route(first=rag(k=5))",
        "self_route(first=lara_rag)",
    ]


def test_a_prompt_of_ones_own_replaces_the_files():
    told = 'self_route(first=%s, prompts=dict(answer="Only from the above, or: unanswerable"))'
    with Endpoint(by_prompt()) as endpoint:
        ask(told % ONE, Question("q", IN_TOP, (TARN,)), endpoint)
        assert "Only from the above, or: unanswerable" in endpoint.requests[0].prompt


def test_a_dry_run_counts_the_longest_way():
    from crossover.experiments.plan import Planned

    model = Planned(catalog.load(Model, "fake(fails=server)"))
    asked = Question("q", IN_TOP, (TARN,))
    for text, calls in ((f"self_route(first={ONE})", 2), (f"corrective_rag(rag={THREE})", 8)):
        answer = measured(catalog.load(Strategy, text), asked, model, planning=True)
        assert (answer.outcome, answer.usage.calls) == ("answered", calls)


class Published(Model):
    """Published answers: nothing in the passages, something in the whole text."""

    window = 1000

    def prediction(self, question_id, arm):
        return {"rag": "Not mentioned in the text.", "full": "1887"}[arm]

    def count(self, text):
        return len(text.split())


def test_published_answers_are_routed_too():
    strategy = catalog.load(Strategy, "self_route(first=replay(arm=rag), then=replay(arm=full))")
    answer = measured(strategy, Question("q", ELSEWHERE, (TARN,)), Published())
    assert (answer.text, answer.outcome, answer.usage.calls) == ("1887", "answered", 2)
    assert [step.detail for step in answer.trace if step.name == "published answer"] == [
        "rag",
        "full",
    ]


def test_a_prompt_that_does_not_exist_is_refused_when_it_is_written_down():
    with pytest.raises(UnknownName, match="the prompts of self_route"):
        catalog.load(Strategy, 'self_route(prompts=dict(first="…"))')


@pytest.mark.parametrize(
    ("bad", "options", "outcome", "calls"),
    [
        (status(400, error_code="content_filter"), "", "refused", 2),
        (hang(3), "", "failed:timeout", 2),
        ("", "", "failed:empty", 2),
        # the first pass fits, the text does not even without its middle
        ("1887", ", context_window=500", "truncated", 2),
        ("1887", ", context_window=300", "overflow", 0),
    ],
    ids=["refuses", "times out", "replies nothing", "cuts", "overruns"],
)
def test_a_second_pass_that_fails_names_the_outcome_and_both_are_billed(
    bad, options, outcome, calls
):
    rules = by_prompt(("unanswerable", "unanswerable"), otherwise=bad)
    with Endpoint(rules) as endpoint:
        question = Question("q", ELSEWHERE, (TARN,))
        strategy = f"self_route(first={ONE}, then=full_context)"
        answer = ask(strategy, question, endpoint, options=options, timeout=1)
        assert len(endpoint.requests) == answer.usage.calls == calls
    assert answer.outcome == outcome
    assert answer.message
    assert "first pass" in steps(answer)
