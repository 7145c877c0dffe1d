"""What may befall a machine in the middle of a run: a line says it, and it goes on afterwards."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
import time

import pytest
from misbehaving import Endpoint, answer
from postgres import Server

from crossover.experiments.run import run

QUESTIONS = 40


@pytest.fixture
def asked(tmp_path):
    """Starts a run against an endpoint that counts, in a process of its own."""
    lines = [
        {"question": f"Who built bridge {n}?", "answers": ["Ada"], "context": f"Ada built {n}."}
        for n in range(QUESTIONS)
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))

    def start(endpoint, *options, **how):
        grid = {
            "datasets": [f"jsonl({tmp_path / 'questions.jsonl'})"],
            "models": [f"openai:tiny(base_url={endpoint.url}, concurrency=2)"],
            "strategies": ["closed_book", "full_context"],
        }
        path = tmp_path / "grid.json"
        path.write_text(json.dumps(grid))
        command = [sys.executable, "-m", "crossover", "run", str(path)]
        command += ["--out", str(tmp_path / "run"), *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, **pipes, **how)

    return start


def repeats(endpoint):
    prompts = [hashlib.sha256(one.prompt.encode()).hexdigest() for one in endpoint.requests]
    return len(prompts) - len(set(prompts))


def small_files():
    """No file may grow beyond this: what a full disk does to a database."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def test_a_full_disk_ends_a_run_in_a_line_and_loses_nothing_that_was_kept(asked, tmp_path):
    with Endpoint(answer("Ada", pause=0.01)) as endpoint:
        process = asked(endpoint, preexec_fn=small_files)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 2, errors
        last = errors.strip().splitlines()[-1]
        assert "answers.sqlite" in last
        assert "Traceback" not in errors
        before = len(endpoint.requests)
        assert 0 < before < 2 * QUESTIONS
        process = asked(endpoint)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        # what could not be written is asked again: no more than was under way
        assert repeats(endpoint) <= 4
    frame = run(tmp_path / "grid.json", tmp_path / "run")
    assert len(frame) == 2 * QUESTIONS


def test_a_folder_that_takes_nothing_is_one_line(asked, tmp_path):
    (tmp_path / "run").write_text("a file stands here")
    with Endpoint(answer("Ada")) as endpoint:
        process = asked(endpoint)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 2
        assert "cannot be used" in errors
        assert "Traceback" not in errors
        assert not endpoint.requests


@pytest.mark.long
def test_a_database_that_is_killed_and_comes_back_costs_nothing_twice(asked, tmp_path, postgres):
    server = Server().start()
    try:
        with Endpoint(answer("Ada", pause=0.02)) as endpoint:
            process = asked(endpoint, "--store", server.new())

            def restart():
                while len(endpoint.requests) < 10:
                    time.sleep(0.01)
                server.stop()
                time.sleep(1)
                server.start()

            restarting = threading.Thread(target=restart)
            restarting.start()
            _, errors = process.communicate(timeout=200)
            restarting.join()
            assert process.returncode == 0, errors
            assert len(endpoint.requests) == 2 * QUESTIONS
            assert repeats(endpoint) == 0
    finally:
        server.stop()


@pytest.mark.long
def test_a_clock_that_jumps_disturbs_no_run(asked, monkeypatch, tmp_path):
    with Endpoint(answer("Ada", pause=0.01)) as endpoint:
        first = asked(endpoint)
        while len(endpoint.requests) < 10:
            time.sleep(0.01)
        # another process of this machine believes that it is tomorrow; claims stay what they are
        script = (
            "import time; real = time.time; time.time = lambda: real() + 86_400; "
            "import sys; sys.argv = ['crossover', *sys.argv[1:]]; "
            "from crossover.cli import main; main()"
        )
        command = [sys.executable, "-c", script, "run", str(tmp_path / "grid.json")]
        second = subprocess.run(
            [*command, "--out", str(tmp_path / "run")],
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ),
        )
        _, errors = first.communicate(timeout=120)
        assert (first.returncode, second.returncode) == (0, 0), errors + second.stderr
        assert repeats(endpoint) == 0
        assert len(endpoint.requests) == 2 * QUESTIONS
