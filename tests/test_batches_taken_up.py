"""Nothing is paid twice: what a process that ended has submitted, the next one takes up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import yaml
from batching import BatchEndpoint, batched, settings

import crossover
from crossover import meter
from crossover.errors import ModelError
from crossover.keeping import keeping
from crossover.models.langchain import LangChainModel
from crossover.types import Request

PROVIDERS = ["openai", "anthropic"]
REQUESTS = [Request("Answer.", f"number {number}") for number in range(6)]
KEY = "sk-mine-abcdefghijklmnop"
# asks in a process of its own: the address, the provider, which requests
ASKING = """
import sys
from crossover.models.langchain import LangChainModel
from crossover.types import Request
url, provider, *numbers = sys.argv[1:]
model = LangChainModel(
    f"{provider}:any", base_url=url, batch=True, key_env="MY_KEY", batch_size=len(numbers),
    batch_wait=60.0, batch_poll=0.01,
)
model.complete_many([Request("Answer.", f"number {number}") for number in numbers])
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MY_KEY", KEY)
    return tmp_path / "cache"


@pytest.fixture
def endpoint() -> Iterator[BatchEndpoint]:
    with BatchEndpoint() as endpoint:
        yield endpoint


def _model(endpoint: BatchEndpoint, provider: str = "openai") -> LangChainModel:
    return batched(endpoint, provider, key_env="MY_KEY")


def _killed(endpoint: BatchEndpoint, numbers: str, provider: str = "openai") -> None:
    """Kill a process while its batch of these requests is under way."""
    url = str(settings(endpoint, provider)["base_url"])
    endpoint.hold.set()
    before = len(endpoint.batches)
    process = subprocess.Popen([sys.executable, "-c", ASKING, url, provider, *numbers])
    while not endpoint.looked_at(before):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    endpoint.hold.clear()


def _interrupted(endpoint: BatchEndpoint, numbers: str, provider: str = "openai") -> None:
    """Stop this process's waiting while its batch of these requests is under way."""
    model = replace(_model(endpoint, provider), batch_size=len(numbers), batch_wait=60.0)
    before = len(endpoint.batches)

    def stop() -> None:
        while not endpoint.looked_at(before):
            time.sleep(0.01)
        meter.stop()

    endpoint.hold.set()
    with meter.watched(lambda *_: None):
        Thread(target=stop, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            _replies(model, numbers)
    endpoint.hold.clear()


def _replies(model: LangChainModel, numbers: str) -> list[str]:
    requests = [Request("Answer.", f"number {number}") for number in numbers]
    return [reply.text for reply in model.complete_many(requests)]


def _sizes(endpoint: BatchEndpoint) -> list[int]:
    return [len(made.requests) for made in endpoint.batches.values()]


def _files(cache: Path) -> list[Path]:
    return sorted((cache / "batches").glob("*.jsonl"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_killed_process_has_paid_for_the_next(
    endpoint: BatchEndpoint, provider: str, cache: Path
) -> None:
    _killed(endpoint, "0123", provider)
    [file] = _files(cache)
    kept = file.read_text()
    assert '"batch": "batch_1"' in kept
    assert KEY not in kept
    assert "number" not in kept
    with meter.metered() as bill:
        found = _replies(_model(endpoint, provider), "0123")
    assert _sizes(endpoint) == [4]
    assert {step.detail.partition("; batch ")[2] for step in bill.steps} == {"batch_1"}
    assert not _files(cache)
    # they are handed out once: who asks again pays again
    assert _replies(_model(endpoint, provider), "0123") == found
    assert sum(_sizes(endpoint)) == 8


def test_each_identical_request_counts(endpoint: BatchEndpoint) -> None:
    count = iter(range(99))
    endpoint.reply = lambda body: f"reply {next(count)}"
    _interrupted(endpoint, "111")
    model = _model(endpoint)
    first = _replies(model, "11")
    assert _sizes(endpoint) == [3]
    assert len(set(first)) == 2
    second = _replies(model, "11")
    assert sum(_sizes(endpoint)) == 4
    assert len({*first, *second}) == 4


def test_only_the_same_request_of_the_same_model_is_taken_up(endpoint: BatchEndpoint) -> None:
    _interrupted(endpoint, "0")
    for other in (
        batched(endpoint, key_env="MY_KEY", temperature=0.9),
        batched(endpoint, key_env="MY_KEY", parameters='{"top_p": 0.5}'),
        batched(endpoint, "anthropic", key_env="MY_KEY"),
    ):
        _replies(other, "0")
    _replies(_model(endpoint), "1")
    assert _sizes(endpoint) == [1] * 5
    _replies(_model(endpoint), "0")
    assert _sizes(endpoint) == [1] * 5


def test_a_living_process_s_batch_is_its_own(endpoint: BatchEndpoint) -> None:
    endpoint.hold.set()
    url = str(settings(endpoint)["base_url"])
    process = subprocess.Popen([sys.executable, "-c", ASKING, url, "openai", "0"])
    while not endpoint.looked_at(0):
        assert process.poll() is None
        time.sleep(0.01)
    _interrupted(endpoint, "0")
    assert _sizes(endpoint) == [1, 1]
    assert process.wait() == 0


def test_replies_that_were_not_kept_are_handed_out_again(
    endpoint: BatchEndpoint, cache: Path
) -> None:
    """Between a reply and its storing lies a moment in which a process can end."""
    model = _model(endpoint)
    with pytest.raises(KeyboardInterrupt), keeping():
        model.complete(REQUESTS[0])
        raise KeyboardInterrupt
    assert len(_files(cache)) == 1
    with keeping():
        model.complete(REQUESTS[1])
        assert len(_files(cache)) == 2
    assert len(_files(cache)) == 1


def test_what_failed_is_asked_again(endpoint: BatchEndpoint, cache: Path) -> None:
    _interrupted(endpoint, "01")
    endpoint.batches["batch_1"].how = "expired"
    endpoint.line = lambda _id, body, usual: [] if "number 0" in str(body) else [usual]
    model = batched(endpoint, key_env="MY_KEY", attempts=1)
    with pytest.raises(ModelError, match="expired"):
        model.complete(REQUESTS[0])
    endpoint.line = None
    _replies(model, "01")
    assert _sizes(endpoint) == [2, 1]
    assert not _files(cache)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_that_is_gone_is_asked_anew(
    endpoint: BatchEndpoint, provider: str, cache: Path
) -> None:
    _interrupted(endpoint, "01", provider)
    endpoint.batches["elsewhere"] = endpoint.batches.pop("batch_1")
    assert len(_replies(_model(endpoint, provider), "01")) == 2
    assert sum(_sizes(endpoint)) == 4
    assert not _files(cache)


@pytest.mark.parametrize("created", [True, False])
def test_a_process_that_died_before_it_knew_the_id(
    endpoint: BatchEndpoint, created: bool, cache: Path
) -> None:
    _interrupted(endpoint, "0")
    [file] = _files(cache)
    about = file.read_text().strip().splitlines()[0]
    file.write_text(about)
    if not created:
        endpoint.batches["batch_1"].label = "another"
    _replies(_model(endpoint), "0")
    assert _sizes(endpoint) == ([1] if created else [1, 1])
    assert not _files(cache)


def test_files_that_say_nothing_do_no_harm(endpoint: BatchEndpoint, cache: Path) -> None:
    _replies(_model(endpoint), "0")
    digest = next(iter(endpoint.batches["batch_1"].requests))
    about = {"version": 1, "model": "openai:any", "time": time.time(), "requests": [digest]}
    files = {
        "cut": json.dumps(about)[:30],
        "empty": "",
        "old": json.dumps(about | {"time": time.time() - 31 * 24 * 3600}),
        "later": json.dumps(about | {"version": 2}),
        "list": "[1]",
        "taken": "\n".join([json.dumps(about), '{"batch": "b"}', json.dumps({"taken": digest})]),
    }
    for name, text in files.items():
        (cache / "batches" / f"{name}.jsonl").write_text(text)
    _replies(_model(endpoint), "0")
    assert _sizes(endpoint) == [1, 1]
    assert [file.stem for file in _files(cache)] == ["later"]


def _grid(folder: Path, endpoint: BatchEndpoint) -> Path:
    lines = [
        {"id": f"q{n}", "question": f"Who built bridge {n}?", "answers": ["Ada"], "context": "Ada."}
        for n in range(8)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    model = settings(endpoint) | {"name": "openai:any", "batch_wait": 0.2}
    grid = {
        "datasets": [f"jsonl({folder / 'questions.jsonl'})"],
        "models": [model],
        "strategies": ["closed_book", "two_calls.TwoCalls"],
    }
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid))
    return folder / "grid.yaml"


def test_a_killed_run_goes_on_where_it_was(endpoint: BatchEndpoint, tmp_path: Path) -> None:
    grid, tests = _grid(tmp_path, endpoint), Path(__file__).parent
    command = [sys.executable, "-m", "crossover", "run", str(grid), "--out", str(tmp_path / "run")]
    path = os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])
    endpoint.hold.set()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path})
    for _ in range(2):
        before = len(endpoint.batches)
        endpoint.released = set(endpoint.batches)
        while not endpoint.looked_at(before):
            assert process.poll() is None
            time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    endpoint.hold.clear()
    frame = crossover.run(grid, tmp_path / "run")
    assert set(frame["outcome"]) == {"answered"}
    # each call of each question once: 8 of one strategy, 16 of the other
    assert len(endpoint.asked) == frame["calls"].sum() == 24
