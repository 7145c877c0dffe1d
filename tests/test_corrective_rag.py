"""RAG that grades what it found, searches again and falls back."""

import pytest
from mill_texts import (
    ELSEWHERE,
    GRADE,
    IN_TOP,
    NOWHERE,
    ONE,
    REWRITE,
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
from crossover.errors import ConfigError
from crossover.roles import Strategy
from crossover.types import Question


@pytest.mark.parametrize(
    ("text", "outcome", "said", "graded", "answering"),
    [
        (IN_TOP, "answered", "Ada Varn", "1 of 3 answer", 1),
        (NOWHERE, "declined", "", "0 of 3 answer", 1),
    ],
)
def test_corrective_rag_without_rewrites_is_honest_on_the_reader(
    text, outcome, said, graded, answering
):
    answer = on_reader(f"corrective_rag(rewrites=0, rag={THREE})", text)
    assert (answer.outcome, answer.text) == (outcome, said)
    assert answer.usage.calls == 3 + answering
    assert detail(answer, "graded") == graded
    found = answer.usage.input_tokens
    read = [step.usage.input_tokens for step in answer.trace if step.name == "passages read"]
    assert found == sum(read)


def test_corrective_rag_falls_back_where_the_answer_is_outside_of_what_was_retrieved():
    answer = on_reader(f"corrective_rag(rewrites=0, rag={ONE})", ELSEWHERE)
    whole = on_reader("full_context", ELSEWHERE)
    assert (answer.outcome, answer.text, answer.usage.calls) == ("answered", "1887", 2)
    assert answer.usage.input_tokens > whole.usage.input_tokens
    assert answer.passages == whole.passages
    assert "fell back" in answer.message
    assert detail(answer, "fallback") == "full_context"


def test_corrective_rag_that_may_rewrite_is_refused_before_the_reader_reads():
    answer = on_reader(f"corrective_rag(rag={THREE})", IN_TOP)
    assert (answer.outcome, answer.usage.calls) == ("unsupported", 0)
    assert "a model that writes queries" in answer.message


def test_corrective_rag_answers_from_the_passages_that_were_graded_as_answering():
    rules = by_prompt((GRADE, "no, it does not"), otherwise="1887")
    good = by_prompt(("Fire broke out", "**Yes**\nIt gives the year."), (GRADE, "no"))

    def behave(asked, out):
        (good if GRADE in asked.prompt else rules)(asked, out)

    with Endpoint(behave) as endpoint:
        answer = ask(f"corrective_rag(rag={THREE})", Question("q", ELSEWHERE, (TARN,)), endpoint)
        *grades, last = (asked.prompt for asked in endpoint.requests)
    assert len(grades) == 3
    assert all(prompt.count("<passage ") == 1 for prompt in grades)
    assert last.count("<passage ") == 1
    assert "Fire broke out" in last
    assert "Fire broke out" in "".join(passage.text for passage in answer.passages)
    assert answer.message == "1 of 3 passages of search 1 answer"


@pytest.mark.parametrize("grade", ["each", "together"])
def test_corrective_rag_rewrites_searches_again_and_grades_what_is_new(grade):
    def behave(asked, out):
        if GRADE in asked.prompt:
            reply = "yes" if "Ada Varn in 1902" in asked.prompt else "no"
        else:
            reply = 'Query: "stone bridge Ostrel"' if REWRITE in asked.prompt else "Ada Varn"
        by_prompt(otherwise=reply)(asked, out)

    question = Question("q", "Who did the mill masonry at Tarn?", (TARN,))
    with Endpoint(behave) as endpoint:
        answer = ask(f"corrective_rag(grade={grade}, rag={ONE})", question, endpoint)
        prompts = [asked.prompt for asked in endpoint.requests]
    kinds = ["grade" if GRADE in p else "rewrite" if REWRITE in p else "answer" for p in prompts]
    assert kinds == ["grade", "rewrite", "grade", "answer"]
    assert f"- {question.text}" in prompts[1]
    assert "Ada Varn in 1902" in prompts[3]
    assert (answer.text, answer.usage.calls) == ("Ada Varn", 4)
    assert [name for name in steps(answer) if name in ("search 1", "rewrite", "search 2")] == [
        "search 1",
        "rewrite",
        "search 2",
    ]


@pytest.mark.parametrize(
    ("rewrite", "searches"), [("the mill road", 2), (IN_TOP.upper(), 1), ("I do not know.", 1)]
)
def test_corrective_rag_falls_back_after_its_rewrites_or_without_a_new_one(rewrite, searches):
    rules = by_prompt((GRADE, "no"), (REWRITE, rewrite), otherwise="Ada Varn")
    with Endpoint(rules) as endpoint:
        answer = ask(f"corrective_rag(rag={ONE})", Question("q", IN_TOP, (TARN,)), endpoint)
        assert sum(REWRITE in asked.prompt for asked in endpoint.requests) == 1
        assert WHOLE in endpoint.requests[-1].prompt
    assert sum(name.startswith("search ") for name in steps(answer)) == searches
    assert f"searches: {searches}" in answer.message
    assert answer.passages[0].text == TARN.text


def test_corrective_rag_searches_for_no_rewrite_twice():
    rules = by_prompt((GRADE, "no"), (REWRITE, "the mill road"), otherwise="Ada Varn")
    with Endpoint(rules) as endpoint:
        strategy = f"corrective_rag(rag={ONE}, rewrites=5)"
        answer = ask(strategy, Question("q", IN_TOP, (TARN,)), endpoint)
        rewrites = [asked.prompt for asked in endpoint.requests if REWRITE in asked.prompt]
    assert f"- {IN_TOP}\n- the mill road" in rewrites[1]
    assert len(rewrites) == 2
    assert detail(answer, "no other query") == "the mill road"
    assert "searches: 2" in answer.message


@pytest.mark.parametrize("reply", ["maybe", "", "yes or no", "The passages say so.", "yes/no"])
def test_a_verdict_that_is_neither_yes_nor_no_is_never_guessed(reply):
    answer = on_fake(f"corrective_rag(rag={ONE})", f'fake(reply="{reply}")')
    assert (answer.outcome, answer.usage.calls) == ("failed:unreadable", 1)
    assert "expected yes or no" in answer.message
    assert "grades" in steps(answer)


@pytest.mark.parametrize(
    "reply", ["Yes.", "YES, in the second line", "**yes**", "Verdict: yes", "- yes"]
)
def test_a_verdict_may_come_with_other_words(reply):
    script = f'fake(replies=["{GRADE} => {reply}"], reply=Ada Varn)'
    answer = on_fake(f"corrective_rag(rag={ONE})", script)
    assert (answer.outcome, answer.usage.calls) == ("answered", 2)


def test_a_refused_grade_is_the_outcome_and_what_was_paid_is_billed():
    refuse = status(400, error_code="content_filter")
    rules = by_prompt(("Fire broke out", refuse), (GRADE, "no"), otherwise="1887")
    with Endpoint(rules) as endpoint:
        question = Question("q", ELSEWHERE, (TARN,))
        answer = ask(f"corrective_rag(rag={THREE})", question, endpoint)
        made = len(endpoint.requests)
    assert answer.outcome == "refused"
    assert answer.usage.calls == made
    assert "grades" in steps(answer)
    assert not answer.scorable


def test_a_strategy_that_retrieves_nothing_cannot_be_corrected():
    with pytest.raises(ConfigError, match="full_context retrieves nothing"):
        catalog.load(Strategy, "corrective_rag(rag=full_context)")


@pytest.mark.parametrize(
    ("bad", "options", "outcome"),
    [
        (status(400, error_code="content_filter"), "", "refused"),
        (hang(3), "", "failed:timeout"),
        ("no", ", context_window=140", "overflow"),
    ],
    ids=["refuses", "times out", "overruns"],
)
@pytest.mark.parametrize("failing", [GRADE, REWRITE])
def test_a_call_that_fails_on_the_way_names_the_outcome(failing, bad, options, outcome):
    with Endpoint(by_prompt((failing, bad), (GRADE, "no"), otherwise="1887")) as endpoint:
        question = Question("q", ELSEWHERE, (TARN,))
        answer = ask(f"corrective_rag(rag={ONE})", question, endpoint, options=options, timeout=1)
        made = len(endpoint.requests)
    assert answer.outcome == outcome
    assert answer.message
    assert answer.usage.calls == made
    assert {"search 1", "grades"} <= set(steps(answer))
    assert not answer.scorable
