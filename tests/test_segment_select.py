"""Segments are kept by how certain the model is of its answer to each."""

import math
from dataclasses import dataclass

import pytest
from evidence_texts import FACT, QUESTION, TEXTS, TOWN, details, names
from misbehaving import Endpoint, answer
from passages import assert_verbatim
from scripted import ask

from crossover import catalog
from crossover.limits import Limits
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.models.reader import Reader
from crossover.pipelines import _certainty
from crossover.roles import Strategy
from crossover.types import Completion, Document, Question

SEGMENT, FINAL = "one part of a longer text", "parts of a longer text, in its order"
SMALL = "size=150, k=2"


@dataclass(frozen=True)
class certain(answer):  # noqa: N801
    """A reply whose every token has that logprob, where the request asks for them."""

    logprob: float = -0.1

    def whole(self, asked, text):
        reply = super().whole(asked, text)
        tokens = [{"token": word, "logprob": self.logprob} for word in text.split()]
        if asked.body.get("logprobs"):
            reply["choices"][0]["logprobs"] = {"content": tokens}
        return reply


def surest_of_the_fact(asked, out):
    """Be sure of the segment with the fact, less of one about stall 17, and decline the others."""
    if FINAL in asked.prompt:
        return answer("Ada Varn in 1902")(asked, out)
    if FACT in asked.prompt:
        return certain("Ada Varn", logprob=-0.1)(asked, out)
    if "stall 17 " in asked.prompt:
        return certain("the farmers", logprob=-2.0)(asked, out)
    return certain("not in the text", logprob=-0.01)(asked, out)


def shown(answer):
    return " ".join(passage.text for passage in answer.passages)


@pytest.mark.parametrize("certainty", ["auto", "logprobs"])
def test_the_most_certain_segments_are_spliced_in_order(certainty):
    with Endpoint(surest_of_the_fact) as endpoint:
        spec = f"segment_select({SMALL}, certainty={certainty})"
        got = ask(spec, QUESTION, endpoint, options=", streams=false")
        prompts = [asked.prompt for asked in endpoint.requests]
        wanted = [asked.body.get("logprobs") for asked in endpoint.requests]
    assert (got.outcome, got.text) == ("answered", "Ada Varn in 1902")
    assert got.usage.calls == len(prompts) > 5
    assert all(SEGMENT in prompt for prompt in prompts[:-1])
    assert wanted == [True] * (len(prompts) - 1) + [None]
    assert FINAL in prompts[-1]
    assert FACT in shown(got)
    assert "stall 17 " in shown(got)
    assert "stall 0 " not in shown(got)
    assert [p.start for p in got.passages] == sorted(p.start for p in got.passages)
    scores = sorted({p.score for p in got.passages})
    assert scores == pytest.approx([math.exp(-2.0), math.exp(-0.1)])
    assert ("first segment" in names(got)) == (certainty == "auto")
    for passage in got.passages:
        assert_verbatim(passage, TEXTS)


def test_a_threshold_keeps_what_is_certain_enough_and_at_least_one():
    for threshold, both in ((0.1, True), (0.5, False), (1.0, False)):
        spec = f"segment_select(size=150, threshold={threshold})"
        with Endpoint(surest_of_the_fact) as endpoint:
            got = ask(spec, QUESTION, endpoint, options=", streams=false")
        assert FACT in shown(got)
        assert ("stall 17 " in shown(got)) == both


def test_a_model_without_logprobs_is_judged_by_answerability():
    with Endpoint(answer("Ada Varn")) as endpoint:
        got = ask(f"segment_select({SMALL})", QUESTION, endpoint)
        # the first segment, to learn of it, and the answer
        assert len(endpoint.requests) == 2
    assert got.outcome == "answered"
    assert FACT in shown(got)
    assert len(shown(got)) < len(TOWN.text) / 2
    assert details(got, "no logprobs") == [
        "openai:gpt-4o-mini: the server sent no logprobs; answerability is judged instead"
    ]
    assert "segments judged" in names(got)
    assert got.usage.compute_seconds > 0


def test_logprobs_that_are_asked_for_must_come():
    with Endpoint(answer("Ada Varn")) as endpoint:
        got = ask(f"segment_select({SMALL}, certainty=logprobs)", QUESTION, endpoint)
    assert got.outcome == "unsupported"
    assert got.usage.calls >= 1
    spec = f"segment_select({SMALL}, certainty=logprobs)"
    assert measured(catalog.load(Strategy, spec), QUESTION, Reader()).outcome == "unsupported"


@pytest.mark.parametrize("certainty", ["auto", "answerability"])
def test_the_reader_answers_from_the_segments_that_answer(certainty):
    spec = f"segment_select(size=150, k=1, certainty={certainty})"
    got = measured(catalog.load(Strategy, spec), QUESTION, Reader())
    assert (got.outcome, got.text) == ("answered", "Ada Varn")
    assert FACT in shown(got)
    assert Reader().count(shown(got)) <= 150
    for passage in (*got.passages, *got.evidence):
        assert passage.pieces
        assert_verbatim(passage, TEXTS)


def test_chance_is_drawn_by_seed_and_question():
    def kept(seed, name="q"):
        spec = f"segment_select({SMALL}, certainty=random, seed={seed})"
        asked = Question(name, QUESTION.text, QUESTION.documents)
        got = measured(catalog.load(Strategy, spec), asked, Fake())
        assert got.usage.calls == 1
        return shown(got)

    assert kept(1) == kept(1)
    assert len({kept(seed) for seed in range(8)}) > 1
    assert len({kept(1, str(name)) for name in range(8)}) > 1


def test_a_text_of_few_segments_is_answered_at_once():
    short = Question("q", QUESTION.text, (Document("d", FACT),))
    got = measured(catalog.load(Strategy, "segment_select"), short, Fake(reply="Ada Varn"))
    assert got.usage.calls == 1
    assert shown(got) == FACT


def test_what_is_kept_fits_the_window():
    spec = "segment_select(size=150, k=9, certainty=random, max_tokens=40)"
    got = measured(catalog.load(Strategy, spec), QUESTION, Fake(context_window=500))
    assert got.outcome == "answered"
    assert 200 < Fake().count(shown(got)) < 460


def test_a_limit_leaves_the_most_certain_reply():
    spec = f"segment_select({SMALL}, certainty=logprobs)"
    with Endpoint(surest_of_the_fact) as endpoint:
        whole = ask(spec, QUESTION, endpoint, options=", streams=false")
        limits = Limits(calls=whole.usage.calls - 1)
        got = ask(spec, QUESTION, endpoint, options=", streams=false", limits=limits)
    assert (got.outcome, got.text) == ("stopped:calls", "Ada Varn")
    assert FACT in shown(got)


def test_certainty_is_the_geometric_mean_and_nothing_where_there_is_no_answer():
    sure = Completion("Ada Varn", logprobs=(("Ada", math.log(0.5)), ("Varn", math.log(0.125))))
    assert _certainty.of_reply(sure) == pytest.approx(0.25)
    assert _certainty.of_reply(Completion("", declined=True, logprobs=sure.logprobs)) == 0
    assert _certainty.of_reply(Completion("not in the text", logprobs=sure.logprobs)) == 0
    assert _certainty.of_reply(Completion("")) == 0
