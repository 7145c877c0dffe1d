import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover import catalog
from crossover.errors import ConfigError
from crossover.types import Answer, Document, Example, Passage, Question, Span

TEXT = "one two three four. five six seven eight. nine ten."
DOCUMENT = Document("d", TEXT)


def _example(*spans):
    question = Question("q", "?", (DOCUMENT,))
    return Example(question, ("x",), tuple(Span("d", *span) for span in spans))


def _answer(*passages):
    return Answer(
        "x",
        tuple(Passage("d", s, e, TEXT[s:e], score) for s, e, score in passages),
    )


def _score(name, *arguments):
    return catalog.metric(name)(*arguments)


def test_spans_are_found_where_half_of_their_words_are_shown():
    example = _example((0, 19), (20, 41))
    assert _score("evidence_recall", example, _answer((0, 8, 1))) == 0.5
    assert _score("evidence_recall", example, _answer((0, 6, 1))) == 0.0
    assert _score("evidence_recall", example, _answer((0, 8, 1), (24, 41, 0))) == 1.0
    assert _score("evidence_token_recall", example, _answer((0, 8, 1))) == 2 / 8


def test_the_k_best_count_whatever_the_order_shown():
    example = _example((0, 19), (20, 41))
    answer = _answer((0, 19, 0.1), (20, 41, 0.9))
    assert _score("evidence_recall(k=1)", example, answer) == 0.5
    assert _score("evidence_token_recall(k=1)", example, _answer((42, 51, 0.9), (0, 19, 0))) == 0


def test_without_evidence_it_does_not_apply_and_what_failed_scores_nothing():
    assert _score("evidence_recall", _example(), _answer()) is None
    assert _score("evidence_token_recall", _example(), _answer()) is None
    failed = Answer("", outcome="failed:timeout")
    assert _score("evidence_recall", _example((0, 4)), failed) == 0


def test_a_text_that_a_model_wrote_shows_no_evidence():
    summary = Answer("x", (Passage("d", 0, 0, TEXT, 1.0),))
    assert _score("evidence_recall", _example((0, 19)), summary) == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=5), st.data())
def test_showing_more_never_finds_less(places, data):
    example = _example((0, 19), (20, 41), (42, 51))
    passages = [(min(p), max(p), n) for n, p in enumerate(places)]
    fewer = passages[: data.draw(st.integers(0, len(passages)))]
    for name in ("evidence_recall", "evidence_token_recall"):
        assert _score(name, example, _answer(*fewer)) <= _score(name, example, _answer(*passages))
    whole = _answer((0, len(TEXT), 1))
    assert _score("evidence_recall", example, whole) == 1


def test_a_wrong_k_is_refused():
    with pytest.raises(ConfigError, match="k"):
        catalog.metric("evidence_recall(k=-1)")


def test_what_an_app_does_not_say_it_read_is_unknown_and_a_failed_app_scores_nothing():
    example = _example((0, 19))
    for metric in ("evidence_recall", "evidence_token_recall"):
        assert _score(metric, example, Answer("x", passages_known=False)) is None
        assert _score(metric, example, Answer("", outcome="failed:timeout")) == 0.0
