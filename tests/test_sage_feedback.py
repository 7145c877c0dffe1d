"""Showing more or less by what the model says of an answer's context."""

import json

import pytest
from misbehaving import hang, status
from several_rounds import RATE, details, in_turn, names, on_endpoint, shown

from crossover import catalog
from crossover.errors import ConfigError
from crossover.limits import Limits
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

QUESTION = Question(
    "q",
    "Where was the keeper of the tower of Ostrel born?",
    # every line less relevant than the one before
    (
        Document(
            "lines",
            "Ostrel has a tower, and its keeper was born in Quill.\n"
            "Ostrel has a tower with a keeper, and the tower is very old and rather crooked.\n"
            "A tower has a keeper where there is one, as was said above of another one.\n"
            "born pebble pebble pebble\n"
            "born pebble pebble pebble pebble\n"
            "born pebble pebble pebble pebble pebble\n"
            "born pebble pebble pebble pebble pebble pebble\n",
        ),
    ),
)
RAG = "rag(k=6, chunker=lines, selector=score_drop(least=2, gradient=0.0))"
SAGE = f"sage_feedback(rag={RAG})"


def sage(*ratings, strategy=SAGE, answers=("A1", "A2", "A3"), question=QUESTION, **options):
    rules = ((RATE, in_turn(*ratings or ("",))),)
    return on_endpoint(strategy, question, *rules, otherwise=in_turn(*answers), **options)


def rating(score, context="lacking"):
    return json.dumps({"score": score, "context": context})


def answering(prompts):
    return [shown(prompt) for kind, prompt in prompts if kind == "answer"]


@pytest.mark.parametrize(
    ("ratings", "passages", "text"),
    [
        ((rating(9, "right"),), [2], "A1"),
        ((rating(4), rating(10)), [2, 3], "A2"),
        ((rating(8), rating(5), rating(6)), [2, 3, 4], "A1"),
        ((rating(5), rating(5), rating(7)), [2, 3, 4], "A3"),
        ((rating(5), rating(5), rating(5)), [2, 3, 4], "A1"),
        ((rating(6, "redundant"), rating(3, "redundant")), [2, 1], "A1"),
        ((rating(6, "right"),), [2], "A1"),
        # back to what was shown before
        ((rating(6, "lacking"), rating(3, "redundant")), [2, 3], "A1"),
    ],
)
def test_it_shows_more_or_less_and_keeps_the_best_rated_answer(ratings, passages, text):
    answer, prompts = sage(*ratings)
    assert answering(prompts) == passages
    assert (answer.text, answer.outcome) == (text, "answered")
    assert answer.usage.calls == len(prompts) == 2 * len(passages)
    assert len(answer.passages) == passages[int(text[1]) - 1]
    assert answer.message.endswith(f"in round {text[1]}")
    assert names(answer, "round") == [f"round {n + 1}" for n in range(len(passages))]


def test_it_changes_by_its_step_ends_at_its_threshold_and_searches_once():
    wide = SAGE.replace("sage_feedback(", "sage_feedback(step=3, threshold=5, ")
    answer, prompts = sage(rating(4), rating(5), strategy=wide)
    assert answering(prompts) == [2, 5]
    assert names(answer).count("retrieval") == 1
    assert details(answer, "rated") == ["4; context lacking", "5; context lacking"]


def test_it_rates_the_answer_with_its_passages_and_choices():
    choice = Question("q", "Which?", QUESTION.documents, "choice", ("the mill", "the tower"))
    _, ((_, told), (_, rated)) = sage(rating(9), question=choice, answers=("B",))
    assert "<answer>\nB\n</answer>" in rated
    assert "B. the tower" in rated
    assert shown(rated) == shown(told) >= 2


@pytest.mark.parametrize(
    "reply", ["", "9", "great", '{"score": 11, "context": "right"}', '{"score": 7}', '{"score": 7']
)
def test_a_rating_that_cannot_be_read_is_never_guessed(reply):
    answer, _ = sage(reply)
    assert (answer.outcome, answer.usage.calls) == ("failed:unreadable", 2)
    assert "score, context" in answer.message
    assert "rating" in names(answer)


@pytest.mark.parametrize(
    "reply",
    [
        '```json\n{"score": 9, "context": "Right"}\n```',
        'Sure: {"score": "9", "context": "right", "why": "it is"}',
        "score: 9\ncontext: right",
    ],
)
def test_a_rating_may_come_with_other_words(reply):
    assert sage(reply)[0].message == "rated 9 in round 1"


@pytest.mark.parametrize(("calls", "text"), [(1, "A1"), (3, "A1"), (4, "A2"), (5, "A2")])
def test_a_limit_leaves_the_best_answer_so_far(calls, text):
    answer, prompts = sage(rating(3), rating(5), limits=Limits(calls=calls))
    assert len(prompts) == answer.usage.calls == calls
    assert (answer.outcome, answer.text) == ("stopped:calls", text)
    assert answer.scorable


def test_an_empty_answer_is_not_rated_and_an_earlier_one_stands():
    empty, prompts = sage(answers=("",))
    assert (empty.outcome, len(prompts)) == ("failed:empty", 1)
    later, _ = sage(rating(5), answers=("A1", ""))
    assert (later.outcome, later.text) == ("answered", "A1")


def test_a_declined_answer_is_rated_like_any_other():
    answer, prompts = sage(rating(1), rating(9), answers=("Not in the text.", "Quill"))
    assert (answer.outcome, answer.text) == ("answered", "Quill")
    assert answering(prompts) == [2, 3]


@pytest.mark.parametrize(
    ("bad", "options", "outcome", "calls"),
    [
        (status(400, error_code="content_filter"), "", "refused", 2),
        (hang(3), "", "failed:timeout", 2),
        ("", "", "failed:unreadable", 2),
        ('{"score": 9, "context": ', "", "failed:unreadable", 2),
        ("anything", ", context_window=300", "overflow", 0),
    ],
    ids=["refuses", "times out", "replies nothing", "breaks off", "overruns"],
)
def test_a_call_that_fails_on_the_way_names_the_outcome(bad, options, outcome, calls):
    answer, prompts = sage(bad, options=options, timeout=1)
    assert answer.outcome == outcome
    assert answer.message
    assert "round 1" in names(answer)
    assert answer.usage.calls == len(prompts) == calls
    assert not answer.scorable


def test_a_rating_that_overruns_the_window_is_an_overflow_with_the_answer_billed():
    strategy = SAGE.replace("sage_feedback(", "sage_feedback(max_tokens=900, ")
    answer, prompts = sage(strategy=strategy, options=", context_window=900")
    assert (answer.outcome, answer.usage.calls, len(prompts)) == ("overflow", 1, 1)
    assert answer.usage.input_tokens > 0


def test_the_reader_is_refused_before_it_reads_anything():
    answer = measured(catalog.load(Strategy, SAGE), QUESTION, catalog.load(Model, "reader"))
    assert (answer.outcome, answer.usage.calls) == ("unsupported", 0)
    assert "a model that writes JSON" in answer.message


def test_a_dry_run_counts_every_round():
    from crossover.experiments.plan import Planned

    model = Planned(catalog.load(Model, "fake(fails=server)"))
    answer = measured(catalog.load(Strategy, SAGE), QUESTION, model, planning=True)
    assert (answer.outcome, answer.usage.calls) == ("answered", 6)


@pytest.mark.parametrize("rag", ["rag", "full_context", "lara_rag"])
def test_what_has_no_scores_to_choose_by_is_refused_when_it_is_written_down(rag):
    with pytest.raises(ConfigError, match=r"write rag\(selector=score_drop"):
        catalog.load(Strategy, f"sage_feedback(rag={rag})")


def test_its_text_round_trips():
    assert catalog.spec(catalog.load(Strategy, SAGE)) == SAGE
