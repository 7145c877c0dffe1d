from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from misbehaving import (
    Asked,
    Behaviour,
    Endpoint,
    Out,
    answer,
    broken_off,
    drip,
    error_in_stream,
    hang,
    no_choices,
    raw,
    reset,
    slow_bytes,
    status,
    truncated_json,
    web_page,
)

from crossover import meter
from crossover.catalog import identity, load
from crossover.errors import (
    ConfigError,
    ModelError,
    ProviderError,
    RefusedError,
    WindowError,
)
from crossover.models import _failures
from crossover.models._readers import within
from crossover.models.langchain import LangChainModel
from crossover.roles import Model
from crossover.types import Passage, Request

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
PASSAGES = (Passage("a<b", 0, 9, "Ada lived in Paris."), Passage("d2", 5, 9, "Tea."))
REQUEST = Request("Answer briefly.", "Where did Ada live?", PASSAGES)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    """One address for many scripts: a client for a new one takes a while to build."""
    with Endpoint() as endpoint:
        yield endpoint


def model_at(endpoint: Endpoint, **options: object) -> LangChainModel:
    fast = {"pause": 0.01, "timeout": 5.0, "attempts": 3, "base_url": endpoint.url}
    return LangChainModel("openai:any", **(fast | options))  # type: ignore[arg-type]


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "bad",
    [status(429), status(500), status(502), status(503), status(408), reset(), broken_off()],
    ids=["429", "500", "502", "503", "408", "reset", "broken_off"],
)
def test_passing_failures_are_retried_and_counted(
    bad: Behaviour, streams: bool, server: Endpoint
) -> None:
    server.play(bad, answer("fine"))
    with meter.metered() as bill:
        completion = model_at(server, streams=streams).complete(REQUEST)
    assert len(server.requests) == 2
    assert completion.text == "fine"
    assert completion.usage.calls == bill.usage.calls == 2
    assert "attempts that failed" in bill.steps[0].detail


@pytest.mark.parametrize("retry_after", [0.4, 30])
def test_pauses_follow_the_provider_up_to_a_cap_and_are_no_latency(retry_after: float) -> None:
    busy = status(429, retry_after=retry_after)
    with Endpoint(busy, answer("fine")) as endpoint:
        model = model_at(endpoint, longest_pause=0.5)
        model.check()
        with meter.metered() as bill:
            started = time.perf_counter()
            model.complete(REQUEST)
            passed = time.perf_counter() - started
    waited = min(retry_after, 0.5)
    assert passed >= waited
    assert bill.excluded >= waited
    assert bill.elapsed() < passed + 0.1 - waited + 0.3
    assert bill.steps[0].seconds is not None
    assert bill.steps[0].seconds < passed - waited + 0.05


def test_a_retry_date_is_understood() -> None:
    class Response:
        headers = {"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}  # noqa: RUF012

    error = Exception("busy")
    error.response = Response()  # type: ignore[attr-defined]
    assert (_failures.failed(error, "m").pause or 0) > 1e9


@pytest.mark.parametrize(
    ("bad", "streams"),
    [(hang(), True), (hang(), False), (drip(), True), (slow_bytes(), False)],
    ids=["hang", "hang whole", "drip", "drip whole"],
)
def test_a_reply_that_never_ends_is_a_timeout(bad: Behaviour, streams: bool) -> None:
    with Endpoint(bad) as endpoint, meter.metered() as bill:
        started = time.perf_counter()
        with pytest.raises(ProviderError) as caught:
            model_at(endpoint, timeout=0.3, attempts=2, streams=streams).complete(REQUEST)
        assert time.perf_counter() - started < 2.5
    assert caught.value.outcome == "failed:timeout"
    assert bill.usage.calls == 2  # failed attempts are calls, too


def test_a_stream_is_not_begun_again_once_it_has_spoken() -> None:
    with Endpoint(status(503), broken_off(3), answer("fine")) as endpoint:
        pieces = model_at(endpoint).stream(REQUEST)
        assert next(pieces) == "a fair"
        with pytest.raises(ProviderError, match="broke off"):
            list(pieces)
        assert len(endpoint.requests) == 2


OVERFLOWS = [
    "This model's maximum context length is 8192 tokens. However, you requested 9000.",
    "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Input is too long for requested model.",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
    "Please reduce the length of the messages or completion.",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
]
FINAL = {
    "failed:authentication": status(401),
    "failed:authentication ": status(403),
    "failed:not_found": status(404, "The model 'x' does not exist"),
    "failed:bad_request": status(400, "temperature is not supported"),
    "failed:bad_request ": status(422, "bad"),
    "failed:quota": status(429, error_code="insufficient_quota"),
    "failed:bad_reply": truncated_json(),
    "failed:bad_reply ": web_page(),
    "failed:bad_reply  ": no_choices(),
    "failed:bad_reply   ": raw(b""),
    "refused": answer("x", finish="content_filter"),
    "refused ": status(400, "The prompt was filtered", error_code="content_filter"),
    "unsupported": status(400, "This model does not support tools"),
    "unsupported ": status(404, "No endpoints found that support tool use"),
    "overflow": status(400, "too much", error_code="context_length_exceeded"),
    "overflow ": status(413, "payload"),
} | {f"overflow{' ' * n}": status(400, text) for n, text in enumerate(OVERFLOWS, 2)}


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("outcome", FINAL)
def test_final_failures_are_named_and_not_retried(
    outcome: str, streams: bool, server: Endpoint
) -> None:
    server.play(FINAL[outcome], answer())
    with meter.metered() as bill, pytest.raises(ModelError) as caught:
        model_at(server, streams=streams).complete(REQUEST)
    assert len(server.requests) == 1
    assert caught.value.outcome == outcome.strip()
    assert str(caught.value).startswith("openai:any: ")
    assert "\n" not in str(caught.value)
    assert bill.usage.calls == 1


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("server_error", "failed:server"), ("rate_limit_exceeded", "failed:rate_limit"), (400, "o")],
)
def test_errors_inside_a_stream_are_named(code: object, outcome: str) -> None:
    message = "maximum context length exceeded" if code == 400 else "no"
    with Endpoint(error_in_stream(message, code)) as endpoint:
        with pytest.raises(ModelError) as caught:
            model_at(endpoint, attempts=2).complete(REQUEST)
        assert len(endpoint.requests) == (1 if code == 400 else 2)
    assert caught.value.outcome == ("overflow" if code == 400 else outcome)


def test_a_refused_reply_is_paid_for() -> None:
    bad = answer("x y", finish="content_filter")
    with Endpoint(bad) as endpoint, meter.metered() as bill, pytest.raises(RefusedError):
        model_at(endpoint).complete(REQUEST)
    assert bill.usage.output_tokens == 2


def test_a_model_that_refuses_in_its_own_words(server: Endpoint) -> None:
    server.play(answer("", extra={"refusal": "I will not"}))
    with pytest.raises(RefusedError, match="I will not"):
        model_at(server, streams=False).complete(REQUEST)


def test_nobody_listening_is_a_connection_failure() -> None:
    with Endpoint() as endpoint:
        gone = model_at(endpoint, attempts=2)
    with pytest.raises(ProviderError) as caught:
        gone.complete(REQUEST)
    assert caught.value.name == "connection"


def test_an_own_window_overflows_before_anything_is_sent() -> None:
    with Endpoint() as endpoint:
        model = model_at(endpoint, context_window=320)
        model.complete(REQUEST)
        with pytest.raises(WindowError, match="exceed the context window of 320"):
            model.complete(replace(REQUEST, instruction="word " * 60))
        assert len(endpoint.requests) == 1


def test_a_key_goes_only_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-0123456789abcdef")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-mine")
    monkeypatch.setenv("MY_SERVER_KEY", "my-own-secret-1")
    with Endpoint() as endpoint:
        model_at(endpoint).complete(REQUEST)
        model_at(endpoint, key_env="MY_SERVER_KEY").complete(REQUEST)
        without, own = ({k.lower(): v for k, v in r.headers.items()} for r in endpoint.requests)
    assert without["authorization"] == "Bearer none"
    assert own["authorization"] == "Bearer my-own-secret-1"
    sent = json.dumps([without, own])
    assert all(word not in sent for word in (KEY, "sk-admin", "org-of-mine", "proj-of-mine"))


@pytest.mark.parametrize("code", [400, 401, 429, 500])
def test_a_key_that_a_server_repeats_is_masked(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", "plain7secret")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def tell(asked: Asked, out: Out) -> None:
        status(code, f"{asked.headers['authorization']} and {KEY} and {KEY[:12]}****6789")(
            asked, out
        )

    with Endpoint(tell) as endpoint, meter.metered() as bill:
        model = model_at(endpoint, key_env="MY_SERVER_KEY", attempts=2)
        with pytest.raises(ModelError) as caught:
            model.complete(REQUEST)
    shown = "".join(traceback.format_exception(caught.value)) + repr(bill.steps) + repr(model)
    assert "•••" in shown
    assert "plain7secret" not in shown
    assert KEY[:12] not in shown
    assert "plain7secret" not in identity(model)


@given(st.text("abcdefXYZ0123456789-_", min_size=20, max_size=60))
def test_masking_leaves_nothing_of_a_key(tail: str) -> None:
    masked = _failures.masked(f"Incorrect key sk-a{tail}. Try again")
    assert tail not in masked
    assert masked.endswith("Try again")


def test_a_missing_key_is_found_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Model, "openai:gpt-4o-mini").check()  # type: ignore[attr-defined]
    assert str(caught.value) == "openai:gpt-4o-mini needs OPENAI_API_KEY in the environment"
    with Endpoint() as endpoint, pytest.raises(ConfigError, match="needs NO_SUCH_KEY in the env"):
        model_at(endpoint, key_env="NO_SUCH_KEY").complete(REQUEST)
    assert not endpoint.requests
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    LangChainModel("openai:gpt-4o-mini").check()


def test_a_provider_or_package_that_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="did you mean anthropic"):
        LangChainModel("antropic:claude").check()
    monkeypatch.setenv("COHERE_API_KEY", KEY)
    monkeypatch.setitem(__import__("sys").modules, "langchain_cohere", None)
    with pytest.raises(ConfigError, match=r"pip install langchain-cohere$"):
        LangChainModel("cohere:command").check()


def test_within_passes_on_what_a_source_raises_and_yields() -> None:
    def source(_: Event) -> Iterator[int]:
        yield 1
        raise KeyError("x")

    taken = within(1.0, source)
    assert next(taken) == 1
    with pytest.raises(KeyError):
        next(taken)
