"""Limits of a question: what is not asked any more, and what remains."""

import threading
import time
from dataclasses import replace

import pytest
from many_calls import ASKED, KNOWN, Asking, Holding, limited
from misbehaving import Endpoint, answer
from scripted import ask

import crossover
from crossover import catalog, meter
from crossover.errors import ConfigError
from crossover.limits import Limits
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.roles import Strategy
from crossover.types import Answer, Request, Usage


def test_a_call_too_many_is_not_made_and_the_best_so_far_remains():
    found = limited(Asking(calls=5), calls=3)
    assert (found.outcome, found.text, found.passages) == (
        "stopped:calls",
        "fake answer 2",
        (KNOWN,),
    )
    assert found.message == "the next call would make it 4 calls of 3"
    assert (found.usage.calls, len(found.trace)) == (3, 3)
    assert found.scorable
    assert found.seconds >= 0


def test_where_nothing_was_found_yet_nothing_remains():
    class Unready:
        def answer(self, question, model):
            for _ in range(3):
                model.complete(Request("Do it."))
            return Answer("all")

    found = limited(Unready(), calls=2)
    assert (found.outcome, found.text, found.scorable) == ("stopped:calls", "", False)


def test_what_stays_within_its_limits_is_as_without():
    free = measured(Asking(calls=3), ASKED, Fake())
    bound = limited(Asking(calls=3), calls=3, tokens=1000, dollars=1, seconds=60)
    same = replace(free, seconds=0, first_token_seconds=0, critical_seconds=0, trace=())
    assert replace(bound, seconds=0, first_token_seconds=0, critical_seconds=0, trace=()) == same


@pytest.mark.parametrize("limit", [1, 7, 40])
def test_the_number_of_calls_is_exact_in_sixteen_threads(limit):
    for _ in range(3):
        model = Fake(latency=0.002)
        found = limited(Asking(calls=60, threads=16), model, calls=limit)
        assert (found.outcome, found.usage.calls) == ("stopped:calls", limit)


def test_all_calls_that_are_allowed_are_made_in_sixteen_threads():
    for _ in range(5):
        found = limited(Asking(calls=40, threads=16), Fake(latency=0.001), calls=40)
        assert (found.outcome, found.usage.calls) == ("answered", 40)


def test_tokens_in_and_out_are_counted_and_the_next_prompt_too():
    one = measured(Asking(calls=1), ASKED, Fake()).usage
    prompt, reply = one.input_tokens, one.output_tokens
    enough = 2 * (prompt + reply) + prompt
    assert limited(Asking(calls=3), tokens=enough).outcome == "answered"
    found = limited(Asking(calls=3), tokens=enough - 1)
    assert (found.outcome, found.usage.calls) == ("stopped:tokens", 2)
    assert found.usage.input_tokens + found.usage.output_tokens <= enough


def test_prompts_under_way_count_before_they_are_answered():
    prompt = measured(Asking(calls=1), ASKED, Fake()).usage.input_tokens
    model = Fake(latency=0.1, concurrency=16)
    found = limited(Asking(calls=16, threads=16), model, tokens=3 * prompt + 1)
    assert (found.outcome, found.usage.calls) == ("stopped:tokens", 3)


def test_dollars_are_the_providers_and_end_at_the_limit():
    model = Fake(input_price=1e6, output_price=1e6)
    one = measured(Asking(calls=1), ASKED, model).usage
    found = limited(Asking(calls=9), model, dollars=2.5 * one.dollars)
    assert (found.outcome, found.usage.calls) == ("stopped:dollars", 2)
    assert "dollars of" in found.message


def test_seconds_leave_out_waiting():
    lock = threading.Lock()

    class Waiting:
        def answer(self, question, model):
            def call(_):
                with meter.turn(lock), meter.part():
                    model.complete(Request("Do it."))
                    with meter.wait():
                        time.sleep(0.05)

            meter.side_by_side(call, range(8), 8)
            return Answer("all")

    assert limited(Waiting(), seconds=0.2).outcome == "answered"
    found = limited(Asking(calls=20), Fake(latency=0.03), seconds=0.1)
    assert found.outcome == "stopped:seconds"
    assert 3 <= found.usage.calls <= 5
    assert "of 0.1 seconds had passed" in found.message


def test_a_failed_call_counts():
    class Stubborn:
        def answer(self, question, model):
            for _ in range(9):
                try:
                    model.complete(Request("Do it."))
                except crossover.errors.ProviderError:
                    continue
            return Answer("all")

    found = limited(Stubborn(), Fake(fails="server"), calls=4)
    assert (found.outcome, found.usage.calls) == ("stopped:calls", 4)


def test_usage_that_a_server_does_not_report_is_counted_here():
    def usage(tokens):
        with Endpoint(answer("one two three", usage=False)) as endpoint:
            found = ask("many_calls.Asking(calls=4)", ASKED, endpoint, limits=Limits(tokens=tokens))
        return found.outcome, len(endpoint.requests), found.usage.input_tokens

    assert usage(10_000) == ("answered", 4, None)
    # about 7 tokens in and 3 out per call
    outcome, calls, known = usage(25)
    assert (outcome, known) == ("stopped:tokens", None)
    assert calls == 2


@pytest.mark.parametrize(
    "nested", ["Asking(other=OTHER)", "Holding(strategies=[Asking(other=OTHER)])"]
)
def test_another_model_of_a_nested_strategy_is_under_the_same_limits(nested):
    text = nested.replace("OTHER", "fake(reply=other)")
    for name in ("Asking", "Holding"):
        text = text.replace(f"{name}(", f"many_calls.{name}(")
    strategy = catalog.load(Strategy, text)
    found = limited(strategy, calls=4)
    assert (found.outcome, found.text, found.usage.calls) == ("stopped:calls", "other 3", 4)
    with pytest.raises(ConfigError, match="needs the price of openai:x"):
        other = catalog.load(Strategy, text.replace("fake(reply=other)", "openai:x"))
        limited(other, dollars=1)


def test_several_strategies_share_the_limits_of_their_question():
    found = limited(Holding((Asking(calls=3), Asking(calls=3))), calls=5)
    assert (found.outcome, found.usage.calls) == ("stopped:calls", 5)
    assert [step.name for step in found.trace if step.parent is None] == ["one of several"] * 2


def test_an_index_is_nobodys_question(monkeypatch):
    class Indexing:
        def answer(self, question, model):
            with meter.wait(), meter.metered():
                for _ in range(5):
                    model.complete(Request("Summarise."))
            return Answer(model.complete(Request("Do it.")).text)

    found = limited(Indexing(), calls=1)
    assert (found.outcome, found.usage.calls) == ("answered", 1)


def test_reported_dollars_count_rather_than_list_prices():
    class Cheap(Fake):
        """Bills a tenth of its list price, as cached tokens are billed."""

        def complete(self, request):
            """Reply."""
            completion = super().complete(request)
            usage = completion.usage
            return replace(completion, usage=replace(usage, dollars=usage.dollars / 10))

    model = Cheap(input_price=1e6, output_price=1e6)
    one = measured(Asking(calls=1), ASKED, Fake(input_price=1e6, output_price=1e6)).usage
    assert isinstance(one, Usage)
    assert limited(Asking(calls=9), model, dollars=2 * one.dollars).outcome == "answered"
