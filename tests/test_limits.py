"""Limits of a question: what is not asked any more, and what remains."""

import json
import threading
import time
from dataclasses import dataclass, replace

import pytest
import yaml
from misbehaving import Endpoint, answer
from scripted import ask

import crossover
from crossover import catalog, meter
from crossover.errors import ConfigError
from crossover.experiments.grid import load_grid
from crossover.experiments.run import run_grid
from crossover.experiments.store import Store
from crossover.limits import Limits
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request, Usage

ASKED = Question("q", "Who built it?")
KNOWN = Passage("d", 0, 3, "Ada")


@dataclass(frozen=True, slots=True)
class Asking(Strategy):
    """So many calls, in threads or one after the other, the best so far put forward after each."""

    calls: int = 10
    threads: int = 1
    other: Model | None = None

    def answer(self, question, model):
        """Ask."""
        return Answer("all", (KNOWN,)) if self._ask(model) else Answer("none")

    def _ask(self, model):
        def call(number):
            reply = (self.other or model).complete(Request("Do it.", f"part {number}"))
            meter.current().offer(Answer(f"{reply.text} {number}", (KNOWN,)))

        return meter.side_by_side(call, range(self.calls), self.threads)


@dataclass(frozen=True, slots=True)
class Holding(Strategy):
    """Hands the question to others, in a part of their own."""

    strategies: tuple[Strategy, ...] = ()

    def answer(self, question, model):
        """Ask each; the last one's stands."""
        for one in self.strategies:
            with meter.stage("one of several"), meter.part():
                found = one.answer(question, model)
        return found


def limited(strategy, model=None, **limits):
    return measured(strategy, ASKED, model or Fake(), limits=Limits(**limits))


def test_a_call_too_many_is_not_made_and_the_best_so_far_remains():
    found = limited(Asking(calls=5), calls=3)
    assert (found.outcome, found.text, found.passages) == (
        "stopped:calls",
        "fake answer 2",
        (KNOWN,),
    )
    assert found.message == "the next call would make it 4 calls of 3"
    assert (found.usage.calls, len(found.trace)) == (3, 3)
    assert found.scorable
    assert found.seconds >= 0


def test_where_nothing_was_found_yet_nothing_remains():
    class Unready:
        def answer(self, question, model):
            for _ in range(3):
                model.complete(Request("Do it."))
            return Answer("all")

    found = limited(Unready(), calls=2)
    assert (found.outcome, found.text, found.scorable) == ("stopped:calls", "", False)


def test_what_stays_within_its_limits_is_as_without():
    free = measured(Asking(calls=3), ASKED, Fake())
    bound = limited(Asking(calls=3), calls=3, tokens=1000, dollars=1, seconds=60)
    same = replace(free, seconds=0, first_token_seconds=0, critical_seconds=0, trace=())
    assert replace(bound, seconds=0, first_token_seconds=0, critical_seconds=0, trace=()) == same


@pytest.mark.parametrize("limit", [1, 7, 40])
def test_the_number_of_calls_is_exact_in_sixteen_threads(limit):
    for _ in range(3):
        model = Fake(latency=0.002)
        found = limited(Asking(calls=60, threads=16), model, calls=limit)
        assert (found.outcome, found.usage.calls) == ("stopped:calls", limit)


def test_all_calls_that_are_allowed_are_made_in_sixteen_threads():
    for _ in range(5):
        found = limited(Asking(calls=40, threads=16), Fake(latency=0.001), calls=40)
        assert (found.outcome, found.usage.calls) == ("answered", 40)


def test_tokens_in_and_out_are_counted_and_the_next_prompt_too():
    one = measured(Asking(calls=1), ASKED, Fake()).usage
    prompt, reply = one.input_tokens, one.output_tokens
    enough = 2 * (prompt + reply) + prompt
    assert limited(Asking(calls=3), tokens=enough).outcome == "answered"
    found = limited(Asking(calls=3), tokens=enough - 1)
    assert (found.outcome, found.usage.calls) == ("stopped:tokens", 2)
    assert found.usage.input_tokens + found.usage.output_tokens <= enough


def test_prompts_under_way_count_before_they_are_answered():
    prompt = measured(Asking(calls=1), ASKED, Fake()).usage.input_tokens
    model = Fake(latency=0.1, concurrency=16)
    found = limited(Asking(calls=16, threads=16), model, tokens=3 * prompt + 1)
    assert (found.outcome, found.usage.calls) == ("stopped:tokens", 3)


def test_dollars_are_the_providers_and_end_at_the_limit():
    model = Fake(input_price=1e6, output_price=1e6)
    one = measured(Asking(calls=1), ASKED, model).usage
    found = limited(Asking(calls=9), model, dollars=2.5 * one.dollars)
    assert (found.outcome, found.usage.calls) == ("stopped:dollars", 2)
    assert "dollars of" in found.message


def test_seconds_leave_out_waiting():
    lock = threading.Lock()

    class Waiting:
        def answer(self, question, model):
            def call(_):
                with meter.turn(lock), meter.part():
                    model.complete(Request("Do it."))
                    with meter.wait():
                        time.sleep(0.05)

            meter.side_by_side(call, range(8), 8)
            return Answer("all")

    assert limited(Waiting(), seconds=0.2).outcome == "answered"
    found = limited(Asking(calls=20), Fake(latency=0.03), seconds=0.1)
    assert found.outcome == "stopped:seconds"
    assert 3 <= found.usage.calls <= 5
    assert "of 0.1 seconds had passed" in found.message


def test_a_failed_call_counts():
    class Stubborn:
        def answer(self, question, model):
            for _ in range(9):
                try:
                    model.complete(Request("Do it."))
                except crossover.errors.ProviderError:
                    continue
            return Answer("all")

    found = limited(Stubborn(), Fake(fails="server"), calls=4)
    assert (found.outcome, found.usage.calls) == ("stopped:calls", 4)


def test_usage_that_a_server_does_not_report_is_counted_here():
    def usage(tokens):
        with Endpoint(answer("one two three", usage=False)) as endpoint:
            found = ask(
                "test_limits.Asking(calls=4)", ASKED, endpoint, limits=Limits(tokens=tokens)
            )
        return found.outcome, len(endpoint.requests), found.usage.input_tokens

    assert usage(10_000) == ("answered", 4, None)
    # about 7 tokens in and 3 out per call
    outcome, calls, known = usage(25)
    assert (outcome, known) == ("stopped:tokens", None)
    assert calls == 2


@pytest.mark.parametrize(
    "nested", ["Asking(other=OTHER)", "Holding(strategies=[Asking(other=OTHER)])"]
)
def test_another_model_of_a_nested_strategy_is_under_the_same_limits(nested):
    text = nested.replace("OTHER", "fake(reply=other)")
    for name in ("Asking", "Holding"):
        text = text.replace(f"{name}(", f"test_limits.{name}(")
    strategy = catalog.load(Strategy, text)
    found = limited(strategy, calls=4)
    assert (found.outcome, found.text, found.usage.calls) == ("stopped:calls", "other 3", 4)
    with pytest.raises(ConfigError, match="needs the price of openai:x"):
        other = catalog.load(Strategy, text.replace("fake(reply=other)", "openai:x"))
        limited(other, dollars=1)


def test_several_strategies_share_the_limits_of_their_question():
    found = limited(Holding((Asking(calls=3), Asking(calls=3))), calls=5)
    assert (found.outcome, found.usage.calls) == ("stopped:calls", 5)
    assert [step.name for step in found.trace if step.parent is None] == ["one of several"] * 2


def test_an_index_is_nobodys_question(monkeypatch):
    class Indexing:
        def answer(self, question, model):
            with meter.wait(), meter.metered():
                for _ in range(5):
                    model.complete(Request("Summarise."))
            return Answer(model.complete(Request("Do it.")).text)

    found = limited(Indexing(), calls=1)
    assert (found.outcome, found.usage.calls) == ("answered", 1)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"calls": 0}, "the limit of calls must be a whole number above 0, got 0"),
        ({"calls": 2.5}, "whole number"),
        ({"tokens": True}, "whole number"),
        ({"seconds": "10"}, "the limit of seconds must be a number above 0, got '10'"),
        ({"dollars": -1}, "above 0"),
        ({"dollars": float("nan")}, "above 0"),
        ({"dollar": 1}, "did you mean dollars?"),
        (20, "expected calls, tokens, dollars, seconds, each with a number; got 20"),
        ([], "expected calls"),
    ],
)
def test_wrong_limits_of_a_grid_are_one_clear_line(questions, limits, said):
    with pytest.raises(ConfigError) as raised:
        load_grid(questions | {"limits": limits})
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


# in a run


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    lines = [
        {"id": f"q{n}", "question": f"Who {n}?", "answers": ["fake"], "context": "Fake."}
        for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return {
        "datasets": [f"jsonl({path})"],
        "models": ["fake"],
        "strategies": ["test_limits.Asking(calls=3)", "closed_book"],
    }


def test_a_grids_limits_hold_for_every_question(questions, tmp_path):
    frame = run_grid(load_grid(questions | {"limits": {"calls": 2}}), tmp_path / "run")
    assert frame.groupby("strategy")["calls"].max().to_dict() == {
        "closed_book": 1,
        "test_limits.Asking(calls=3)": 2,
    }
    stopped = frame[frame["calls"] == 2]
    assert set(stopped["outcome"]) == {"stopped:calls"}
    assert set(stopped["answer_recall"]) == {1.0}
    for name in ("report.html", "report.md"):
        assert "stopped:calls" in (tmp_path / "run" / name).read_text()
    assert "limits:" in (tmp_path / "run" / "report.md").read_text()


def test_limits_are_part_of_a_question_only_where_there_are_any(questions):
    def keys(**limits):
        return [job.key for job in load_grid(questions | {"limits": limits}).jobs()]

    free = [job.key for job in load_grid(questions).jobs()]
    assert keys() == keys(calls=None) == free
    assert not set(keys(calls=2)) & set(free)
    assert keys(calls=2) == keys(calls=2)
    assert not set(keys(calls=3)) & set(keys(calls=2))


def test_an_unfinished_question_goes_on_under_the_same_limits(questions, tmp_path):
    grid = load_grid(questions | {"limits": {"calls": 2}})
    first = next(grid.jobs())
    with Store(tmp_path / "run") as store:
        from crossover.experiments.remembering import Remembering

        kept = Remembering(first.model, store, first.key, grid.seed)
        # as a killed run left it
        Asking(calls=1).answer(first.example.question, kept)
    frame = run_grid(grid, tmp_path / "run")
    row = frame[frame["strategy"] != "closed_book"].iloc[0]
    assert (row["outcome"], row["calls"]) == ("stopped:calls", 2)
    with Store(tmp_path / "run") as store:
        trace = store.answered([first.key])[first.key].trace
    assert [step.name for step in trace] == ["stored reply", "model call"]


def test_a_limit_of_dollars_needs_every_price_before_anything_is_asked(
    questions, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    with Endpoint() as endpoint:
        model = f'openai:tiny(base_url="{endpoint.url}")'
        grid = questions | {"models": [model], "limits": {"dollars": 1}}
        with pytest.raises(ConfigError, match="input_price and output_price"):
            load_grid(grid)
        other = f"test_limits.Asking(other={model})"
        with pytest.raises(ConfigError, match="openai:tiny"):
            load_grid(questions | {"strategies": [other], "limits": {"dollars": 1}})
        priced = model[:-1] + ", input_price=1, output_price=1)"
        assert load_grid(grid | {"models": [priced]}).limits == Limits(dollars=1)
        assert endpoint.requests == []


def test_ask_takes_limits(tmp_path, monkeypatch, capsys):
    from test_cli import crossover as command

    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("The bridge was built by Ada.")
    asked = ("ask", "Who?", "notes.txt", "--model", "fake", "--strategy", "test_limits.Asking")
    code, out, _ = command(capsys, *asked, "--max-calls", "2", "--trace")
    assert code == 0
    assert "fake answer 1 [stopped:calls] the next call would make it 3 calls of 2" in out
    assert "2 calls; " in out
    code, _, errors = command(capsys, *asked, "--max-seconds", "0")
    assert (code, errors) == (2, "error: the limit of seconds must be a number above 0, got 0.0\n")


def test_a_plan_is_not_stopped(questions):
    from crossover.experiments.plan import plan

    planned = plan(load_grid(yaml.safe_load(yaml.safe_dump(questions | {"limits": {"calls": 1}}))))
    assert planned["calls"].tolist() == [9, 3]
    assert planned["would_fail"].tolist() == [0, 0]


def test_reported_dollars_count_rather_than_list_prices():
    class Cheap(Fake):
        """Bills a tenth of its list price, as cached tokens are billed."""

        def complete(self, request):
            """Reply."""
            completion = super().complete(request)
            usage = completion.usage
            return replace(completion, usage=replace(usage, dollars=usage.dollars / 10))

    model = Cheap(input_price=1e6, output_price=1e6)
    one = measured(Asking(calls=1), ASKED, Fake(input_price=1e6, output_price=1e6)).usage
    assert isinstance(one, Usage)
    assert limited(Asking(calls=9), model, dollars=2 * one.dollars).outcome == "answered"
