"""A router over an app's own chains."""

import time
from dataclasses import dataclass, field

import pytest
from app_chains import BUILT, LONG, QUESTION, SHORT, cascade, declines, full, rag, rules

from crossover import catalog
from crossover.decisions import Budget, Decision, Profile
from crossover.errors import ConfigError, ProviderError, UnknownName
from crossover.roles import Model, Policy
from crossover.router.bound import Chain
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.rules import Rules
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router
from crossover.types import Answer, Document, Passage, Question, Usage

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"


def down(question):
    raise RuntimeError(f"no connection\nwith {KEY}")


@dataclass
class Seeing(Policy):
    """Remembers what it is shown; keeps the first answer, whatever it is."""

    shown: list = field(default_factory=list)
    strategies = ("rag",)

    def decide(self, question, profile, budget, answers_so_far=()):
        self.shown.append((question, profile, budget, tuple(answers_so_far)))
        return Decision("rag", keep=bool(answers_so_far), final=False)


def test_the_decision_needs_a_question_and_a_profile_alone():
    bound = rules(rag=down, full_context=down)
    assert bound.decide(QUESTION, SHORT).strategy == "full_context"
    assert bound.decide(QUESTION, LONG).strategy == "rag"
    assert bound.decide(QUESTION).reasons == ("how long the documents are is not known",)
    assert bound.decide(QUESTION, SHORT, Budget(tokens=50)).strategy == "rag"


def test_the_chain_that_was_decided_for_answers():
    assert rules().answer(QUESTION, profile=SHORT).text == f"whole: {QUESTION}"
    answer = rules().answer(QUESTION, profile=LONG)
    assert (answer.text, answer.outcome) == (f"parts: {QUESTION}", "answered")
    assert answer.message == "rag answered (rag)"
    assert answer.seconds > 0
    assert (answer.usage.calls, answer.usage.input_tokens, answer.usage.dollars) == (1, None, None)
    assert "1,000,000 tokens" in answer.trace[-1].detail


def test_an_answer_that_declines_is_escalated_and_both_passes_are_billed():
    def first(question):
        return Answer("The text does not mention it.", usage=Usage(10, 2, calls=1, dollars=0.25))

    def then(question):
        return Answer("Ada Varn", usage=Usage(90, 3, calls=2, dollars=0.5))

    answer = cascade(rag=first, full_context=then).answer(QUESTION)
    assert answer.text == "Ada Varn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (100, 5)
    assert (answer.usage.calls, answer.usage.dollars) == (3, 0.75)
    assert answer.message == "full_context answered (full_context after rag)"


def test_an_answer_that_stands_is_kept():
    answer = cascade(full_context=down).answer(QUESTION)
    assert (answer.text, answer.usage.calls) == (f"parts: {QUESTION}", 1)


def test_a_policy_is_shown_what_the_answers_so_far_took():
    policy = Seeing()
    slow = Router(policy).bind(
        rag=lambda q: (time.sleep(0.02), Answer("a", usage=Usage(7, 2, calls=1)))[1]
    )
    slow.answer(QUESTION, budget=Budget(tokens=100))
    (_, _, budget, none), (_, _, _, (seen,)) = policy.shown
    assert (budget, none) == (Budget(tokens=100), ())
    assert seen.usage.input_tokens == 7
    assert seen.seconds >= 0.02


@pytest.mark.parametrize(
    ("chain", "outcome", "said"),
    [
        (down, "failed:rag", "RuntimeError: no connection with"),
        (lambda q: None, "failed:empty", "replied with nothing"),
        (lambda q: object(), "failed:bad_reply", "no answer; return a text"),
        (lambda: "takes nothing", "failed:rag", "TypeError"),
        (lambda q: {"nothing": "here"}, "failed:bad_reply", "the reply has no answer"),
    ],
)
def test_a_chain_that_fails_is_named_and_the_other_is_asked(chain, outcome, said):
    bound = rules(rag=chain)
    answer = bound.answer(QUESTION, profile=LONG)
    assert (answer.text, answer.outcome) == (f"whole: {QUESTION}", "answered")
    assert f"rag failed ({outcome}: " in answer.message
    assert said in answer.message
    assert KEY not in answer.message
    assert bound.route(QUESTION, profile=LONG).route.fell_back == ["full_context"]


def test_where_nothing_answers_the_failure_is_the_outcome():
    def limited(question):
        raise ProviderError("rate_limit", "too many")

    answer = rules(rag=down, full_context=limited).answer(QUESTION, profile=LONG)
    assert (answer.text, answer.outcome) == ("", "failed:rate_limit")
    assert "nothing answered (full_context after rag); rag failed (failed:rag" in answer.message
    assert not answer.scorable


def test_a_wrong_configuration_is_no_outcome():
    def wrong(question):
        raise ConfigError("no key")

    with pytest.raises(ConfigError, match="no key"):
        rules(rag=wrong).answer(QUESTION, profile=LONG)


@pytest.mark.parametrize(
    ("chains", "said"),
    [
        ({"rag": rag}, r"no chain for full_context; it chooses between: rag, full_context"),
        ({"rga": rag, "full_context": full}, r"no 'rga' in what this router .* mean rag\?"),
        ({"rag": rag, "full_context": 5}, "a int can be neither called, invoked nor queried"),
        ({"rag": rag, "full_context": full, "passages": 5}, "a int finds no passages"),
        ({"rag": rag, "full_context": full, "profile": 5}, "profile is a int; give a Profile"),
        ({}, "no chain for rag, full_context"),
    ],
)
def test_what_cannot_be_bound_is_said_in_one_line(chains, said):
    with pytest.raises(ConfigError, match=said) as told:
        Router(Rules()).bind(**chains)
    assert "\n" not in str(told.value)


def test_strategies_with_options_go_by_their_short_name_where_only_one_has_it():
    router = Router(SelfRoute(first="rag(k=4)", then="full_context"))
    assert router.bind(rag=rag, full_context=full).answer(QUESTION).text == rag(QUESTION)
    assert router.bind(**{"rag(k=4)": rag, "full_context": full}).answer(QUESTION).usage.calls == 1
    with pytest.raises(ConfigError, match="bound twice"):
        router.bind(**{"rag(k=4)": rag, "rag": rag, "full_context": full})
    two = Router(SelfRoute(first="rag(k=4)", then="rag(k=16)"))
    with pytest.raises(UnknownName):
        two.bind(rag=rag)
    answer = two.bind(**{"rag(k=4)": declines, "rag(k=16)": full}).answer(QUESTION)
    assert answer.text == full(QUESTION)


def test_the_apps_passages_reach_policy_and_chain_and_are_found_once():
    policy, asked = Seeing(), []

    def find(question):
        asked.append(question)
        return [BUILT, {"text": "It rains.", "source": "weather.md", "start": 5}]

    def answers(question, passages):
        return passages[0], passages

    answer = Router(policy).bind(rag=answers, passages=find).answer(QUESTION)
    assert asked == [QUESTION]
    assert answer.text == BUILT
    assert answer.passages == (
        Passage("passage 1", 0, 0, BUILT, 1.0),
        Passage("weather.md", 5, 14, "It rains.", 0.5),
    )
    assert policy.shown[0][1].passages == answer.passages


def test_passages_of_the_profile_are_not_searched_for():
    def find(question):
        raise AssertionError("searched")

    policy, given = Seeing(), (Passage("d", 0, len(BUILT), BUILT),)
    bound = Router(policy).bind(rag=lambda question, passages: passages[0].text, passages=find)
    assert bound.answer(QUESTION, profile=Profile(passages=given)).text == BUILT
    assert bound.decide(QUESTION, Profile(passages=given)).strategy == "rag"


def test_a_retrieval_that_fails_is_told_and_only_those_that_need_it_fail():
    def needing(question, passages):
        return passages[0]

    bound = rules(rag=needing, passages=down)
    answer = bound.answer(QUESTION, profile=LONG)
    assert answer.text == full(QUESTION)
    assert "it takes passages, and there are none" in answer.message
    (told,) = (step for step in answer.trace if step.name == "retrieval failed")
    assert "RuntimeError: no connection" in told.detail
    assert KEY not in told.detail
    assert rules(passages=down).answer(QUESTION, profile=LONG).text == rag(QUESTION)


def test_a_chain_may_take_and_return_mappings_of_its_own():
    def app(given):
        return {"out": {"said": f"{given['ask']}: {given['found'][0]}"}}

    chain = Chain(app, question_field="ask", passages_field="found", answer_field="out.said")
    bound = Router(Fixed("rag")).bind(rag=chain, passages=lambda q: [BUILT])
    assert bound.answer(QUESTION).text == f"{QUESTION}: {BUILT}"
    with pytest.raises(ConfigError, match="question_field"):
        Chain(app, passages_field="found")


def test_what_is_the_same_for_every_question_is_bound_once():
    policy = Seeing()
    bound = Router(policy).bind(rag=rag, profile=Profile(tokens=5, model="openai:gpt-4o"))
    bound.answer(QUESTION, profile=Profile(tokens=70, documents=2))
    bound.answer(QUESTION)
    assert policy.shown[0][1] == Profile(tokens=70, documents=2, model="openai:gpt-4o")
    assert policy.shown[-1][1].tokens == 5


def test_documents_that_are_at_hand_place_the_passages():
    town = Document("town", f"It rains. {BUILT}")
    bound = Router(Fixed("rag")).bind(rag=lambda q: ("Ada", [BUILT, "Nowhere."]))
    answer = bound.answer(Question("q", QUESTION, (town,)))
    assert answer.passages == (Passage("town", 10, 10 + len(BUILT), BUILT, 1.0),)


def test_choices_come_with_the_question():
    question = Question("q", QUESTION, form="choice", choices=("Ada", "Belo"))
    assert "B. Belo" in Router(Fixed("rag")).bind(rag=rag).answer(question).text


def test_chains_of_ours_are_metered_as_they_go():
    def ours(question):
        from crossover.types import Request

        model = catalog.load(Model, "fake(reply=Ada Varn)")
        return model.complete(Request("Answer.", question)).text

    usage = Router(Fixed("rag")).bind(rag=ours).answer(QUESTION).usage
    assert (usage.calls, usage.dollars) == (1, 0.0)
    assert usage.input_tokens > 0
