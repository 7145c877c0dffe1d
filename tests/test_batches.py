from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from batching import BatchEndpoint, batched, digest_of, settings
from misbehaving import Endpoint, status, web_page

import crossover
from crossover import meter
from crossover.catalog import identity, load, spec
from crossover.errors import ConfigError, ModelError, UnsupportedRequest
from crossover.measure import measured
from crossover.models.langchain import LangChainModel
from crossover.pipelines.closed_book import ClosedBook
from crossover.roles import Model
from crossover.types import Passage, Question, Request
from crossover.wrapped import Wrapped, at_once

PROVIDERS = ["openai", "anthropic"]
REQUEST = Request("Answer briefly.", "Where did Ada live?", (Passage("d", 0, 3, "Ada lived."),))
REQUESTS = [replace(REQUEST, question=f"number {number}") for number in range(5)]
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Look up.",
        "parameters": {"type": "object", "properties": {}},
    },
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def endpoint() -> Iterator[BatchEndpoint]:
    with BatchEndpoint(looks=2) as endpoint:
        yield endpoint


def _unbatched(endpoint: BatchEndpoint, provider: str, **options: Any) -> LangChainModel:
    return batched(endpoint, provider, batch=False, streams=False, **options)


def _five(endpoint: BatchEndpoint, provider: str = "openai", **options: Any) -> LangChainModel:
    """A model whose batches are full with five requests, however slowly they come."""
    return batched(endpoint, provider, **({"batch_size": 5, "batch_wait": 60.0} | options))


def _texts(endpoint: BatchEndpoint) -> list[str]:
    return [one.text for one in _unbatched(endpoint, "openai").complete_many(REQUESTS)]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_requests_made_together_are_one_batch(endpoint: BatchEndpoint, provider: str) -> None:
    prices = {"input_price": 1.0, "output_price": 10.0}
    with meter.metered() as bill:
        together = _five(endpoint, provider, **prices).complete_many(REQUESTS)
    assert len(endpoint.batches) == 1
    assert endpoint.batches["batch_1"].looks >= 2
    with meter.metered() as single_bill:
        single = _unbatched(endpoint, provider, **prices).complete_many(REQUESTS)
    assert len({one.text for one in together}) == len(REQUESTS)
    for a, b in zip(together, single, strict=True):
        assert a == replace(b, usage=replace(b.usage, dollars=a.usage.dollars))
        assert a.usage.dollars == pytest.approx((b.usage.dollars or 0) / 2)
        assert a.usage.dollars > 0
    assert bill.usage.calls == single_bill.usage.calls == len(REQUESTS)
    assert {step.seconds for step in bill.steps} == {None}
    assert all(step.detail.endswith("out; batch batch_1") for step in bill.steps)
    assert not any("batch" in step.detail for step in single_bill.steps)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batched_request_is_the_unbatched_one(endpoint: BatchEndpoint, provider: str) -> None:
    """The reply depends on every parameter of the body that arrives."""
    more = '{"top_p": 0.5, "default_headers": {"x-mine": "1"}}'
    requests = [
        replace(REQUEST, max_tokens=9, temperature=0.5, seed=3),
        replace(REQUEST, history=(("Hello?", "Hello."),), tools=(TOOL,), choices=("Ü", "b")),
    ]
    one = batched(endpoint, provider, parameters=more).complete_many(requests)
    other = _unbatched(endpoint, provider, parameters=more).complete_many(requests)
    assert [each.text for each in one] == [each.text for each in other]
    body = endpoint.asked[0]
    assert (body["top_p"], body["temperature"], body["max_tokens"]) == (0.5, 0.5, 9)
    assert endpoint.asked[1]["tools"]


def test_logprobs_arrive_and_are_missed_as_ever(endpoint: BatchEndpoint) -> None:
    token = {"token": "yes", "logprob": -0.25, "bytes": None, "top_logprobs": []}

    def bend(_id: str, body: dict[str, Any], line: dict[str, Any]) -> list[Any]:
        assert body["logprobs"] is True
        if "number 1" in str(body):
            line["response"]["body"]["choices"][0]["logprobs"] = {"content": [token]}
        return [line]

    endpoint.line = bend
    asked = [replace(request, logprobs=True) for request in REQUESTS]
    assert batched(endpoint).complete(asked[1]).logprobs == (("yes", -0.25),)
    with pytest.raises(UnsupportedRequest, match="no logprobs"):
        batched(endpoint).complete(asked[2])


def test_a_batch_has_its_size(endpoint: BatchEndpoint) -> None:
    replies = _five(endpoint, batch_size=2).complete_many(REQUESTS[:4])
    assert [len(made.requests) for made in endpoint.batches.values()] == [2, 2]
    assert [reply.text for reply in replies] == _texts(endpoint)[:4]


def test_the_same_request_several_times_is_several_calls(endpoint: BatchEndpoint) -> None:
    count = iter(range(9))
    endpoint.reply = lambda body: f"reply {next(count)}"
    replies = _five(endpoint, batch_size=3).complete_many([REQUEST] * 3)
    assert sorted(reply.text for reply in replies) == ["reply 0", "reply 1", "reply 2"]
    assert sorted(len(made.requests) for made in endpoint.batches.values()) == [3]


def test_batches_tell_no_time(endpoint: BatchEndpoint) -> None:
    answer = measured(ClosedBook(), Question("q", "Who?"), batched(endpoint))
    assert answer.outcome == "answered"
    assert (answer.seconds, answer.critical_seconds, answer.first_token_seconds) == (None,) * 3
    assert (answer.usage.calls, answer.trace[-1].seconds) == (1, None)


def test_a_stream_is_one_piece(endpoint: BatchEndpoint) -> None:
    with meter.metered() as bill:
        pieces = list(batched(endpoint).stream(REQUEST))
    assert pieces == [digest_of(endpoint.asked[0])]
    assert bill.usage.calls == 1


def test_many_models_share_a_batch_and_others_do_not(endpoint: BatchEndpoint) -> None:
    cold = _five(endpoint, batch_size=2)
    models = [cold, replace(cold, temperature=0.9)]
    models += [replace(model, name="openai:other") for model in models]
    threads = [Thread(target=model.complete, args=(REQUEST,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    named = [
        {body["model"] for body in made.requests.values()} for made in endpoint.batches.values()
    ]
    assert sorted(map(sorted, named)) == [["any"], ["other"]]
    assert [len(made.requests) for made in endpoint.batches.values()] == [2, 2]


def test_what_batches_change_of_a_model() -> None:
    text = "openai:gpt-4o-mini(batch=true, batch_size=9)"
    model = load(Model, text)
    assert isinstance(model, LangChainModel)
    assert spec(model) == text
    assert at_once(model) == at_once(Wrapped(model)) == 256
    assert at_once(replace(model, batch_concurrency=3)) == 3
    assert at_once(replace(model, batch=False)) == 8
    assert identity(model) == identity(replace(model, batch_size=8, batch_wait=1.0))
    assert identity(model) != identity(replace(model, batch=False))


def test_providers_without_batches() -> None:
    with pytest.raises(ConfigError) as caught:
        LangChainModel("mistralai:large", batch=True)
    assert str(caught.value) == "mistralai:large: only openai and anthropic take batches"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_without_batches_is_found_before_a_run(
    endpoint: BatchEndpoint, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "GET /batches" if provider == "openai" else "GET /messages/batches"
    model = batched(endpoint, provider)
    model.check()
    for trouble in (status(404), status(405), web_page()):
        endpoint.fail(place, trouble)
        with pytest.raises(ConfigError, match="has no batch endpoint; leave batch out"):
            model.check()
    endpoint.fail(place, status(500))
    model.check()  # says nothing of batches
    replace(model, base_url="http://127.0.0.1:9/v1").check()
    with Endpoint() as old, pytest.raises(ConfigError, match="no batch endpoint"):
        replace(model, base_url=old.url).check()
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "sk-0123456789abcdef")
    replace(model, base_url="").check()  # asks nobody: there is no network here


def _grid(folder: Path, model: dict[str, object]) -> dict[str, Any]:
    lines = [
        {
            "id": f"q{number}",
            "question": f"Who built bridge {number}?",
            "answers": ["Ada"],
            "documents": [{"id": f"d{number}", "text": f"Ada built bridge {number}. " * 300}],
        }
        for number in range(6)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    prices = {"input_price": 10.0, "output_price": 20.0}
    return {
        "datasets": [f"jsonl({folder / 'questions.jsonl'})"],
        "models": [model | {"name": "openai:any"} | prices],
        "strategies": ["closed_book", "two_calls.TwoCalls"],
        "seed": 3,
    }


def test_a_grid_in_batches_is_the_same_grid_for_half(
    endpoint: BatchEndpoint, tmp_path: Path
) -> None:
    given = settings(endpoint) | {"batch_wait": 0.3}
    one = crossover.run(_grid(tmp_path, given), tmp_path / "batched")
    submitted, calls = len(endpoint.batches), len(endpoint.asked)
    assert endpoint.count("POST /chat") == 0
    other = crossover.run(_grid(tmp_path, given | {"batch": False}), tmp_path / "single")
    assert len(endpoint.batches) == submitted
    assert endpoint.count("POST /chat") == calls == one["calls"].sum()
    assert calls == 3 * 6
    # about as many rounds as calls that wait for one another
    assert 2 <= submitted <= 9
    keys = ["example", "strategy"]
    one, other = (frame.sort_values(keys).reset_index(drop=True) for frame in (one, other))
    assert set(one["outcome"]) == {"answered"}
    for column in (*keys, "answer", "input_tokens", "output_tokens", "calls"):
        assert list(one[column]) == list(other[column]), column
    assert list(one["dollars"] * 2) == pytest.approx(list(other["dollars"]))
    assert one["seconds"].isna().all()
    assert other["seconds"].notna().all()


def test_an_interrupt_ends_the_waiting_at_once(endpoint: BatchEndpoint) -> None:
    """What is submitted stays so, and the same process takes it up again."""
    endpoint.hold.set()
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            _five(endpoint).complete_many(REQUESTS)
        except BaseException as error:
            ended.append(error)

    with meter.watched(lambda *_: None):
        thread = Thread(target=ask)
        thread.start()
        while not endpoint.looked_at(0):
            thread.join(0.01)
        meter.stop()
        thread.join()
    assert [type(error) for error in ended] == [KeyboardInterrupt]
    endpoint.hold.clear()
    replies = batched(endpoint).complete_many(REQUESTS)
    assert [reply.text for reply in replies] == _texts(endpoint)
    assert len(endpoint.batches) == 1


def test_an_interrupt_before_a_batch_submits_nothing(endpoint: BatchEndpoint) -> None:
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            batched(endpoint, batch_wait=60.0).complete(REQUEST)
        except BaseException as error:
            ended.append(error)

    with meter.watched(lambda *_: None):
        thread = Thread(target=ask)
        thread.start()
        thread.join(0.3)
        meter.stop()
        thread.join()
    assert [type(error) for error in ended] == [KeyboardInterrupt]
    assert endpoint.count("POST") == 0


def test_without_a_cache_nothing_is_kept(
    endpoint: BatchEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", "off")
    assert len(batched(endpoint).complete_many(REQUESTS)) == len(REQUESTS)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_stops_before_anything_is_paid(
    endpoint: BatchEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "file"))
    with pytest.raises(crossover.errors.StoreError, match="set CROSSOVER_CACHE to a folder"):
        batched(endpoint).complete(REQUEST)
    assert endpoint.count("POST") == 0


def test_a_window_overflows_without_a_batch(endpoint: BatchEndpoint) -> None:
    with pytest.raises(ModelError, match="exceed the context window"):
        batched(endpoint, context_window=20).complete(REQUEST)
    assert not endpoint.requests
