from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from crossover import meter
from crossover.catalog import load, names, spec
from crossover.errors import ConfigError, ModelError, UnsupportedRequest, WindowError
from crossover.models._rendering import rendered_text
from crossover.models.fake import Failure, Fake
from crossover.roles import Model
from crossover.types import Passage, Request, Usage

REQUEST = Request("Answer.", "Where was Ada born?", (Passage("d", 0, 5, "Ada: born in Paris"),))


def test_it_is_found_and_printed_by_name() -> None:
    assert "fake" in names(Model)
    text = 'fake(replies=["born => Paris", "old => 36"], declines=true)'
    model = load(Model, text)
    assert model == Fake(replies=("born => Paris", "old => 36"), declines=True)
    assert load(Model, spec(model)) == model


def test_the_first_script_that_fits_is_played() -> None:
    fake = Fake(reply="no idea", replies=("Bob => unused", "born => Paris", "Ada => Rome"))
    assert fake.complete(REQUEST).text == "Paris"
    assert fake.complete(replace(REQUEST, question="Who is Ada?")).text == "Rome"
    assert fake.complete(replace(REQUEST, question="What?")).text == "no idea"
    assert fake.complete(Request("Say when born.")).text == "Paris"


def test_a_script_without_an_arrow_is_refused() -> None:
    with pytest.raises(ConfigError, match="part of the question => reply"):
        load(Model, 'fake(replies=["born: Paris"])')


def test_grounded_replies_need_their_passage() -> None:
    fake = Fake(replies=("born => Paris", "die => Rome"), grounded=True)
    assert fake.complete(REQUEST).text == "Paris"
    without = fake.complete(replace(REQUEST, passages=()))
    assert (without.text, without.declined) == ("", True)
    assert fake.complete(replace(REQUEST, question="Where did she die?")).declined


def test_it_charges_like_a_real_model() -> None:
    fake = Fake(reply="one two three", latency=0.02, input_price=1e6, output_price=2e6)
    with meter.metered() as bill:
        completion = fake.complete(REQUEST)
    words = len(rendered_text(REQUEST).split())
    assert completion.usage == Usage(words, 3, calls=1, dollars=words + 6)
    assert bill.usage == completion.usage
    assert bill.first_token is not None
    assert bill.first_token >= 0.02
    assert bill.steps[0].name == "model call"


def test_words_beyond_the_limit_are_cut() -> None:
    completion = Fake(reply="one two three").complete(replace(REQUEST, max_tokens=2))
    assert (completion.text, completion.finish) == ("one two", "length")


def test_the_window_holds_request_and_reply() -> None:
    needed = len(rendered_text(REQUEST).split()) + REQUEST.max_tokens
    assert Fake(context_window=needed).complete(REQUEST).text
    with meter.metered() as bill, pytest.raises(WindowError, match=f"{needed:,}|{needed}"):
        Fake(context_window=needed - 1).complete(REQUEST)
    assert bill.usage.calls == 1


@pytest.mark.parametrize("failure", [name for name in get_args(Failure) if name])
def test_every_failure_is_named(failure: str) -> None:
    with meter.metered() as bill, pytest.raises(ModelError) as caught:
        Fake(fails=failure).complete(REQUEST)  # type: ignore[arg-type]
    assert caught.value.outcome in (failure, f"failed:{failure}")
    assert bill.usage.calls == 1


def test_it_can_fail_on_some_questions_alone() -> None:
    fake = Fake(fails="timeout", fails_on="Bob")
    assert fake.complete(REQUEST).text == "fake answer"
    with pytest.raises(ModelError):
        fake.complete(replace(REQUEST, question="Where is Bob?"))


def test_streams_and_many() -> None:
    fake = Fake(reply="a b c", replies=("born => Paris",))
    assert "".join(fake.stream(replace(REQUEST, question="x"))) == "a b c"
    texts = [c.text for c in fake.complete_many([REQUEST, replace(REQUEST, question="x")] * 3)]
    assert texts == ["Paris", "a b c"] * 3


def test_logprobs_are_certain_and_tools_unsupported() -> None:
    completion = Fake(reply="a b").complete(replace(REQUEST, logprobs=True))
    assert completion.logprobs == (("a", 0.0), ("b", 0.0))
    with pytest.raises(UnsupportedRequest):
        Fake().complete(replace(REQUEST, tools=({"name": "x"},)))
