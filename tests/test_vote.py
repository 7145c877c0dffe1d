import pytest
from hypothesis import given
from hypothesis import strategies as st
from misbehaving import answer, hang, status
from ostrel_questions import ALONE, CHOICE, JUDGE, QUESTION, TWO, named
from scripted import ask, by_prompt

from crossover import catalog
from crossover.errors import ConfigError, UnreadableReply
from crossover.experiments.plan import Planned
from crossover.limits import Limits
from crossover.measure import measured
from crossover.pipelines._voting import _picked, agreement, majority
from crossover.roles import Model, Strategy
from crossover.types import Answer, Document, Question


def given_answers(*texts):
    outcomes = {"!": "refused", "?": "declined"}
    return [Answer(text.strip("!?"), outcome=outcomes.get(text[-1:], "answered")) for text in texts]


@pytest.mark.parametrize(
    ("texts", "winner"),
    [
        (("Paris", "London.", "the london"), 1),
        (("Paris", "London"), 0),
        (("Paris", "It is not said?", "No idea?"), 1),
        (("Paris!", "!", "London"), 2),
        (("!", "Paris!"), 0),
        (("a", "b", "b", "a"), 0),
        ((), 0),
    ],
)
def test_most_win_and_ties_go_to_the_first(texts, winner):
    assert majority(given_answers(*texts), QUESTION) == winner


def test_choices_count_by_their_letters():
    answers = given_answers("A", "B.", "(B) Ada Varn", "The answer is A", "Ada Varn")
    assert majority(answers, CHOICE) == 1


@given(st.lists(st.sampled_from(["a", "b", "c!", "d?"]), min_size=1, max_size=9))
def test_no_answer_is_shared_by_more_than_the_winner(texts):
    answers = given_answers(*texts)
    at = majority(answers, QUESTION)
    counts = [texts.count(text) for text in texts if text != "c!"]
    if counts:
        assert texts[at] != "c!"
        assert texts.count(texts[at]) == max(counts)
        assert texts.index(texts[at]) == at
    else:
        assert at == 0


@pytest.mark.parametrize(
    ("texts", "chosen", "share"),
    [
        (("Paris", "London.", "the london"), 1, 2 / 3),
        (("Paris", "London"), 0, 0.5),
        (("It is not said?", "No idea?", "Paris", "!"), 0, 0.5),
        (("!", "!"), 0, 0.0),
    ],
)
def test_how_far_voters_agree_is_a_figure(texts, chosen, share):
    assert agreement(given_answers(*texts), chosen, QUESTION) == share


def test_voters_are_stages_side_by_side_and_all_are_billed(endpoint):
    endpoint.play(by_prompt((ALONE, "Belo Trask"), otherwise="Ada Varn"))
    found = ask("vote(strategies=[closed_book, rag, full_context])", QUESTION, endpoint)
    assert (found.text, found.outcome, found.usage.calls) == ("Ada Varn", "answered", 3)
    assert found.figures == {"agreement": 2 / 3}
    stages = [step.detail for step in found.trace if step.name.startswith("voter")]
    assert sorted(stages) == ["closed_book", "full_context", "rag"]
    assert found.passages
    assert len(endpoint.requests) == 3


def test_a_failing_voter_never_wins_and_all_failing_is_the_first_failure(endpoint):
    refuses = status(400, error_code="content_filter")
    endpoint.play(by_prompt((ALONE, refuses), otherwise="Ada Varn"))
    found = ask("vote(strategies=[closed_book, rag])", QUESTION, endpoint)
    assert (found.text, found.outcome, found.usage.calls) == ("Ada Varn", "answered", 2)
    endpoint.play(by_prompt((ALONE, refuses), otherwise=status(500)))
    found = ask("vote(strategies=[closed_book, rag])", QUESTION, endpoint)
    assert (found.outcome, found.usage.calls) == ("refused", 2)
    assert found.message


def test_a_voter_that_overflows_leaves_the_field_to_the_others(endpoint):
    long = Question("q", "Who?", (Document("d", "Ada Varn built it. " * 400),))
    endpoint.play(by_prompt(otherwise="Ada Varn"))
    strategy = "vote(strategies=[full_context(overflow=fail), rag(k=1, chunker=tokens(size=50))])"
    found = ask(strategy, long, endpoint, options=", context_window=700")
    assert (found.outcome, found.usage.calls) == ("answered", 1)
    assert len(found.passages) == 1


def test_a_limit_stops_the_vote_with_the_best_so_far(endpoint):
    endpoint.play(by_prompt(otherwise="Ada Varn"))
    strategy = "vote(strategies=[rag, closed_book, full_context])"
    found = ask(strategy, QUESTION, endpoint, limits=Limits(calls=2), options=", concurrency=1")
    assert (found.outcome, found.text, found.usage.calls) == ("stopped:calls", "Ada Varn", 2)


def test_a_judge_picks_by_number_among_different_answers(endpoint):
    def pick(asked):
        # the judge's passages: the number of the answer that holds Belo
        before = asked.prompt.partition("Belo Trask")[0]
        return f'{{"why": "x", "choice": {before.count("<passage ")}}}'

    endpoint.play(by_prompt((JUDGE, answer(pick)), (ALONE, "Belo Trask"), otherwise="Ada Varn"))
    found = ask("vote(strategies=[rag, full_context, closed_book], by=judge)", QUESTION, endpoint)
    assert (found.text, found.usage.calls) == ("Belo Trask", 4)
    judged = endpoint.requests[-1].prompt
    assert judged.count("<passage ") == 2
    assert named(found, "judge")


def test_the_order_before_the_judge_is_drawn_per_question(endpoint):
    endpoint.play(by_prompt((JUDGE, '{"choice": 1}'), (ALONE, "Belo Trask"), otherwise="Ada Varn"))
    strategy = "vote(strategies=[rag, closed_book], by=judge)"
    winners = []
    for number in range(8):
        asked = Question(f"q{number}", QUESTION.text, QUESTION.documents)
        first, again = (ask(strategy, asked, endpoint).text for _ in range(2))
        assert first == again
        winners.append(first)
    assert set(winners) == {"Ada Varn", "Belo Trask"}


def test_a_judge_is_not_asked_where_all_agree(endpoint):
    endpoint.play(by_prompt((JUDGE, "nonsense"), otherwise="Ada Varn"))
    found = ask(f"vote({TWO}, by=judge)", QUESTION, endpoint)
    assert (found.outcome, found.usage.calls) == ("answered", 2)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("The second one, I think.", "failed:unreadable"),
        ('{"choice": 3}', "failed:unreadable"),
        ('{"choice": "B"}', "failed:unreadable"),
        ("", "failed:unreadable"),
        (status(400, error_code="content_filter"), "refused"),
        (hang(3), "failed:timeout"),
    ],
)
def test_a_judge_that_fails_names_the_outcome(endpoint, reply, outcome):
    endpoint.play(by_prompt((JUDGE, reply), (ALONE, "Belo Trask"), otherwise="Ada Varn"))
    found = ask("vote(strategies=[rag, closed_book], by=judge)", QUESTION, endpoint, timeout=1)
    assert (found.outcome, found.usage.calls) == (outcome, 3)
    assert found.message
    assert named(found, "judge")


def test_the_judge_s_number_must_be_one_of_the_answers():
    assert _picked('```json\n{"choice": 2}\n```', 2) == 2
    for text in ('{"choice": 0}', '{"choice": 3}'):
        with pytest.raises(UnreadableReply, match="of 2"):
            _picked(text, 2)


def test_a_judge_of_ones_own_is_asked_and_planned():
    text = 'vote(strategies=[rag, closed_book], by=judge, judge=fake(reply="{choice: 2}"))'
    strategy = catalog.load(Strategy, text)
    model = catalog.load(Model, 'fake(replies=["what you know => Belo Trask"], reply=Ada Varn)')
    found = measured(strategy, QUESTION, model)
    assert (found.outcome, found.usage.calls) == ("answered", 3)
    planned = measured(strategy, QUESTION, Planned(model), planning=True)
    assert planned.usage.calls == 3


def test_a_text_of_a_vote_comes_back_and_lists_of_lists_sweep():
    text = "vote(strategies=[rag(k=3), closed_book], by=judge, judge=reader)"
    strategy = catalog.load(Strategy, text)
    assert catalog.spec(strategy) == text
    assert catalog.load(Strategy, catalog.spec(strategy)) == strategy
    swept = catalog.expand(
        Strategy, "vote(strategies=[[rag, closed_book], [rag, full_context]], by=[majority, judge])"
    )
    assert len({catalog.identity(one) for one in swept}) == 4
    with pytest.raises(ConfigError, match="two or more"):
        catalog.load(Strategy, "vote(strategies=[rag])")
