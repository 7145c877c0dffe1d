"""Clarification, demonstrations and an outline before the answer."""

import json
from itertools import pairwise

import pytest
from evidence_texts import FACT, QUESTION, TEXTS, TOWN, details, names
from misbehaving import Endpoint, answer
from passages import assert_verbatim
from scripted import ask, by_prompt

from crossover import catalog
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.models.reader import Reader
from crossover.pipelines import _paragraphs
from crossover.roles import Strategy
from crossover.types import Document, Question, Request

# prompts of a later turn hold those of the earlier ones: the latest come first
CLARIFY = (
    ("that you have just given", "yes"),
    ("Now answer the first question", "Ada Varn"),
    ("Can you now answer", "no"),
    ("from the passages [2] [3]", "It was Ada."),
    ("Which passages help", "See [2] and [3], not [77]."),
    ("Ask one", "Which bridges are there?"),
)


def clarifying(**changed):
    """The script with other replies to the prompts that hold these words."""
    return by_last_turn(tuple((part, changed.get(part.split()[0], r)) for part, r in CLARIFY))


def by_last_turn(rules):
    def behave(asked, out):
        last = str(asked.body["messages"][-1]["content"])
        reply = next((reply for part, reply in rules if part in last), "an answer")
        return (answer(reply) if isinstance(reply, str) else reply)(asked, out)

    return behave


def turns(asked):
    return [str(message["content"]) for message in asked.body["messages"]]


def test_rounds_of_clarification_share_their_beginning():
    with Endpoint(clarifying()) as endpoint:
        got = ask("clarify(depth=2, paragraph=100)", QUESTION, endpoint)
        requests = endpoint.requests
    assert (got.outcome, got.text) == ("answered", "Ada Varn")
    assert got.usage.calls == len(requests) == 3 + 1 + 3 + 1
    for earlier, later in pairwise(requests):
        assert turns(later)[: len(turns(earlier))] == turns(earlier)
    assert "<passage id=" in turns(requests[0])[0]
    assert QUESTION.text in turns(requests[0])[0]
    assert FACT in " ".join(p.text for p in got.passages)
    assert [got.passages.index(p) + 1 for p in got.evidence] == [2, 3]
    assert details(got, "pointed back to") == ["[2] [3]; there is no 77"] * 2
    assert names(got).count("self-check") == 1
    assert [name for name in names(got) if name.startswith("round")] == ["round 1", "round 2"]
    for passage in got.passages:
        assert_verbatim(passage, TEXTS)


def test_a_self_check_ends_the_rounds():
    with Endpoint(clarifying(Can="Yes.")) as endpoint:
        got = ask("clarify", QUESTION, endpoint)
    assert got.usage.calls == 4 + 1
    with Endpoint(clarifying(Can="perhaps")) as endpoint:
        got = ask("clarify", QUESTION, endpoint)
    assert got.usage.calls == 4 + 4 + 3 + 1
    assert details(got, "self-check: neither yes nor no") == ["'perhaps'"] * 2


@pytest.mark.parametrize(
    ("options", "calls", "absent"),
    [("depth=0", 1, "clarifying question"), ("depth=1, point_back=false", 3, "point back")],
)
def test_ablations_of_clarification(options, calls, absent):
    with Endpoint(clarifying()) as endpoint:
        got = ask(f"clarify({options})", QUESTION, endpoint)
    assert (got.outcome, got.usage.calls) == ("answered", calls)
    assert absent not in names(got)
    assert got.evidence == ()


def test_paths_that_pass_their_review_are_counted():
    def path(asked):
        return asked.body["messages"][0]["content"] and asked.body.get("seed")

    seeds = []

    def behave(asked, out):
        last = turns(asked)[-1]
        said = " ".join(turns(asked))
        if "Ask one" in last:
            seeds.append((path(asked), asked.body.get("temperature")))
            return answer(f"Question of path {path(asked)}?")(asked, out)
        bad = "path 5" in said
        if "Now answer" in last:
            return answer("Belo Trask" if bad or "path 6" in said else "Ada  varn.")(asked, out)
        if "just given" in last:
            return answer("no" if bad else "yes")(asked, out)
        return answer("[1]")(asked, out)

    with Endpoint(behave) as endpoint:
        got = ask("clarify(depth=1, branching=4, seed=5)", QUESTION, endpoint)
    # two say Ada and one Belo of those that pass; the one that does not makes no tie
    assert got.text == "Ada  varn."
    assert got.usage.calls == 4 * 5
    assert details(got, "paths joined") == ["3 of 4 passed review"]
    assert sorted(seeds) == [(5, 0.7), (6, 0.7), (7, 0.7), (8, 0.7)]
    assert {step.branch for step in got.trace if step.name == "round 1"} == {0, 1, 2, 3}


def test_a_text_beyond_the_window_is_cut_in_the_middle_and_said():
    model = Fake(reply="Ada Varn", context_window=700)
    got = measured(catalog.load(Strategy, "clarify(depth=0, paragraph=60)"), QUESTION, model)
    assert got.outcome == "truncated"
    assert "cut at the middle" in got.cut
    shown = " ".join(p.text for p in got.passages)
    assert "stall 0 " in shown
    assert "Gulls" in shown
    assert FACT not in shown


@pytest.mark.parametrize(
    ("reply", "known", "unknown"),
    [
        ("[2] and [3]", [2, 3], []),
        ("Passages 2, 5 and 9", [2, 5], [9]),
        ("[2-4], [1]", [2, 3, 4, 1], []),
        ("In 1902 there was [3]", [3], []),
        ("[4–90]", [4, 5], []),
        ("none", [], []),
        ("", [], []),
        ("[0] [6]", [], [0, 6]),
    ],
)
def test_numbers_that_a_reply_names_are_checked(reply, known, unknown):
    assert _paragraphs.named(reply, 5) == (known, unknown)


def test_paragraphs_are_whole_sentences_of_at_most_that_size():
    paragraphs, cut = _paragraphs.numbered([TOWN], 60, Request("?"), Fake())
    assert not cut
    assert len(paragraphs) > 12
    assert all(p.text.endswith(".") and p.text[0].isupper() for p in paragraphs)
    assert all(Fake().count(p.text) <= 60 for p in paragraphs)
    assert " ".join(p.text for p in paragraphs).split() == TOWN.text.split()


def written(asked, out):
    """Write a demonstration that is about its paragraph; answer in the form that is shown."""
    if "one short factual question" in asked.prompt:
        first = asked.prompt.split("\n")[1][:30]
        pair = {"question": f"What of {first}?", "answer": 1902}
        return answer(json.dumps(pair))(asked, out)
    return answer("Passages: [2], [99]\n\nAnswer: Ada\nVarn")(asked, out)


def test_demonstrations_come_from_the_text_and_name_their_paragraphs():
    spec = "recycled_demos(paragraph=100, k=2)"
    with Endpoint(written) as endpoint:
        got = ask(spec, QUESTION, endpoint)
        *demos, final = (asked.prompt for asked in endpoint.requests)
    assert (got.outcome, got.text) == ("answered", "Ada\nVarn")
    assert got.evidence == (got.passages[1],)
    assert len(demos) == 2
    assert final.count("<passage id=") == len(got.passages) > 8
    assert final.count(QUESTION.text) == 1
    shown = final.partition("Here are questions")[2].split("Question: ")[1:]
    assert len(shown) == 3
    for one in shown[:2]:
        said, named_first, replied = one.strip().split("\n")
        number = int(named_first.removeprefix("Passages: [").removesuffix("]"))
        assert got.passages[number - 1].text.startswith(said.removeprefix("What of ").rstrip("?"))
        assert replied == "Answer: 1902"


def test_demonstrations_are_written_once_and_billed_to_every_answer():
    spec = "recycled_demos(paragraph=90, seed=11)"
    other = Question("other", "Who is the mayor?", QUESTION.documents)
    with Endpoint(written) as endpoint:
        first = ask(spec, QUESTION, endpoint)
        second = ask(spec, other, endpoint)
        assert len(endpoint.requests) == 3 + 1 + 1
        assert ask("recycled_demos(paragraph=90, seed=12)", other, endpoint).usage.calls == 4
        assert len(endpoint.requests) == 5 + 4
    assert first.usage.calls == second.usage.calls == 4
    written_before = next(s for s in second.trace if s.name == "demonstrations written before")
    assert second.seconds > written_before.seconds > 0
    spent = sum(s.usage.output_tokens for s in first.trace[:-1] if s.usage)
    assert written_before.usage.output_tokens <= spent


def test_ablations_of_demonstrations():
    with Endpoint(written) as endpoint:
        plain = ask("recycled_demos(k=0)", QUESTION, endpoint)
        assert len(endpoint.requests) == 1
        assert "Here are questions" not in endpoint.requests[0].prompt
    assert (plain.usage.calls, plain.text) == (1, "Ada\nVarn")
    with Endpoint(written) as endpoint:
        ask("recycled_demos(k=1, name_passages=false, seed=3)", QUESTION, endpoint)
        assert "Passages: [" not in endpoint.requests[-1].prompt
        assert "Answer: 1902" in endpoint.requests[-1].prompt


def test_one_unreadable_demonstration_is_left_out_and_said():
    bad = iter(["no JSON", '{"question": "Q?", "answer": "A"}', "{}"])

    def behave(asked, out):
        writing = "one short factual question" in asked.prompt
        return answer(next(bad) if writing else "Ada Varn")(asked, out)

    with Endpoint(behave) as endpoint:
        got = ask("recycled_demos(seed=21)", QUESTION, endpoint, options=", concurrency=1")
        assert endpoint.requests[-1].prompt.count("Answer: A\n") == 1
    assert (got.outcome, got.text) == ("answered", "Ada Varn")
    assert len(details(got, "no demonstration")) == 2


def test_another_model_may_write_and_is_planned_apart():
    from crossover.experiments.plan import Planned

    writer = 'fake(replies=["one short factual => {question: Q, answer: A}"])'
    strategy = catalog.load(Strategy, f"recycled_demos(writer={writer}, seed=31)")
    got = measured(strategy, QUESTION, Fake(reply="Answer: Ada"))
    assert (got.text, got.usage.calls) == ("Ada", 4)
    failing = catalog.load(Strategy, "recycled_demos(writer=fake(fails=server))")
    got = measured(failing, QUESTION, Planned(Fake(fails="server")), planning=True)
    assert (got.outcome, got.usage.calls) == ("answered", 4)


def test_choices_stand_in_the_question_of_a_demonstrated_answer():
    asked = Question("q", "Who?", (TOWN,), "choice", ("Belo", "Ada"))
    script = by_prompt(("one short factual", '{"question": "Q", "answer": "A"}'), otherwise="B")
    with Endpoint(script) as endpoint:
        got = ask("recycled_demos(seed=41)", asked, endpoint)
        assert "Question: Who?\nA. Belo\nB. Ada" in endpoint.requests[-1].prompt
    assert (got.outcome, got.text) == ("answered", "B")


OUTLINE = {
    "scope": "A town",
    "aspects": [
        {"name": "Bridge", "sentences": "31"},
        {"name": "Trade", "sentences": "1-30"},
    ],
}


def test_the_answer_sees_every_sentence_under_its_heading():
    script = by_prompt(("Draw the outline", json.dumps(OUTLINE)), otherwise="Ada Varn")
    with Endpoint(script) as endpoint:
        got = ask("structured", QUESTION, endpoint)
        assert got.usage.calls == len(endpoint.requests) == 2
        final = endpoint.requests[-1].prompt
    assert (got.outcome, got.text) == ("answered", "Ada Varn")
    assert f"1. Bridge\n{FACT}" in final
    assert "Scope: A town" in final
    assert "text put in order" in final
    assert all(f"stall {n} " in final and f"field {n}," in final for n in range(30))
    assert "nine cranes" in final
    for passage in got.passages:
        assert_verbatim(passage, TEXTS)


def test_without_an_outline_the_text_stands_as_it_is():
    got = measured(catalog.load(Strategy, "structured"), QUESTION, Fake(reply="Ada Varn"))
    assert (got.outcome, got.usage.calls) == ("answered", 2)
    assert len(details(got, "no outline")) == 1
    shown = " ".join(" ".join(p.text for p in got.passages).split())
    assert shown == " ".join(f"{TOWN.text} {TEXTS['harbour']}".split())


def test_what_exceeds_the_window_is_outlined_in_pieces_and_fitted():
    strategy = catalog.load(Strategy, "structured(outline_tokens=100, max_tokens=50)")
    got = measured(strategy, QUESTION, Fake(reply="Ada Varn", context_window=450))
    assert got.outcome == "answered"
    assert got.usage.calls > 3
    assert FACT in " ".join(p.text for p in got.passages)


@pytest.mark.parametrize("name", ["clarify", "recycled_demos", "structured"])
def test_the_reader_says_that_it_cannot_serve_them(name):
    strategy = catalog.load(Strategy, name)
    got = measured(strategy, Question("q", "Who?", (Document("d", FACT),)), Reader())
    assert got.outcome == "unsupported"
    assert strategy.needs.startswith("a model that writes")
