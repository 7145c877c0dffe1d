"""Other processes answer a run's questions: the same results, and nothing lost with one of them."""

import json
import os
import signal
import sys
import threading
import time
import types
from collections import Counter

import pandas as pd
import psutil
import pytest
import yaml
from command_line import crossover as command
from misbehaving import Endpoint, answer

import crossover
from crossover.errors import ConfigError, UnknownName
from crossover.experiments.engines.local import Local
from crossover.experiments.grid import load_grid

QUESTIONS = 24


@pytest.fixture
def grid(tmp_path):
    return written(tmp_path, QUESTIONS)


def written(folder, questions):
    lines = [
        {
            "question": f"Who built bridge {n}?",
            "answers": ["Ada"],
            "documents": [{"id": f"d{n % 6}", "text": f"Ada built bridge {n % 6}. " * 20}],
        }
        for n in range(questions)
    ]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return {
        "datasets": [f"jsonl({path})"],
        "models": ["fake(reply=Ada)"],
        "strategies": ["closed_book", "rag(k=2)"],
    }


def steady(frame):
    """What does not depend on how long things took."""
    return frame.drop(columns=[name for name in frame if "seconds" in name])


def asked_at(endpoint, grid, **options):
    grid["models"] = [f"openai:tiny(base_url={endpoint.url}, concurrency=4, attempts=2)"]
    return grid | options


def test_processes_give_the_same_results(grid, tmp_path):
    alone = crossover.run(grid, tmp_path / "alone")
    together = crossover.run(grid, tmp_path / "together", engine="local(workers=3)")
    pd.testing.assert_frame_equal(steady(alone), steady(together))


@pytest.mark.long
def test_workers_ask_every_question_once(grid, tmp_path):
    with Endpoint(answer("Ada", pause=0.005)) as endpoint:
        grid = asked_at(endpoint, grid, engine={"name": "local", "workers": 2})
        frame = crossover.run(grid, tmp_path / "run")
        prompts = Counter(one.prompt for one in endpoint.requests)
    assert len(frame) == len(prompts) == 2 * QUESTIONS
    assert set(prompts.values()) == {1}


def test_a_killed_workers_questions_are_answered_by_the_others(grid, tmp_path):
    with Endpoint(answer("Ada", pause=0.02)) as endpoint:
        grid = asked_at(endpoint, grid, engine="local(workers=2)")
        killed = []

        def kill():
            while len(endpoint.requests) < 6:
                time.sleep(0.01)
            workers = [
                child
                for child in psutil.Process().children()
                if "crossover.experiments.worker" in child.cmdline()
            ]
            os.kill(workers[0].pid, signal.SIGKILL)
            killed.append(workers[0].pid)

        killer = threading.Thread(target=kill)
        killer.start()
        frame = crossover.run(grid, tmp_path / "run")
        killer.join()
        asked = len(endpoint.requests)
    assert killed
    assert len(frame) == 2 * QUESTIONS
    assert set(frame["outcome"]) == {"answered"}
    assert frame.attrs["troubles"] == [
        "a worker process could not help, the others answered its questions: killed by SIGKILL"
    ]
    # what the dead worker had under way is asked again, no more
    assert 2 * QUESTIONS <= asked <= 2 * QUESTIONS + 2


def test_workers_share_a_budget(grid, tmp_path):
    with Endpoint(answer("Ada")) as endpoint:
        budget = {"run": {"calls": 21}}
        grid = asked_at(endpoint, grid, engine="local(workers=2)", budget=budget)
        frame = crossover.run(grid, tmp_path / "run")
        assert len(endpoint.requests) == 21
    assert frame.attrs["unasked"][0] == "the run: its budget of 21 calls is spent"


def test_what_a_worker_cannot_use_ends_the_run(grid, tmp_path, monkeypatch):
    module = tmp_path / "odd_strategy.py"
    module.write_text(
        "from dataclasses import dataclass\n"
        "from crossover.errors import ConfigError\n"
        "from crossover.roles import Strategy\n"
        "@dataclass(frozen=True)\n"
        "class Odd(Strategy):\n"
        "    version = 1\n"
        "    def answer(self, question, model):\n"
        "        raise ConfigError('the embedder cannot be had')\n"
    )
    path = tmp_path / "grid.yaml"
    path.write_text(
        yaml.safe_dump(grid | {"strategies": ["odd_strategy.Odd"], "engine": "local(workers=2)"})
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="the embedder cannot be had"):
        crossover.run(path, tmp_path / "run")


def test_what_a_worker_cannot_load_is_answered_here(grid, tmp_path, monkeypatch):
    module = types.ModuleType("only_here")
    monkeypatch.setitem(sys.modules, "only_here", module)
    exec(
        "from dataclasses import dataclass\n"
        "from crossover.pipelines.closed_book import ClosedBook\n"
        "@dataclass(frozen=True)\n"
        "class Here(ClosedBook):\n"
        "    version = 1\n",
        module.__dict__,
    )
    given = grid | {"strategies": ["only_here.Here"], "engine": "local(workers=2)"}
    frame = crossover.run(given, tmp_path / "run")
    assert set(frame["outcome"]) == {"answered"} and len(frame) == QUESTIONS
    [trouble] = frame.attrs["troubles"]
    assert trouble.startswith("a worker process could not help") and "only_here" in trouble
    assert trouble in (tmp_path / "run" / "report.md").read_text()


def test_a_worker_without_memory_says_so_of_its_questions(tmp_path, monkeypatch):
    (tmp_path / "hungry.py").write_text(
        "import resource, sys, time\n"
        "from dataclasses import dataclass\n"
        "from crossover.pipelines.closed_book import ClosedBook\n"
        "@dataclass(frozen=True)\n"
        "class Hungry(ClosedBook):\n"
        "    version = 1\n"
        "    def answer(self, question, model):\n"
        "        if 'worker' in sys.modules['__main__'].__file__:\n"
        "            resource.setrlimit(resource.RLIMIT_AS, (2**30, resource.RLIM_INFINITY))\n"
        "            bytearray(2**34)\n"
        "        time.sleep(0.05)\n"
        "        return super().answer(question, model)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    given = written(tmp_path, 100) | {"strategies": ["hungry.Hungry"]}
    given |= {"models": ["fake(reply=Ada, concurrency=2)"], "engine": "local(workers=2)"}
    frame = crossover.run(given, tmp_path / "run")
    assert set(frame["outcome"]) == {"answered", "failed:memory"} and len(frame) == 100
    again = crossover.run(given | {"engine": "local"}, tmp_path / "run", retry_failed=True)
    assert set(again["outcome"]) == {"answered"} and len(again) == 100


@pytest.mark.parametrize(
    ("jobs", "at_once", "cores", "processes"),
    [(8_000, 64, 2, 2), (8_000, 64, 8, 4), (8_000, 16, 8, 1), (900, 64, 8, 1), (2_500, 256, 64, 2)],
)
def test_processes_are_as_many_as_work_and_cores(monkeypatch, jobs, at_once, cores, processes):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(cores), raising=False)
    assert Local().parts(jobs, at_once) == processes
    assert Local(workers=3).parts(jobs, at_once) == 3


def test_the_command_names_an_engine(grid, tmp_path, capsys):
    path = tmp_path / "grid.yaml"
    path.write_text(json.dumps(grid))
    code, _, errors = command(capsys, "run", path, "--engine", "lokal")
    assert code == 2
    assert "did you mean local?" in errors


def test_an_engine_that_is_not_there_is_told(grid):
    with pytest.raises(UnknownName, match="lokal"):
        load_grid(grid | {"engine": "lokal"})


@pytest.mark.timeout(300)
def test_a_cluster_gives_the_same_results_and_loses_nothing(grid, tmp_path):
    pytest.importorskip("ray", reason="ray is not installed")
    alone = crossover.run(grid, tmp_path / "alone")
    with Endpoint(answer("Ada", pause=0.02)) as endpoint:
        killed = []

        def kill():
            while len(endpoint.requests) < 6:
                time.sleep(0.01)
            workers = [
                child
                for child in psutil.Process().children(recursive=True)
                if child.name().startswith("ray::work")
            ]
            os.kill(workers[0].pid, signal.SIGKILL)
            killed.append(workers[0].pid)

        killer = threading.Thread(target=kill)
        killer.start()
        asked = asked_at(endpoint, dict(grid), engine="ray(workers=2)")
        frame = crossover.run(asked, tmp_path / "run")
        killer.join()
        calls = len(endpoint.requests)
    assert killed
    assert set(frame["outcome"]) == {"answered"}
    assert 2 * QUESTIONS <= calls <= 2 * QUESTIONS + 2
    same = ["dataset", "example", "strategy", "outcome", "answer", "group"]
    pd.testing.assert_frame_equal(frame[same], alone[same])
