"""Searching again for what is missing, and what that brought."""

import json

import pytest
from misbehaving import hang, status
from several_rounds import CHECK, REFLECT, details, in_turn, names, on_endpoint, shown

from crossover import catalog
from crossover.errors import ConfigError
from crossover.limits import Limits
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

HERE, THERE = "The tower of Ostrel is kept by Belo Trask.\n", "Belo Trask comes from Quill.\n"
TEXT = (
    HERE
    + "The tower of Ostrel stands on a hill.\n"
    + THERE
    + "Quill has a harbour full of gulls and cranes.\n"
    + "The mill grinds barley and oats.\n"
    + "Barley is sold by the sack.\n"
)
QUESTION = Question(
    "q", "Where was the keeper of the tower of Ostrel born?", (Document("ostrel", TEXT),)
)
# a passage is a line
RAG = "rag(k=2, chunker=lines)"
ITERATIVE = f"iterative_rag(rag={RAG})"
TRASK, BARLEY = "Trask Quill", "barley mill"


def iterative(*thoughts, strategy=ITERATIVE, rules=(), **options):
    return on_endpoint(strategy, QUESTION, *rules, (REFLECT, in_turn(*thoughts)), **options)


def thought(query, enough=False, summary="Belo Trask keeps it."):
    return json.dumps({"summary": summary, "enough": enough, "query": query})


def kinds(prompts):
    return [kind for kind, _ in prompts]


def test_it_asks_for_what_is_missing_until_it_has_enough():
    answer, prompts = iterative(thought(TRASK), thought("", enough=True))
    assert kinds(prompts) == ["reflect", "reflect", "answer"]
    assert (answer.text, answer.usage.calls) == ("Quill", 3)
    first, second, last = (prompt for _, prompt in prompts)
    assert "(nothing yet)" in first
    assert "Belo Trask keeps it." in second
    assert f"- {QUESTION.text}\n- {TRASK}" in second
    # only what is new is read again; the answer sees all passages, and no summary
    assert [shown(prompt) for prompt in (first, second, last)] == [2, 1, 3]
    assert THERE.strip() in second
    assert "Belo Trask keeps it." not in last
    assert names(answer, "round") == ["round 1", "round 2"]
    assert details(answer, "ended early") == ["the model has enough"]
    assert [p.text for p in answer.passages] == TEXT.splitlines(keepends=True)[:3]


@pytest.mark.parametrize(
    ("thoughts", "ended", "rounds", "reflections"),
    [
        ((thought(TRASK, enough=True),), "the model has enough", 1, 1),
        ((thought(QUESTION.text.upper()),), "the model has no other query", 1, 1),
        ((thought(None),), "the model has no other query", 1, 1),
        ((thought("tower Ostrel hill"),), "nothing new was found", 2, 1),
        ((thought(TRASK), thought(f"“{TRASK}”")), "the model has no other query", 2, 2),
    ],
)
def test_it_stops_early_or_makes_all_rounds(thoughts, ended, rounds, reflections):
    answer, prompts = iterative(*thoughts)
    assert names(answer).count("searched") == rounds
    assert kinds(prompts) == ["reflect"] * reflections + ["answer"]
    assert details(answer, "ended early") == [ended]
    fixed, prompts = iterative(*thoughts, strategy=f"iterative_rag(rag={RAG}, stops=false)")
    assert names(fixed).count("searched") == 3
    assert kinds(prompts) == ["reflect", "reflect", "answer"]
    assert ended in details(fixed, "would have ended")
    assert answer.outcome == fixed.outcome == "answered"


def test_the_trace_records_what_each_round_found():
    answer, _ = iterative(thought(TRASK), thought(BARLEY))
    assert details(answer, "searched") == [
        f"{QUESTION.text!r}: 2 found, 2 new",
        f"{TRASK!r}: 2 found, 1 new, 1 of the first search's",
        f"{BARLEY!r}: 2 found, 2 new, 0 of the first search's",
    ]
    evidence = TEXT.index(THERE)
    precision = []
    for found in map(json.loads, details(answer, "passages found")):
        held = [start <= evidence < end for _, start, end in found]
        precision.append(sum(held) / len(held))
    assert precision == [0.0, 0.5, 0.0]
    assert all(TEXT[p.start : p.end] == p.text for p in answer.passages)
    back, _ = iterative(thought(TRASK), thought("tower Ostrel hill"))
    assert details(back, "searched")[2].endswith("2 found, 0 new, 2 of the first search's")


@pytest.mark.parametrize("k_total", [1, 3, 4])
def test_what_is_collected_is_bounded_and_the_first_found_stay(k_total):
    strategy = f"iterative_rag(rag={RAG}, k_total={k_total}, stops=false)"
    answer, _ = iterative(thought(BARLEY), thought(TRASK), strategy=strategy)
    _, hill, there, _, mill, barley = TEXT.splitlines(keepends=True)
    best_first = [hill, HERE, mill, barley]
    assert {p.text for p in answer.passages} == set(best_first[:k_total])
    assert there not in {p.text for p in answer.passages}


@pytest.mark.parametrize(
    ("verdicts", "said", "lost"),
    [(("yes", "no"), "yes; those of all rounds: no (lost)", 1), (("no", "yes"), "rounds: yes", 0)],
)
def test_checks_say_whether_later_rounds_lost_the_answer(verdicts, said, lost):
    def check(asked, out):
        in_turn(verdicts[shown(asked.prompt) > 2])(asked, out)

    strategy = f"iterative_rag(rag={RAG}, rounds=2, checks=true)"
    answer, prompts = iterative(thought(BARLEY), strategy=strategy, rules=((CHECK, check),))
    assert kinds(prompts) == ["reflect", "check", "check", "answer"]
    assert details(answer, "answerable")[0].endswith(said)
    assert answer.figures["answerability_lost"] == lost
    later = len(answer.passages) - 2
    assert answer.figures["from_refined_queries"] == later / len(answer.passages) > 0


def test_a_check_that_cannot_be_read_costs_no_answer():
    strategy = f"iterative_rag(rag={RAG}, rounds=2, checks=true)"
    answer, _ = iterative(thought(BARLEY), strategy=strategy, rules=((CHECK, "perhaps"),))
    assert answer.outcome == "answered"
    assert "unreadable" in details(answer, "answerable")[0]
    assert answer.figures["answerability_lost"] is None


def test_it_retrieves_alone_what_its_answer_would_rest_on():
    script = f'fake(replies=["{REFLECT} => {{enough: false, query: {BARLEY}}}"])'
    strategy, model = catalog.load(Strategy, ITERATIVE), catalog.load(Model, script)
    found = strategy.retrieve(QUESTION, model)
    answered = measured(strategy, QUESTION, model).passages
    assert len(found) == 4
    assert sorted(p.start for p in found) == sorted(p.start for p in answered)


def test_one_round_is_plain_rag_and_served_by_the_reader():
    reader = catalog.load(Model, "reader")
    one, plain = (
        measured(catalog.load(Strategy, text), QUESTION, reader)
        for text in (f"iterative_rag(rag={RAG}, rounds=1)", RAG)
    )
    assert (one.text, one.passages, one.usage.calls) == (plain.text, plain.passages, 1)


@pytest.mark.parametrize(
    "reply", ["", "Belo", '{"summary": "s", "query": "q"}', '{"enough": "perhaps"}']
)
def test_a_reflection_that_cannot_be_read_is_never_guessed(reply):
    answer, _ = iterative(reply)
    assert (answer.outcome, answer.usage.calls) == ("failed:unreadable", 1)
    assert "summary, enough, query" in answer.message


@pytest.mark.parametrize(
    ("bad", "options", "outcome", "calls"),
    [
        (status(400, error_code="content_filter"), "", "refused", 1),
        (hang(3), "", "failed:timeout", 1),
        ("", "", "failed:unreadable", 1),
        ('{"summary": "Belo", "enough": ', "", "failed:unreadable", 1),
        ("anything", ", context_window=300", "overflow", 0),
    ],
    ids=["refuses", "times out", "replies nothing", "breaks off", "overruns"],
)
def test_a_call_that_fails_on_the_way_names_the_outcome(bad, options, outcome, calls):
    answer, prompts = iterative(bad, options=options, timeout=1)
    assert answer.outcome == outcome
    assert answer.message
    assert {"round 1", "searched", "reflection"} <= set(names(answer))
    assert answer.usage.calls == len(prompts) == calls
    assert not answer.scorable


def test_a_limit_before_the_answer_has_a_name():
    answer, prompts = iterative(thought(TRASK), limits=Limits(calls=2))
    assert (answer.outcome, len(prompts)) == ("stopped:calls", 2)


def test_the_reader_is_refused_before_it_reads_anything():
    answer = measured(catalog.load(Strategy, ITERATIVE), QUESTION, catalog.load(Model, "reader"))
    assert (answer.outcome, answer.usage.calls) == ("unsupported", 0)
    assert "a model that writes JSON" in answer.message


@pytest.mark.parametrize(
    ("text", "calls"), [(ITERATIVE, 3), ("iterative_rag(checks=true, rounds=2)", 4)]
)
def test_a_dry_run_counts_every_round(text, calls):
    from crossover.experiments.plan import Planned

    model = Planned(catalog.load(Model, "fake(fails=server)"))
    answer = measured(catalog.load(Strategy, text), QUESTION, model, planning=True)
    assert (answer.outcome, answer.usage.calls) == ("answered", calls)


def test_a_dry_run_shows_as_many_passages_as_all_rounds_could_find():
    from crossover.experiments.plan import Planned

    model = Planned(catalog.load(Model, "fake"))
    answer = measured(catalog.load(Strategy, ITERATIVE), QUESTION, model, planning=True)
    assert len(answer.passages) == 6


def test_what_retrieves_nothing_is_refused_when_it_is_written_down():
    with pytest.raises(ConfigError, match="closed_book retrieves nothing"):
        catalog.load(Strategy, "iterative_rag(rag=closed_book)")


def test_its_text_round_trips_and_sweeps_inside():
    for text in (ITERATIVE, "iterative_rag(rag=lara_rag, rounds=2, stops=false)"):
        assert catalog.spec(catalog.load(Strategy, text)) == text
    swept = catalog.expand(Strategy, "iterative_rag(rag=rag(k=[2, 4]), rounds=[2, 3])")
    assert len({catalog.spec(one) for one in swept}) == 4
