"""A run killed at random again and again loses nothing and pays for nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sql
import yaml
from misbehaving import Endpoint, answer

from crossover.experiments.run import run
from crossover.experiments.store import ANSWERS, CALLS, FILE

QUESTIONS = 60
STRATEGIES = ["closed_book", "full_context", "rag(k=2)", "two_calls.TwoCalls"]
CONCURRENCY = 4


def _grid(folder, url):
    lines = [
        {
            "id": f"q{number}",
            "question": f"Who built bridge {number:03}?",
            "answers": [f"Builder {number}"],
            "documents": [{"id": f"d{number % 5}", "text": f"Bridge notes {number % 5}. " * 40}],
        }
        for number in range(QUESTIONS)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    model = f"openai:tiny(base_url={url}, concurrency={CONCURRENCY})"
    grid = {
        "datasets": [f"jsonl({folder / 'questions.jsonl'})"],
        "models": [model],
        "strategies": STRATEGIES,
    }
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid))
    (folder / "two_calls.py").write_text((Path(__file__).parent / "two_calls.py").read_text())
    return folder / "grid.yaml"


def _stored(run_folder):
    """How many replies the store holds: finished answers' calls and calls of unfinished ones."""
    if not (run_folder / FILE).exists():
        return Counter()
    engine = sql.create_engine(f"sqlite:///{run_folder / FILE}")
    with engine.connect() as connection:
        held = Counter()
        for job, strategy in connection.execute(sql.select(ANSWERS.c.job, ANSWERS.c.strategy)):
            held[job] += 2 if "TwoCalls" in strategy else 1
        for (job,) in connection.execute(sql.select(CALLS.c.job)):
            held[job] += 1
    engine.dispose()
    return held


def _killed_and_resumed(folder, kills, seed):
    chance = random.Random(seed)
    with Endpoint(answer(lambda asked: f"reply {len(asked.prompt)}", pause=0.002)) as endpoint:
        grid = _grid(folder, endpoint.url)
        command = [
            sys.executable,
            "-m",
            "crossover",
            "run",
            str(grid),
            "--out",
            str(folder / "run"),
        ]
        possible_repeats = 0
        for _ in range(kills):
            asked_before, held_before = len(endpoint.requests), _stored(folder / "run").total()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while len(endpoint.requests) == asked_before and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))
            finished = process.poll() is not None
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            asked = len(endpoint.requests) - asked_before
            lost = asked - (_stored(folder / "run").total() - held_before)
            assert 0 <= lost <= CONCURRENCY, "a reply that arrived was not kept"
            possible_repeats += lost
            if finished:
                break
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        asked = len(endpoint.requests)
    return grid, asked, possible_repeats


def _check(folder, kills, seed):
    grid, asked, lost = _killed_and_resumed(folder, kills, seed)
    calls = QUESTIONS * (len(STRATEGIES) + 1)
    assert asked == calls + lost, "a stored reply was asked for again"
    engine = sql.create_engine(f"sqlite:///{folder / 'run' / FILE}")
    with engine.connect() as connection:
        rows = connection.execute(
            sql.select(ANSWERS.c.example, ANSWERS.c.strategy, ANSWERS.c.model)
        ).all()
    engine.dispose()
    assert len(rows) == len(set(rows)) == QUESTIONS * len(STRATEGIES)
    return grid


def test_ten_kills_lose_nothing_and_repeat_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _check(tmp_path, kills=10, seed=0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_hundred_kills(tmp_path, monkeypatch, seed):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _check(tmp_path, kills=10, seed=seed)


def test_the_killed_run_reads_back_whole(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    grid = _check(tmp_path, kills=2, seed=99)
    frame = run(grid, tmp_path / "run")
    assert len(frame) == QUESTIONS * len(STRATEGIES)
    assert set(frame["outcome"]) == {"answered"}
    assert (frame["calls"] >= 1).all()
