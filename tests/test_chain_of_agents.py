"""Workers in a row: orders, paths, who answers, and notes that are too long or missing."""

import re
from dataclasses import replace

import pytest
from misbehaving import Endpoint, answer
from scripted import ask, by_prompt

from crossover import catalog
from crossover.errors import ConfigError
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question
from crossover.wrapped import Wrapped

# six parts, each known by its number
TEXT = " ".join(
    f"Part {n} begins here. " + f"It says {n} and no more than that. " * 20 for n in "123456"
)
QUESTION = Question("q", "Which part is it?", (Document("d", TEXT),))
WORKER, MANAGER, JUDGE = (
    "several readers read in turn",
    "notes of readers who went",
    "Several teams",
)
SIZES = "chunk=500, note=60"


@pytest.fixture(scope="module")
def server():
    with Endpoint() as endpoint:
        yield endpoint


def part_of(asked):
    """What a worker was shown of the text, by the parts that begin in it."""
    return "".join(re.findall(r"Part (\d) begins", asked.prompt))


def notes_in(asked):
    return re.findall(r"notes on \w*", asked.prompt)


def noting(asked):
    return f"notes on {part_of(asked) or 'more'}"


def chain(options, server, *rules, question=QUESTION, **more):
    text = f"chain_of_agents({SIZES}{', ' if options else ''}{options})"
    server.play(by_prompt(*rules, (WORKER, answer(noting)), otherwise="Ada Varn"))
    return ask(text, question, server, **more)


def worked(server):
    return [asked for asked in server.requests if WORKER in asked.prompt]


def test_each_worker_gets_the_notes_of_the_one_before_and_the_manager_the_last(server):
    found = chain("", server)
    *workers, manager = server.requests
    assert "".join(map(part_of, workers)) == "123456"
    assert notes_in(workers[0]) == []
    assert "You read the first part" in workers[0].prompt
    for before, after in zip(workers, server.requests[1:], strict=True):
        assert notes_in(after) == [noting(before)]
    assert all("Question: Which part" in asked.prompt for asked in server.requests)
    assert "passage 1" in workers[1].prompt
    assert MANAGER in manager.prompt
    assert "Part" not in manager.prompt.replace("Question: Which part", "")
    assert [p.text for p in found.passages] == notes_in(manager)
    stages = [step.name for step in found.trace if step.name != "model call"]
    assert stages == [*(f"worker {n + 1}" for n in range(len(workers))), "manager"]


def test_backward_and_random_orders(server):
    chain("", server)
    forward = [*map(part_of, worked(server))]
    chain("order=backward", server)
    assert [*map(part_of, worked(server))] == forward[::-1]
    orders = []
    for seed in (1, 1, 2):
        chain(f"order=random, seed={seed}", server)
        orders.append([*map(part_of, worked(server))])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(forward)


def test_without_a_manager_the_last_notes_are_the_answer(server):
    found = chain("ends_with=last_worker", server)
    assert found.text == noting(server.requests[-1])
    assert len(worked(server)) == len(server.requests)
    assert found.passages[0].text == noting(server.requests[-2])


def test_worker_and_manager_may_be_other_models(server):
    found = chain("worker=fake(reply=From the worker.)", server)
    (only,) = server.requests
    assert "From the worker." in only.prompt
    assert MANAGER in only.prompt
    assert found.usage.calls > 3
    found = chain("manager=fake(reply=From the manager)", server)
    assert found.text == "From the manager"
    assert len(server.requests) == found.usage.calls - 1


def test_a_worker_without_notes_leaves_those_there_are(server):
    for nothing in ("", "Nothing relevant.", "The passages do not mention it."):
        found = chain("", server, ("Part 3 begins", nothing))
        lazy = next(n for n, asked in enumerate(server.requests) if "3" in part_of(asked))
        assert notes_in(server.requests[lazy]) == notes_in(server.requests[lazy + 1]) != []
        assert f"worker {lazy + 1} replied with nothing" in [step.name for step in found.trace]
        assert found.outcome == "answered"


def test_notes_beyond_the_room_are_cut_at_a_sentence_and_said_so():
    model = catalog.load(
        Model, f"fake(reply={'Ten words stand in this sentence of the long notes. ' * 40})"
    )

    asked = []

    class Chatty(Wrapped):
        """Writes more than it may."""

        def complete(self, request):
            asked.append(request)
            return self.model.complete(replace(request, max_tokens=10_000))

    chosen = catalog.load(Strategy, "chain_of_agents(chunk=400, note=60)")
    found = measured(chosen, QUESTION, Chatty(model))
    assert found.outcome == "answered"
    cut = [step for step in found.trace if step.name.endswith("cut")]
    assert cut[0].name == "notes before worker 2 cut"
    assert "exceed" in cut[0].detail
    for request in asked[1:-1]:
        notes = request.passages[0].text
        assert notes.endswith("long notes.")
        assert 10 <= len(notes.split()) < 400


@pytest.mark.parametrize(
    ("replies", "expected"),
    [(["Bo", "Ada.", "the ada"], "Ada."), (["Bo", "Ada", "Cy"], "Bo"), (["", "Ada", ""], "Ada")],
)
def test_paths_vote_and_ties_go_to_the_first(replies, expected, server):
    # the manager of a path is known by the seed that it samples with
    def managing(asked):
        return replies[asked.body["seed"] - 7]

    rules = ((MANAGER, answer(managing)),)
    found = chain("paths=3, temperature=0.7, seed=7", server, *rules)
    assert found.text == expected
    assert {asked.body["temperature"] for asked in server.requests} == {0.7}
    stages = [step.name for step in found.trace]
    assert [f"path {n}" in stages for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert found.usage.calls == len(server.requests) == len(worked(server)) + 3


def test_both_ways_read_every_part_twice(server):
    chain("order=both, join=judge", server, (JUDGE, "1"))
    managers = [notes_in(asked) for asked in server.requests if MANAGER in asked.prompt]
    read = "".join(map(part_of, worked(server)))
    assert sorted(read) == sorted("123456" * 2)
    assert len(managers) == 2
    assert managers[0] != managers[1]


def test_a_judge_sees_the_answers_with_their_notes_and_picks_one(server):
    managing = answer(lambda asked: f"from {notes_in(asked)[0]}")
    found = chain("order=both, join=judge", server, (MANAGER, managing), (JUDGE, "**2**\nBetter."))
    judge = server.requests[-1]
    first, second = re.findall(r"\d\. (from notes on \w*) \(its notes: passages", judge.prompt)
    assert found.text == second != first
    assert notes_in(judge)[:2] == [text.removeprefix("from ") for text in (first, second)]
    assert found.trace[-2].name == "judge"


@pytest.mark.parametrize("reply", ["3", "0", "1 or 2", "Both are good.", "12"])
def test_a_judge_that_picks_nothing_fails_by_name(reply, server):
    found = chain("order=both, join=judge", server, (JUDGE, reply))
    assert found.outcome == "failed:unreadable"
    assert found.usage.calls == len(server.requests)


def test_a_judge_may_be_another_model(server):
    found = chain("order=both, join=judge, judge=fake(reply=2)", server)
    assert found.outcome == "answered"
    assert not [asked for asked in server.requests if JUDGE in asked.prompt]


def test_paths_that_would_be_the_same_are_refused():
    with pytest.raises(ConfigError, match="order=both"):
        catalog.load(Strategy, "chain_of_agents(paths=5)")
    catalog.load(Strategy, "chain_of_agents(paths=5, order=random)")


@pytest.mark.parametrize(
    "options",
    ["order=both", "order=both, paths=4", "order=random, paths=2", "temperature=1, paths=2"],
)
def test_a_vote_that_the_first_path_always_wins_is_refused(options):
    with pytest.raises(ConfigError, match="join=judge, or three paths"):
        catalog.load(Strategy, f"chain_of_agents({options})")
    catalog.load(Strategy, f"chain_of_agents({options}, join=judge)")
    catalog.load(Strategy, "chain_of_agents(order=both, paths=3, temperature=0.5)")


def test_paths_run_side_by_side():
    text = "chain_of_agents(chunk=400, note=60, order=random, paths=4)"
    model = catalog.load(Model, "fake(latency=0.03)")
    found = measured(catalog.load(Strategy, text), QUESTION, model)
    alone = found.usage.calls / 4
    assert alone * 0.03 <= found.critical_seconds < (alone + 2) * 0.03 + 0.1
    assert found.seconds < 2 * alone * 0.03 + 0.1


def test_a_summary_asks_no_question_of_the_workers(server):
    task = Question("q", "Write a summary of the report.", QUESTION.documents, form="summary")
    chain("", server, question=task)
    *workers, manager = server.requests
    assert all("long summary" in asked.prompt for asked in workers)
    assert not any("Write a summary of the report" in asked.prompt for asked in workers)
    assert "Write a summary of the report" in manager.prompt


def test_workers_see_the_choices_and_the_manager_is_asked_for_one(server):
    task = Question("q", "Which?", QUESTION.documents, form="choice", choices=("a cat", "a dog"))
    chain("", server, question=task)
    *workers, manager = server.requests
    assert all("B. a dog" in asked.prompt for asked in (*workers, manager))
    assert all("label of the right choice" not in asked.prompt for asked in workers)
    assert "label of the right choice" in manager.prompt


def test_prompts_can_be_replaced_and_change_the_configuration(server):
    found = chain('prompts=dict(worker="several readers read in turn: $words")', server)
    assert "several readers read in turn: 42" in server.requests[0].prompt
    assert found.outcome == "answered"
    chosen = catalog.load(Strategy, "chain_of_agents")
    assert chosen.version == "1.1"
