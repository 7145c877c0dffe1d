"""Strategies that read everything in parts, on a scripted server, a fake and the reader."""

import pytest
from misbehaving import Endpoint, answer, hang, status
from passages import assert_verbatim
from scripted import ask, by_prompt

from crossover import catalog
from crossover.experiments.plan import Planned
from crossover.limits import Limits
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

FILL = "The market opens on Mondays and sells mostly cheese. Rain falls in autumn on wide fields. "
FACT = "The bridge of Ostrel was built by Ada Varn in 1902. "
TOWN = Document("town", FILL * 30 + FACT + FILL * 30)
QUESTION = Question("q", "Who built the bridge of Ostrel?", (TOWN,))
JSON = '{"notes": "Nothing yet.", "confidence": 6, "answer": ""}'

SMALL = "chunk=600, note=60, max_tokens=30"
CHAIN = f"chain_of_agents({SMALL})"
MAP = f"map_reduce({SMALL})"
PLAIN = f"map_reduce(notes=plain, {SMALL})"
REFINE = "refine(chunk=600, max_tokens=30)"
TREE = f"tree_summarize({SMALL})"
ALL = [CHAIN, MAP, PLAIN, REFINE, TREE]
SERVED = [CHAIN, PLAIN, REFINE, TREE]
# part of the prompt that reads the text itself
READS = {
    CHAIN: "several readers read in turn",
    MAP: "others read the other parts",
    PLAIN: "others read the other parts",
    REFINE: "part of a longer text",
    TREE: "one part of a long text",
}


@pytest.fixture(scope="module")
def server():
    with Endpoint() as endpoint:
        yield endpoint


def behave(strategy, *rules):
    """Good replies to all that no rule is about."""
    note = JSON if strategy == MAP else "Cheese is sold. It rains."
    return by_prompt(*rules, ("this JSON", JSON), (READS[strategy], note), otherwise="Ada Varn")


def fake(text="", **options):
    given = ", ".join(f"{name}={value}" for name, value in options.items())
    return catalog.load(Model, f'fake(reply="{text or "Ada Varn built it."}", {given})')


def calls(trace):
    return [step for step in trace if step.name == "model call"]


@pytest.mark.parametrize("strategy", ALL)
def test_all_of_the_text_is_read_once_and_every_call_is_in_the_trace(strategy, server):
    server.play(behave(strategy))
    found = ask(strategy, QUESTION, server)
    assert found.outcome == "answered"
    assert found.text == ("Cheese is sold. It rains." if strategy == REFINE else "Ada Varn")
    reading = [r for r in server.requests if READS[strategy] in r.prompt]
    assert len(reading) >= 3
    assert sum(r.prompt.count("Ada Varn in 1902") for r in reading) == 1
    assert sum(r.prompt.count("Rain falls in autumn") for r in reading) == 60
    assert found.usage.calls == len(server.requests) == len(calls(found.trace))
    assert all(r.body["temperature"] == 0 for r in server.requests)


@pytest.mark.parametrize("strategy", ALL)
def test_no_call_reads_more_than_the_chunk(strategy):
    asked = []

    class Watching(Planned):
        def complete(self, request):
            reply = self.model.complete(request)
            asked.append(reply.usage.input_tokens)
            return reply

    text = JSON.replace('"', "'") if strategy == MAP else "many words " * 100
    found = measured(catalog.load(Strategy, strategy), QUESTION, Watching(fake(text)))
    assert found.outcome in ("answered", "truncated"), found.message
    assert 400 < max(asked) <= 600


FAILURES = {
    "refused": status(400, error_code="content_filter"),
    "overflow": status(400, error_code="context_length_exceeded"),
    "failed:timeout": hang(3),
}


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize("outcome", FAILURES)
def test_a_worker_that_fails_is_a_named_outcome_with_the_calls_made(strategy, outcome, server):
    server.play(behave(strategy, ("Ada Varn in 1902", FAILURES[outcome])))
    found = ask(strategy, QUESTION, server, timeout=1)
    assert found.outcome == outcome
    assert found.message
    assert found.usage.calls == len(server.requests) == len(calls(found.trace)) > 1
    assert found.usage.input_tokens > 0


@pytest.mark.parametrize("strategy", ALL)
def test_a_window_that_is_too_small_is_an_overflow(strategy, server):
    server.play(behave(strategy))
    found = ask(strategy, QUESTION, server, options=", context_window=120")
    assert (found.outcome, found.usage.calls) == ("overflow", 0)
    assert "120" in found.message


@pytest.mark.parametrize("strategy", ALL)
def test_a_worker_that_replies_with_nothing_stops_nobody(strategy, server):
    server.play(behave(strategy, ("Ada Varn in 1902", answer(""))))
    found = ask(strategy, QUESTION, server)
    assert found.outcome == "answered"
    said = " ".join(f"{step.name} {step.detail}" for step in found.trace)
    assert "nothing" in said
    assert found.usage.calls == len(server.requests)


@pytest.mark.parametrize("strategy", ALL)
def test_workers_that_all_reply_with_nothing_leave_a_named_outcome(strategy, server):
    server.play(answer(""))
    found = ask(strategy, QUESTION, server)
    assert found.outcome == "failed:empty"
    assert found.usage.calls == len(server.requests) >= 3


@pytest.mark.parametrize(
    "broken", ['{"notes": "Ada Varn', "I think it helps.", '{"notes": "x", "confidence": 11}']
)
def test_broken_json_fails_by_name(broken, server):
    server.play(behave(MAP, ("Ada Varn in 1902", broken)))
    found = ask(MAP, QUESTION, server)
    assert found.outcome == "failed:unreadable"
    assert "confidence" in found.message
    assert found.usage.calls == len(server.requests) == len(calls(found.trace))


@pytest.mark.parametrize("strategy", ALL)
def test_a_limit_leaves_the_best_so_far(strategy, server):
    server.play(behave(strategy))
    whole = ask(strategy, QUESTION, server)
    server.play(behave(strategy))
    last = Limits(calls=whole.usage.calls - 1)
    found = ask(strategy, QUESTION, server, limits=last)
    assert found.outcome == "stopped:calls"
    assert found.text
    assert found.passages
    assert found.scorable


@pytest.mark.parametrize("strategy", SERVED)
def test_the_reader_finds_what_stands_in_a_middle_part(strategy):
    strategy = strategy.replace("chunk=600, note=60", "chunk=500, note=100")
    found = measured(catalog.load(Strategy, strategy), QUESTION, catalog.load(Model, "reader"))
    assert (found.outcome, found.text) == ("answered", "Ada Varn")
    assert found.usage.calls >= 3
    pieces = [piece for passage in found.passages for piece in passage.pieces]
    at = TOWN.text.index("Ada Varn")
    assert any(piece.start <= at < piece.end for piece in pieces)
    for passage in (*found.passages, *found.evidence):
        assert_verbatim(passage, {"town": TOWN.text})


@pytest.mark.parametrize("strategy", SERVED)
def test_the_reader_declines_what_the_text_does_not_hold(strategy):
    question = Question("q", "Which instrument did the mayor of Quill play?", (TOWN,))
    found = measured(catalog.load(Strategy, strategy), question, catalog.load(Model, "reader"))
    assert found.outcome == "declined"


def test_structured_notes_are_more_than_the_reader_can_write():
    found = measured(catalog.load(Strategy, MAP), QUESTION, catalog.load(Model, "reader"))
    assert (found.outcome, found.usage.calls) == ("unsupported", 0)


TIGHT = "chunk=260, note=60, max_tokens=30"


@pytest.mark.parametrize(
    ("strategy", "text"),
    [
        (CHAIN, "word " * 200),
        (f"chain_of_agents({SMALL}, order=random, paths=3, join=judge)", "1"),
        (f"chain_of_agents({SMALL}, ends_with=last_worker)", "word " * 200),
        (f"map_reduce(notes=plain, {TIGHT})", "word " * 200),
        ("map_reduce(chunk=500, note=60)", "{notes: Ada, confidence: 9}"),
        (REFINE, "word " * 200),
        (f"tree_summarize({TIGHT})", "word " * 200),
        (f"tree_summarize({TIGHT}, fan_in=2)", "Short."),
    ],
)
def test_a_dry_run_plans_the_calls_that_are_made(strategy, text):
    chosen = catalog.load(Strategy, strategy)
    made = measured(chosen, QUESTION, fake(text))
    # fails where it is asked
    planned = measured(chosen, QUESTION, Planned(fake(fails="server")), planning=True)
    assert made.scorable, made.message
    assert made.usage.calls == planned.usage.calls > 2
    assert planned.usage.input_tokens >= made.usage.input_tokens
    rounds = any(step.name == "round 2" for step in made.trace)
    assert rounds == (TIGHT in strategy)


def test_a_dry_run_bills_other_models_without_asking_them():
    other = "fake(fails=server, input_price=1000000)"
    for strategy in (CHAIN, PLAIN, TREE):
        options = f"worker={other}, manager={other}" if strategy == CHAIN else f"worker={other}"
        chosen = catalog.load(Strategy, strategy[:-1] + f", {options})")
        planned = measured(chosen, QUESTION, Planned(fake(fails="server")), planning=True)
        assert planned.outcome == "answered", planned.message
        assert planned.usage.dollars > len(TOWN.text.split())


@pytest.mark.parametrize(
    ("strategy", "chain"),
    [(CHAIN, None), (REFINE, None), (f"map_reduce(notes=plain, {TIGHT})", 2)],
    ids=["chain_of_agents", "refine", "map_reduce"],
)
def test_the_critical_path_is_the_longest_chain_of_calls(strategy, chain):
    """A chain waits for all its calls; parts that are read side by side wait for one."""
    chosen, seconds = catalog.load(Strategy, strategy), {}
    for threads in (1, 8):
        found = measured(chosen, QUESTION, fake("Ada.", latency=0.05, concurrency=threads))
        waits = chain or found.usage.calls
        assert waits * 0.05 <= found.critical_seconds < (waits + 1) * 0.05 + 0.1
        seconds[threads] = found.seconds
    assert seconds[1] >= found.usage.calls * 0.05
    assert (seconds[8] < seconds[1] / 2) == bool(chain)


def test_a_tree_waits_once_per_level():
    chosen = catalog.load(Strategy, f"tree_summarize({TIGHT}, fan_in=2)")
    found = measured(chosen, QUESTION, fake("Ada.", latency=0.05, concurrency=8))
    levels = 2 + sum(step.name.startswith("round") for step in found.trace)
    assert found.usage.calls > 2 * levels
    assert levels * 0.05 <= found.critical_seconds < (levels + 1) * 0.05 + 0.1
