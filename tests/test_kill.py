"""A run killed at random again and again loses nothing and pays for nothing twice."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sql
import yaml
from misbehaving import Endpoint, answer

from crossover.experiments.database import SCHEMA
from crossover.experiments.run import run
from crossover.experiments.store import ANSWERS, CALLS, FILE, REPEATED

QUESTIONS = 90
STRATEGIES = ["closed_book", "full_context", "rag(max_tokens=99)", "two_calls.TwoCalls"]
CONCURRENCY = 4
REPLY = re.compile(r"reply ([0-9a-f]{16})")


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


def _digest(asked):
    return hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).hexdigest()[:16]


class _Place:
    """Where a run keeps its answers: in its folder, or at an address."""

    def __init__(self, run_folder, address=""):
        self.address, self.folder = address, run_folder

    @property
    def options(self):
        return ["--out", str(self.folder), *(["--store", self.address] if self.address else [])]

    def all(self, *columns):
        """Every row; none before there is a store."""
        if not self.address and not (self.folder / FILE).exists():
            return []
        file = f"sqlite:///{self.folder / FILE}"
        where = self.address.replace("postgresql:", "postgresql+psycopg:") or file
        options = {"options": f"-c search_path={SCHEMA}"} if self.address else {}
        engine = sql.create_engine(where, connect_args=options)
        try:
            with engine.connect() as connection:
                return connection.execute(sql.select(*columns)).all()
        except sql.exc.ProgrammingError:
            return []
        finally:
            engine.dispose()


def _stored(place, requests):
    """Digests of the requests whose replies the store holds, in an answer or as a call."""
    texts = [
        text for column in (ANSWERS.c.answer, CALLS.c.completion) for (text,) in place.all(column)
    ]
    held = {digest for text in texts for digest in REPLY.findall(text)}
    # the first call of a finished answer shows in the prompt of its second
    prompts = [asked.prompt for asked in requests if _digest(asked) in held]
    return held | {digest for prompt in prompts for digest in REPLY.findall(prompt)}


def _round(command, endpoint, place, chance):
    """Run for a random while, kill, and check the round; return the process's fate."""
    before = len(endpoint.requests)
    held = _stored(place, endpoint.requests)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while chance and len(endpoint.requests) == before and process.poll() is None:
        time.sleep(0.01)
    if chance:
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
    _, errors = process.communicate()
    # a request cut off by the kill arrives without its body
    asked = [one for one in endpoint.requests[before:] if one.body]
    assert not held & set(map(_digest, asked)), "a stored reply was asked for again"
    kept = _stored(place, endpoint.requests)
    lost = [one for one in asked if _digest(one) not in kept]
    assert len(lost) <= (CONCURRENCY if chance else 0), "a reply that arrived was not kept"
    return process.returncode, errors


def _check(folder, kills, seed, address=""):
    chance, killed = random.Random(seed), 0
    place = _Place(folder / "run", address)
    with Endpoint(answer(lambda asked: f"reply {_digest(asked)}", pause=0.002)) as endpoint:
        grid = _grid(folder, endpoint.url)
        command = [sys.executable, "-m", "crossover", "run", str(grid), *place.options]
        for _ in range(kills):
            code, _ = _round(command, endpoint, place, chance)
            killed += code == -signal.SIGKILL
        code, errors = _round(command, endpoint, place, None)
    assert code == 0, errors
    assert killed > kills / 2, "the runs ended before they could be killed"
    rows = place.all(ANSWERS.c.example, ANSWERS.c.strategy, ANSWERS.c.model)
    assert len(rows) == len(set(rows)) == QUESTIONS * len(STRATEGIES)
    # a call that began in the last moment may not have been noted
    assert len(place.all(REPEATED.c.job)) <= CONCURRENCY * killed
    return grid


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """The strategies of the grid's folder are found by the processes that are killed."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}".rstrip(":"))


@pytest.mark.usefixtures("beside")
def test_kills_lose_nothing_and_repeat_nothing(tmp_path):
    _check(tmp_path, kills=5, seed=0)


@pytest.mark.usefixtures("beside")
def test_kills_beside_a_database_lose_nothing_and_repeat_nothing(tmp_path, postgres):
    _check(tmp_path, kills=5, seed=0, address=postgres.new())


@pytest.mark.long
@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("seed", range(1, 6))
def test_fifty_kills(tmp_path, seed):
    _check(tmp_path, kills=10, seed=seed)


@pytest.mark.long
@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("seed", range(1, 6))
def test_fifty_kills_beside_a_database(tmp_path, postgres, seed):
    _check(tmp_path, kills=10, seed=seed, address=postgres.new())


@pytest.mark.long
@pytest.mark.usefixtures("beside")
def test_the_killed_run_is_an_undisturbed_one_but_for_times(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    grid = _check(tmp_path, kills=5, seed=99)
    killed = run(grid, tmp_path / "run")
    with Endpoint(answer(lambda asked: f"reply {_digest(asked)}")) as endpoint:
        calm = _grid(tmp_path, endpoint.url)
        undisturbed = run(calm, tmp_path / "calm")
    timed = [name for name in killed if "seconds" in name]
    same = [frame.drop(columns=[*timed, "model"]) for frame in (killed, undisturbed)]
    pd.testing.assert_frame_equal(*same, check_like=False)
    assert set(killed["outcome"]) == {"answered"}
    assert 0 < killed.attrs["repeated"] <= 5 * CONCURRENCY
    assert "were under way when a process died" in (tmp_path / "run" / "report.md").read_text()
    assert undisturbed.attrs["repeated"] == 0
