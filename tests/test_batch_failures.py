"""What goes wrong with batches has a name, and what may pass is tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batching import BatchEndpoint, batched, digest_of
from misbehaving import raw, reset, status

from crossover import meter
from crossover.errors import ModelError
from crossover.models._batch import Batch
from crossover.models.langchain import LangChainModel
from crossover.types import Completion, Request

PROVIDERS = ["openai", "anthropic"]
BOTH = pytest.mark.parametrize("provider", PROVIDERS)
REQUESTS = [Request("Answer.", f"number {number}") for number in range(4)]
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
Line = dict[str, Any]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LANGSMITH_TRACING", raising=False)


@pytest.fixture
def endpoint() -> Iterator[BatchEndpoint]:
    with BatchEndpoint() as endpoint:
        yield endpoint


def _four(endpoint: BatchEndpoint, provider: str = "openai", **options: Any) -> LangChainModel:
    """A model whose batches are full with the four requests, however slowly they come."""
    return batched(endpoint, provider, batch_size=4, batch_wait=60.0, **options)


def _outcomes(model: Any) -> list[str]:
    """What became of the four requests, made at once."""

    def ask(request: Request) -> str:
        try:
            completion: Completion = model.complete(request)
        except ModelError as error:
            assert "\n" not in str(error)
            return error.outcome
        return "answered" if completion.finish == "stop" else completion.finish

    return meter.side_by_side(ask, REQUESTS, len(REQUESTS))


def _bent(bend: Callable[[Line], list[Any]], times: int = 99) -> Any:
    """Bend the line of the request with number 1, so many times."""
    left = [None] * times

    def line(_id: str, body: Line, usual: Line) -> list[Any]:
        if "number 1" not in json.dumps(body) or not left:
            return [usual]
        left.pop()
        return bend(usual)

    return line


def _error(provider: str, code: int, kind: str, message: str, name: str | None = None) -> Any:
    """An error line for one request, as either provider writes it."""
    error = {"message": message, "type": kind, "code": name}

    def bend(usual: Line) -> list[Any]:
        if provider == "openai":
            usual["response"] = {"status_code": code, "body": {"error": error}}
        else:
            usual["result"] = {"type": "errored", "error": {"type": "error", "error": error}}
        return [usual]

    return bend


ERRORS = [
    (429, "rate_limit_error", "slow down", None, "failed:rate_limit"),
    (500, "api_error", "sorry", None, "failed:server"),
    (529, "overloaded_error", "busy", None, "failed:server"),
    (400, "invalid_request_error", "no such parameter", None, "failed:bad_request"),
    (401, "authentication_error", "bad key", None, "failed:authentication"),
    (404, "not_found_error", "no such model", None, "failed:not_found"),
    (
        400,
        "invalid_request_error",
        "This model's maximum context length is 9 tokens",
        "context_length_exceeded",
        "overflow",
    ),
    (400, "invalid_request_error", "prompt is too long: 9 tokens > 5 maximum", None, "overflow"),
    (413, "request_too_large", "Request exceeds the maximum size", None, "overflow"),
    (400, "invalid_request_error", "blocked by content policy", "content_filter", "refused"),
]


@BOTH
@pytest.mark.parametrize("error", ERRORS, ids=[f"{error[1]}-{error[4]}" for error in ERRORS])
def test_an_error_line_is_one_request_s(
    endpoint: BatchEndpoint, provider: str, error: tuple[int, str, str, str | None, str]
) -> None:
    *parts, outcome = error
    endpoint.line = _bent(_error(provider, *parts))  # type: ignore[arg-type]
    model = _four(endpoint, provider, attempts=1)
    assert _outcomes(model) == ["answered", outcome, "answered", "answered"]
    assert len(endpoint.batches) == 1


@BOTH
def test_what_may_pass_goes_into_another_batch(endpoint: BatchEndpoint, provider: str) -> None:
    endpoint.line = _bent(_error(provider, 429, "rate_limit_error", "slow"), times=2)
    model = batched(endpoint, provider, input_price=1.0, output_price=1.0)
    with meter.metered() as bill:
        assert model.complete(REQUESTS[1]).text == digest_of(endpoint.asked[0])
    assert [len(made.requests) for made in endpoint.batches.values()] == [1, 1, 1]
    assert bill.usage.calls == 3
    said = bill.steps[0].detail
    assert "attempts that failed: rate_limit, rate_limit" in said
    assert said.endswith("batch batch_1; batch batch_2; batch batch_3")


@BOTH
def test_what_passes_is_not_tried_for_ever(endpoint: BatchEndpoint, provider: str) -> None:
    endpoint.line = _bent(_error(provider, 500, "api_error", "sorry"))
    assert _outcomes(batched(endpoint, provider))[1] == "failed:server"
    assert len(endpoint.asked) == 4 + 2


def _choice(**changes: Any) -> Callable[[Line], list[Any]]:
    def bend(usual: Line) -> list[Any]:
        usual["response"]["body"]["choices"][0].update(changes)
        return [usual]

    return bend


def _body(body: Any) -> Callable[[Line], list[Any]]:
    return lambda usual: [usual | {"response": {"status_code": 200, "body": body}}]


@pytest.mark.parametrize(
    ("bend", "outcome"),
    [
        (_choice(finish_reason="content_filter"), "refused"),
        (_choice(message={"role": "assistant", "content": None, "refusal": "I won't"}), "refused"),
        (_choice(finish_reason="length"), "length"),
        (_body({"choices": []}), "failed:bad_reply"),
        (_body({"choices": None}), "failed:bad_reply"),
        (_body("a web page"), "failed:bad_reply"),
        (_body(None), "failed:bad_reply"),
        (lambda usual: [usual | {"response": None}], "failed:server"),
        (lambda usual: [], "failed:batch_incomplete"),
        (lambda usual: [json.dumps(usual)[:50]], "failed:batch_incomplete"),
        (lambda usual: [usual, usual], "answered"),
        (lambda usual: [usual, _body({"choices": []})(usual)[0]], "failed:batch_ambiguous"),
        (lambda usual: [usual | {"custom_id": "another"}], "failed:batch_incomplete"),
    ],
)
def test_what_the_output_says(
    endpoint: BatchEndpoint, bend: Callable[[Line], list[Any]], outcome: str
) -> None:
    endpoint.line = _bent(bend)
    model = _four(endpoint, attempts=2 if "incomplete" in outcome else 1)
    assert _outcomes(model) == ["answered", outcome, "answered", "answered"]
    # what may have been billed is not asked again
    assert len(endpoint.batches) == 1


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"type": "expired"}, "failed:batch_expired"),
        ({"type": "canceled"}, "failed:batch_cancelled"),
        ({"type": "errored"}, "failed:server"),
        ({}, "failed:server"),
        (None, "failed:server"),
        ({"type": "succeeded", "message": None}, "failed:bad_reply"),
    ],
)
def test_what_anthropics_results_say(endpoint: BatchEndpoint, result: Any, outcome: str) -> None:
    endpoint.line = _bent(lambda usual: [usual | {"result": result}])
    model = _four(endpoint, "anthropic", attempts=1)
    assert _outcomes(model) == ["answered", outcome, "answered", "answered"]


def test_usage_that_is_missing_is_unknown(endpoint: BatchEndpoint) -> None:
    def without(usual: Line) -> list[Any]:
        usual["response"]["body"].pop("usage")
        return [usual]

    endpoint.line = _bent(without)
    usage = batched(endpoint).complete(REQUESTS[1]).usage
    assert (usage.input_tokens, usage.output_tokens, usage.dollars) == (None, None, None)


def test_a_truncated_output_is_fetched_again(endpoint: BatchEndpoint) -> None:
    endpoint.fail("GET /files/output-batch_1/content", raw(b'{"custom_id": "x", "respon'))
    endpoint.fail("GET /files/output-batch_1/content", reset())
    assert _outcomes(batched(endpoint)) == ["answered"] * 4
    assert endpoint.count("GET /files/output-batch_1/content") == 3


def _line_error(line: int | None, code: str = "invalid_json_line") -> dict[str, Any]:
    return {"code": code, "message": "not good", "line": line, "param": None}


@pytest.mark.parametrize(
    ("how", "errors", "outcome"),
    [
        ("failed", [_line_error(None)], "failed:batch_invalid"),
        ("failed", [], "failed:batch_invalid"),
        ("failed", [_line_error(None, "token_limit_exceeded")], "failed:rate_limit"),
        ("expired", [], "failed:batch_expired"),
        ("cancelled", [], "failed:batch_cancelled"),
    ],
)
def test_a_batch_that_ends_otherwise(
    endpoint: BatchEndpoint, how: str, errors: list[Any], outcome: str
) -> None:
    endpoint.how, endpoint.errors, endpoint.line = [how], errors, lambda *_: []
    assert _outcomes(_four(endpoint, attempts=1)) == [outcome] * 4
    assert len(endpoint.batches) == 1


def test_what_an_expired_batch_did_not_answer_goes_into_another(endpoint: BatchEndpoint) -> None:
    def expired(usual: Line) -> list[Any]:
        error = {"code": "batch_expired", "message": "not in time"}
        return [usual | {"response": None, "error": error}]

    endpoint.how, endpoint.line = ["expired"], _bent(expired, times=1)
    assert _outcomes(batched(endpoint)) == ["answered"] * 4
    assert len(endpoint.asked) == 5


def test_only_the_requests_that_a_provider_blames_are_rejected(endpoint: BatchEndpoint) -> None:
    endpoint.how, endpoint.errors = ["failed", "completed"], [_line_error(2)]
    model = batched(endpoint, batch_size=4, batch_wait=0.5)
    assert sorted(_outcomes(model)) == ["answered"] * 3 + ["failed:batch_invalid"]
    assert [len(made.requests) for made in endpoint.batches.values()] == [4, 3]


@BOTH
@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (status(401, KEY), "failed:authentication"),
        (status(400, "no batches of this model"), "failed:batch_invalid"),
        (status(413, "too large"), "failed:batch_invalid"),
        (status(429, error_code="insufficient_quota"), "failed:quota"),
    ],
)
def test_a_submission_that_is_refused_is_not_repeated(
    endpoint: BatchEndpoint, provider: str, trouble: Any, outcome: str, tmp_path: Path
) -> None:
    place = "POST /batches" if provider == "openai" else "POST /messages/batches"
    endpoint.fail(place, trouble)
    model = batched(endpoint, provider)
    with pytest.raises(ModelError) as caught:
        model.complete(REQUESTS[0])
    assert caught.value.outcome == outcome
    assert KEY not in str(caught.value)
    assert endpoint.count(place) == 1
    assert not list((tmp_path / "cache" / "batches").glob("*.jsonl"))


@BOTH
def test_a_submission_that_may_pass_is_repeated(endpoint: BatchEndpoint, provider: str) -> None:
    place = "POST /batches" if provider == "openai" else "POST /messages/batches"
    endpoint.fail(place, status(429), status(503))
    endpoint.fail("POST /files", status(500), reset())
    assert _outcomes(_four(endpoint, provider)) == ["answered"] * 4
    assert len(endpoint.batches) == 1


def test_a_batch_whose_creation_went_unanswered_is_found(endpoint: BatchEndpoint) -> None:
    endpoint.lose("POST /batches")
    assert _outcomes(_four(endpoint)) == ["answered"] * 4
    assert len(endpoint.batches) == endpoint.count("POST /batches") == 1


def test_what_was_answered_unreadably_is_found(endpoint: BatchEndpoint) -> None:
    endpoint.fail("POST /batches", status(502)).lose("POST /batches")
    assert _outcomes(_four(endpoint)) == ["answered"] * 4
    assert (len(endpoint.batches), endpoint.count("POST /batches")) == (1, 2)


def test_a_batch_that_was_never_created_is_created_again(endpoint: BatchEndpoint) -> None:
    endpoint.fail("POST /batches", reset())
    assert _outcomes(_four(endpoint)) == ["answered"] * 4
    assert (len(endpoint.batches), endpoint.count("POST /batches")) == (1, 2)


def test_what_anthropic_may_have_begun_is_not_begun_again(endpoint: BatchEndpoint) -> None:
    endpoint.lose("POST /messages/batches")
    assert _outcomes(_four(endpoint, "anthropic")) == ["failed:connection"] * 4
    assert len(endpoint.batches) == 1


def test_a_provider_that_cannot_be_reached(endpoint: BatchEndpoint) -> None:
    model = replace(batched(endpoint), base_url="http://127.0.0.1:9/v1")
    assert _outcomes(model) == ["failed:connection"] * 4


@BOTH
def test_polling_outlives_what_passes(
    endpoint: BatchEndpoint, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Batch, "_pause", lambda _, seconds: pauses.append(seconds))
    place = "GET /batches" if provider == "openai" else "GET /messages/batches"
    endpoint.fail(place, status(500), status(429, retry_after=0.0042))
    assert _outcomes(_four(endpoint, provider)) == ["answered"] * 4
    assert 0.0042 in pauses
    assert len(endpoint.batches) == 1


def test_pauses_between_looks_grow(
    endpoint: BatchEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Batch, "_pause", lambda _, seconds: pauses.append(seconds))
    endpoint.looks = 8
    assert _outcomes(_four(endpoint, batch_poll=1.0)) == ["answered"] * 4
    assert pauses == [1, 2, 4, 8, 10, 10, 10]


def test_a_batch_that_cannot_be_looked_at_is_not_paid_for_again(endpoint: BatchEndpoint) -> None:
    endpoint.fail("GET /batches", status(500), status(500), status(500))
    assert _outcomes(_four(endpoint)) == ["failed:server"] * 4
    # the next who asks finds it finished
    assert _outcomes(_four(endpoint)) == ["answered"] * 4
    assert len(endpoint.batches) == 1


def test_a_key_that_is_taken_back_while_waiting(endpoint: BatchEndpoint) -> None:
    endpoint.fail("GET /batches", status(401, KEY))
    assert _outcomes(_four(endpoint)) == ["failed:authentication"] * 4
    assert endpoint.count("GET /batches/") == 1
