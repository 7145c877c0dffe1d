import json
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd
import pytest
import yaml

import crossover
from crossover.errors import ConfigError
from crossover.experiments.answering import Silent, _Crew
from crossover.experiments.budget import Ledger
from crossover.experiments.exporting.stored import job_keys
from crossover.experiments.grid import job_key, load_grid
from crossover.experiments.grid_file import Budget
from crossover.experiments.questions import sampled
from crossover.experiments.report import load_frame
from crossover.experiments.run import run_grid
from crossover.experiments.store import Store
from crossover.models.fake import Fake
from crossover.types import Example, Question

SUMMARY_FILES = {"report.md", "report.csv", "report.parquet", "report.html", "results.parquet"}
COLUMNS = [
    "dataset",
    "example",
    "group",
    "strategy",
    "model",
    "outcome",
    "answer_recall",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "dollars",
    "seconds",
    "first_token_seconds",
    "calls",
    "tag.kind",
]


@pytest.fixture
def questions(tmp_path):
    """Twelve questions over four documents; the fake model knows none of them."""
    path = tmp_path / "questions.jsonl"
    lines = []
    for number in range(12):
        town = number // 3
        lines.append(
            {
                "id": f"q{number}",
                "question": f"Who built bridge {number} of town {town}?",
                "answers": [f"Builder{number}"] if number % 4 else [],
                "documents": [{"id": f"town{town}", "text": f"Town {town}. " + " Bridge." * 300}],
                "tags": {"kind": "bridge" if number % 2 else "tower"},
            }
        )
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.fixture
def grid(questions):
    return {
        "datasets": [f"jsonl({questions})"],
        "models": ["fake(reply=Builder1)"],
        "strategies": ["closed_book", "full_context", "rag(k=[1, 2])"],
    }


def test_a_run_has_a_row_for_every_question_and_strategy(grid, tmp_path):
    frame = crossover.run(grid, tmp_path / "run")
    assert set(COLUMNS) <= set(frame.columns)
    assert len(frame) == 12 * 4
    assert not frame.duplicated(["dataset", "example", "strategy", "model"]).any()
    assert set(frame["strategy"]) == {"closed_book", "full_context", "rag(k=1)", "rag(k=2)"}
    assert set(frame["outcome"]) == {"answered"}
    assert (frame.loc[frame["example"] == "q1", "answer_recall"] == 1).all()
    assert {path.name for path in (tmp_path / "run").iterdir()} >= SUMMARY_FILES
    again = load_frame(tmp_path / "run")
    assert again.attrs["metrics"] == frame.attrs["metrics"]
    pd.testing.assert_frame_equal(again, frame, check_dtype=False)


@dataclass
class Watching(Silent):
    asked: list = field(default_factory=list)
    stored: int = 0

    def start(self, total, stored):
        self.stored = stored

    def advance(self, answer):
        self.asked.append(answer)


def test_the_same_grid_again_asks_nothing(grid, tmp_path):
    first = crossover.run(grid, tmp_path / "run")
    watching = Watching()
    second = crossover.run(grid, tmp_path / "run", progress=watching)
    assert (watching.stored, watching.asked) == (48, [])
    pd.testing.assert_frame_equal(first, second)


def test_a_grown_grid_asks_only_what_is_new(grid, tmp_path):
    crossover.run(grid, tmp_path / "run", limit=8)
    watching = Watching()
    grid["strategies"].append("rag(k=3)")
    crossover.run(grid, tmp_path / "run", progress=watching, limit=8)
    assert len(watching.asked) == 8


def test_every_key_follows_content_and_configuration(grid):
    built = load_grid(grid)
    keys = [job.key for job in built.jobs()]
    assert len(set(keys)) == len(keys) == 48
    assert keys == [job.key for job in load_grid(grid).jobs()]
    example, (model,) = Example(Question("q", "text")), built.models
    strategy = crossover.load_strategy("rag")
    base = job_key(example, strategy, model, 0)
    assert base != job_key(Example(Question("q", "other")), strategy, model, 0)
    assert base != job_key(example, crossover.load_strategy("rag(k=3)"), model, 0)
    assert base != job_key(example, strategy, crossover.load_model("fake(reply=x)"), 0)
    assert base != job_key(example, strategy, model, 1)
    same = crossover.load_model("fake(concurrency=2, reply=Builder1)")
    assert base == job_key(example, strategy, same, 0), "concurrency changes no answer"


@pytest.mark.parametrize(
    ("model", "outcome"),
    [
        ("fake(fails=overflow)", "overflow"),
        ("fake(fails=refused)", "refused"),
        ("fake(fails=unsupported)", "unsupported"),
        ("fake(fails=rate_limit)", "failed:rate_limit"),
        ("fake(fails=timeout)", "failed:timeout"),
        ('fake(reply="")', "failed:empty"),
    ],
)
def test_a_failure_is_a_named_record_that_scores_0(grid, tmp_path, model, outcome):
    frame = crossover.run(grid | {"models": [model]}, tmp_path / "run", limit=4)
    assert set(frame["outcome"]) == {outcome}
    assert len(frame) == 16
    assert (frame["answer_recall"] == 0).all()
    assert outcome in (tmp_path / "run" / "report.md").read_text()


def test_what_failed_is_asked_again_on_request_only(grid, tmp_path):
    failing = grid | {"models": ["fake(fails=timeout)"], "strategies": ["closed_book"]}
    crossover.run(failing, tmp_path / "run")
    for retry, asked in ((False, 0), (True, 12)):
        watching = Watching()
        crossover.run(failing, tmp_path / "run", progress=watching, retry_failed=retry)
        assert len(watching.asked) == asked


def test_a_defect_in_one_strategy_spares_the_others(grid, tmp_path, monkeypatch):
    own = tmp_path / "defective_strategies.py"
    own.write_text(
        "from dataclasses import dataclass\n"
        "from crossover.roles import Strategy\n"
        "@dataclass(frozen=True)\n"
        "class Defective(Strategy):\n"
        "    def answer(self, question, model):\n"
        "        return 1 / 0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    grid["strategies"] = ["closed_book", "defective_strategies.Defective"]
    frame = crossover.run(grid, tmp_path / "run", limit=4)
    outcomes = frame.groupby("strategy")["outcome"].unique().map(list).to_dict()
    assert outcomes == {
        "closed_book": ["answered"],
        "defective_strategies.Defective": ["failed:internal"],
    }
    assert frame["message"].str.contains("ZeroDivisionError").sum() == 4


def test_an_interrupt_ends_long_reading_and_keeps_what_is_answered(grid, tmp_path, monkeypatch):
    from crossover import meter
    from crossover.pipelines.closed_book import ClosedBook

    answered = ClosedBook.answer

    def endless(self, question, model):
        if question.id in ("q0", "q1", "q2"):
            return answered(self, question, model)
        for turn in range(100_000):
            meter.working("reading", turn, 100_000)
            time.sleep(0.01)
        raise AssertionError("nobody ended this")

    class Impatient(Silent):
        heard = 0

        def working(self, what, done, total):
            self.heard += 1
            if self.heard == 300:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(ClosedBook, "answer", endless)
    plan = load_grid(grid | {"strategies": ["closed_book"]})
    with pytest.raises(KeyboardInterrupt):
        run_grid(plan, tmp_path / "run", progress=Impatient())
    with Store(tmp_path / "run") as store:
        assert len(store.outcomes()) == 3
    meter.working("reading", 0, 1)


def test_a_sample_is_seeded_and_spread_over_groups():
    examples = [
        Example(Question(f"{group}-{number}", "?"), group=group)
        for group, size in (("a", 50), ("b", 5), ("c", 2))
        for number in range(size)
    ]
    chosen = sampled(examples, 9, seed=1)
    counts = pd.Series([example.group for example in chosen]).value_counts().to_dict()
    assert counts in ({"a": 4, "b": 3, "c": 2}, {"a": 3, "b": 4, "c": 2})
    assert chosen == sampled(examples, 9, seed=1)
    assert chosen != sampled(examples, 9, seed=2)
    assert sampled(examples, None, 0) == examples == sampled(examples, 100, 0)


def test_two_runs_at_once_ask_every_question_once(grid, tmp_path):
    grid["models"] = ["fake(latency=0.1, concurrency=2)"]
    watched = [Watching(), Watching()]
    frames = {}

    def work(number):
        built = load_grid(grid)
        frames[number] = run_grid(built, tmp_path / "run", progress=watched[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(one.asked) for one in watched) == 48
    assert all(one.asked for one in watched)
    pd.testing.assert_frame_equal(frames[0], frames[1])


def test_machines_share_a_database(grid, tmp_path, postgres):
    grid["models"] = ["fake(latency=0.05, concurrency=2)"]
    address, watched, frames = postgres.new(), [Watching(), Watching()], {}

    def work(number):
        folder = tmp_path / f"machine{number}"
        built = load_grid(grid, store=address)
        frames[number] = run_grid(built, folder, progress=watched[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(one.asked) for one in watched) == 48
    pd.testing.assert_frame_equal(frames[0], frames[1])
    (found,) = {len(job_keys(tmp_path / f"machine{number}")) for number in (0, 1)}
    assert found == 48
    # another grid with the same questions has nothing to ask
    again = Watching()
    run_grid(load_grid(grid | {"seed": 0}, store=address), tmp_path / "later", progress=again)
    assert not again.asked


def test_a_store_with_a_password_in_the_grid_is_refused(grid):
    grid["store"] = "postgresql://me:hushhush@host/db"
    with pytest.raises(ConfigError, match=r"store: .*holds a password") as caught:
        load_grid(grid)
    assert "hushhush" not in str(caught.value)


def test_a_configuration_named_twice_is_asked_once(grid, tmp_path):
    grid["strategies"] = ["rag", "rag(k=[8, 3])", "rag(k=3)"]
    grid["models"] = ["fake", "fake(concurrency=2)"]
    watching = Watching()
    frame = crossover.run(grid, tmp_path / "run", progress=watching)
    assert len(frame) == len(watching.asked) == 12 * 2
    assert not frame.duplicated(["dataset", "example", "strategy", "model"]).any()


def test_overlapping_datasets_share_their_answers(grid, tmp_path):
    grid["datasets"] = [grid["datasets"][0], {"name": "jsonl", "path": "", "skip_bad": True}]
    grid["datasets"][1]["path"] = grid["datasets"][0][len("jsonl(") : -1]
    watching = Watching()
    frame = crossover.run(grid, tmp_path / "run", progress=watching)
    assert len(watching.asked) == 48
    assert frame.groupby("dataset").size().tolist() == [48, 48]


def test_an_answer_from_stored_replies_has_its_cost_and_no_time(grid, tmp_path):
    built = load_grid(grid | {"strategies": ["closed_book"]}, limit=1)
    (job,) = built.jobs()
    from crossover.experiments.remembering import Remembering
    from crossover.measure import measured

    with Store(tmp_path) as store:
        for timed in (True, False):
            model = Remembering(job.model, store, job.key, 0)
            answer = measured(job.strategy, job.example.question, model)
            assert (answer.seconds is not None) == timed
            assert answer.usage.calls == 1
            assert answer.text == "Builder1"


def test_a_grid_from_yaml_and_from_a_mapping_is_the_same(grid, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(grid))
    assert [job.key for job in load_grid(path).jobs()] == [
        job.key for job in load_grid(grid).jobs()
    ]
    assert load_grid(path).name == "mine"


def test_limit_seed_and_price_override_the_grid(grid, tmp_path):
    built = load_grid(grid | {"limit": 3, "seed": 5}, limit=2, seed=6, price_as="openai:gpt-4o")
    assert (built.limit, built.seed, built.price_as) == (2, 6, "openai:gpt-4o")
    frame = crossover.run(grid, tmp_path / "run", limit=2, price_as="openai:gpt-4o")
    assert "gpt-4o" in (tmp_path / "run" / "report.md").read_text()
    assert len(frame) == 8


def test_a_component_can_be_given_as_an_object(grid, tmp_path):
    grid["strategies"] = [crossover.load_strategy("rag(k=1)")]
    grid["datasets"] = [crossover.load_dataset(grid["datasets"][0])]
    assert set(crossover.run(grid, tmp_path / "run")["strategy"]) == {"rag(k=1)"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strategy": ["rag"]}, "did you mean strategies?"),
        ({"strategies": []}, "strategies"),
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"models": ["reeder"]}, "did you mean reader?"),
        ({"metrics": ["f1_sqad"]}, "did you mean f1_squad?"),
        ({"price_as": "openai:gpt-9-nonesuch"}, "gpt-9-nonesuch"),
        ({"models": ["released:gpt-4o"]}, "holds none"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_a_mistake_in_a_grid_is_found_before_anything_runs(grid, tmp_path, change, said):
    with pytest.raises(ConfigError) as raised:
        crossover.run(grid | change, tmp_path / "run")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_replies_of_a_strategys_own_models_are_kept_too(tmp_path, monkeypatch):
    asked = Counter()
    original = Fake.complete

    def complete(self, request):
        asked[self.reply] += 1
        return original(self, request)

    monkeypatch.setattr(Fake, "complete", complete)
    grid = load_grid(
        {
            "datasets": "biographies(tokens=1000, documents=1, questions=1)",
            "models": "fake(reply=answered)",
            "strategies": "compressed(compressor=summary(writer=fake(reply=Written.)))",
        }
    )
    (job,) = grid.jobs()
    with Store(tmp_path) as store:
        crew = _Crew(store, 0, Silent(), Ledger(Budget()))
        first, second = (crew._answer(job) for _ in range(2))
    assert asked == {"answered": 1, "Written.": 1}
    assert first.passages == second.passages
    assert second.seconds is None
    assert second.compression.seconds is None
    assert second.usage == first.usage
