import json
import time

import pytest
from apps import BUILT, KEY, App
from misbehaving import answer, hang, raw, reset, slow_bytes, status, web_page

from crossover import catalog
from crossover.errors import ConfigError, RefusedError, UnknownName
from crossover.measure import measured
from crossover.pipelines import _outside_http
from crossover.pipelines.external import External, wrap
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

TEXT = "Ostrel lies on the river Mir. Its bridge was built by Ada Varn in 1902. It rains."
QUESTION = Question("q", "Who built it?", (Document("town", TEXT),))
CHOICE = Question("c", "Who built it?", QUESTION.documents, "choice", ("Belo Trask", "Ada Varn"))


def ask(text, question=QUESTION):
    strategy = catalog.load(Strategy, text) if isinstance(text, str) else text
    # whatever model the grid names is not asked
    return measured(strategy, question, catalog.load(Model, "fake(fails=server)"))


def replies(body, code=200, **headers):
    """Reply with this JSON, whatever is asked."""
    return lambda asked, out: out.json(code, body, **headers)


def post(endpoint, more="", question=QUESTION):
    text = f'external(url="{endpoint.url}", attempts=3, pause=0.01, timeout=2{more})'
    return ask(text, question)


@pytest.mark.parametrize(
    ("target", "said", "shown"),
    [
        ("text", "Ada Varn, for: Who built it?", None),
        ("pair", "Ada Varn", [BUILT]),
        ("mapping", "Ada Varn", [BUILT]),
        ("number", "1902", None),
        ("later", "Ada Varn, later", None),
        ("typed", "Ada Varn", [BUILT]),
        ("chain", "Ada Varn", [BUILT]),
        ("message", "Ada Varn, for: Who built it?", None),
        ("graph", "Ada Varn", None),
        ("App", "Hello, Ada Varn", None),
        ("build", "Built, Ada Varn", None),
        ("ours", "Ada Varn", [BUILT]),
        ("engine", None, [BUILT]),
    ],
)
def test_anything_that_answers_is_a_strategy(target, said, shown):
    found = ask(f"external(target=apps.{target})")
    assert found.outcome == "answered", found.message
    assert said in (None, found.text)
    assert [p.text for p in found.passages] == (shown or [])
    assert all(TEXT[p.start : p.end] == p.text for p in found.passages)
    assert found.seconds > 0
    assert found.first_token_seconds is None


def test_what_an_app_does_not_report_is_unknown():
    found = ask("external(target=apps.text)")
    assert found.usage.calls == 1
    assert (found.usage.input_tokens, found.usage.output_tokens) == (None, None)
    assert found.usage.dollars is None
    assert (found.passages, found.passages_known) == ((), False)
    (step,) = found.trace
    assert (step.name, step.detail, step.usage) == ("app asked", "apps.text", found.usage)


def test_what_an_app_reports_is_taken():
    fields = "input_tokens_field=used.in, output_tokens_field=used.out"
    counted = ask(f"external(target=apps.mapping, {fields})").usage
    assert (counted.input_tokens, counted.output_tokens, counted.dollars) == (12, 3, None)
    message = ask("external(target=apps.message)").usage
    assert (message.input_tokens, message.output_tokens) == (20, 4)
    ours = ask("external(target=apps.ours)")
    assert (ours.usage.calls, ours.usage.dollars, ours.cut) == (2, 0.5, "the middle")
    own = ask("external(target=apps.metered)").usage
    assert own.calls == 1
    assert own.input_tokens > 0


def test_results_that_stand_nowhere_are_told():
    (left_out,) = (s for s in ask("external(target=apps.pair)").trace if "left out" in s.name)
    assert "1 of 2" in left_out.detail


@pytest.mark.parametrize(
    ("target", "outcome", "said"),
    [
        ("nothing", "failed:empty", "replied with nothing"),
        ("thing", "failed:bad_reply", "an object|a object"),
        ("fails", "failed:external", "RuntimeError: no connection with"),
        ("declines", "declined", ""),
    ],
)
def test_what_becomes_of_bad_answers_has_a_name(target, outcome, said):
    import re

    found = ask(f"external(target=apps.{target})")
    assert found.outcome == outcome
    assert re.search(said, found.message)
    assert KEY not in found.message
    assert "\n" not in found.message
    assert found.usage.calls == 1


def test_an_app_that_takes_too_long_is_given_up():
    found = ask("external(target=apps.slow, timeout=0.1)")
    assert found.outcome == "failed:timeout"
    assert found.usage.calls == 1
    assert found.seconds < 0.9


def test_our_own_errors_in_an_app_keep_their_names():
    def refuses(question):
        raise RefusedError("not that")

    assert ask(wrap(refuses, "refusing")).outcome == "refused"


def test_documents_and_choices_are_sent_where_wanted():
    found = ask("external(target=apps.with_documents, sends=documents)")
    assert found.text == "Its bridge was built by Ada Varn in 1902"
    assert "B. Ada Varn" in ask("external(target=apps.text)", CHOICE).text
    named = ask("external(target=apps.message, question_field=input)")
    assert named.text == "Ada Varn, for: Who built it?"


def test_a_class_is_built_once_with_its_options():
    App.made = 0
    text = 'external(target=apps.App, options="dict(greeting=Hi)")'
    assert [ask(text).text for _ in range(3)] == ["Hi, Ada Varn"] * 3
    assert App.made == 1


def test_a_live_object_is_wrapped_and_its_text_means_it_in_this_process():
    strategy = wrap(lambda question: f"live: {question}", "my_app", app_version="2")
    assert catalog.spec(strategy) == 'external(target=live:my_app, app_version="2")'
    assert catalog.load(Strategy, catalog.spec(strategy)) == strategy
    assert ask(strategy).text == "live: Who built it?"
    assert ask(wrap(App("Wrapped"), "another")).text == "Wrapped, Ada Varn"
    with pytest.raises(UnknownName, match="another"):
        ask("external(target=live:anoter)")
    with pytest.raises(ConfigError, match="neither called"):
        wrap("not an app", "text")
    with pytest.raises(ConfigError, match="no name like"):
        wrap(print, "my app")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("external", "either target"),
        ("external(target=apps.text, url='http://127.0.0.1/')", "either target"),
        ("external(url=ftp://x)", "must begin with http"),
        ("external(url='http://me:pass@127.0.0.1/')", "password"),
        ("external(url='http://127.0.0.1/', options='dict(api_key=abc)')", "api_key"),
        ("external(target=apps.text, options=x)", "must be dict"),
        ("external(target=apps.text, timeout=0)", "timeout=0"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line(text, said):
    with pytest.raises(ConfigError, match=said) as raised:
        catalog.load(Strategy, text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("external(target=apps.txt)", "did you mean text"),
        ("external(target=no_such_package.app)", "no_such_package"),
        ("external(target=apps.App, options='dict(loud=true)')", "loud"),
        ("external(url='http://127.0.0.1:9/', key_env=NO_SUCH_KEY)", "NO_SUCH_KEY"),
    ],
)
def test_what_is_missing_stops_the_run(text, said):
    with pytest.raises(ConfigError, match=said):
        ask(text)


def test_a_path_is_code_that_only_a_file_may_name():
    with pytest.raises(ConfigError, match="code to import"):
        catalog.load(Strategy, "external(target=apps.text)", dotted=False)


def test_a_dry_run_asks_nobody_and_knows_no_tokens(endpoint):
    endpoint.play(replies({"answer": "x"}))
    strategy = catalog.load(Strategy, f'external(url="{endpoint.url}")')
    found = measured(strategy, QUESTION, catalog.load(Model, "fake"), planning=True)
    assert (found.usage.calls, found.usage.input_tokens) == (1, None)
    assert not endpoint.requests


def test_an_endpoint_is_sent_the_question_and_says_what_it_used(endpoint, monkeypatch):
    monkeypatch.setenv("MY_APP_KEY", "a-key-of-mine")
    endpoint.play(
        replies({"out": [{"text": "Ada Varn"}], "hits": [BUILT], "usage": {"in": 5, "out": 2}})
    )
    more = (
        ", sends=documents, question_field=q, answer_field=out.0.text, passages_field=hits"
        ", input_tokens_field=usage.in, output_tokens_field=usage.out, key_env=MY_APP_KEY"
        ', options="dict(top_k=3)"'
    )
    found = post(endpoint, more)
    assert (found.text, found.outcome) == ("Ada Varn", "answered")
    assert [p.text for p in found.passages] == [BUILT]
    usage = found.usage
    assert (usage.input_tokens, usage.output_tokens, usage.calls, usage.dollars) == (5, 2, 1, None)
    (asked,) = endpoint.requests
    documents = [{"id": "town", "text": TEXT}]
    assert asked.body == {"top_k": 3, "q": "Who built it?", "documents": documents}
    assert asked.headers["Authorization"] == "Bearer a-key-of-mine"
    assert "a-key-of-mine" not in repr(found)


def test_a_key_goes_into_the_header_that_is_named(endpoint, monkeypatch):
    monkeypatch.setenv("MY_APP_KEY", "a-key-of-mine")
    endpoint.play(replies({"answer": "x"}))
    post(endpoint, ", key_env=MY_APP_KEY, key_header=X-Api-Key")
    asked = endpoint.requests[0]
    assert asked.headers["X-Api-Key"] == "a-key-of-mine"
    assert "Authorization" not in asked.headers


def test_passing_failures_are_tried_again_and_every_attempt_counts(endpoint):
    endpoint.play(status(500), status(429, retry_after=0.5), replies({"answer": "Ada Varn"}))
    started = time.perf_counter()
    found = post(endpoint)
    assert time.perf_counter() - started >= 0.5
    assert (found.text, found.usage.calls, found.usage.input_tokens) == ("Ada Varn", 3, None)
    assert len(endpoint.requests) == 3
    # pauses are no latency
    assert found.seconds < 0.4


@pytest.mark.parametrize(
    ("behaviour", "outcome", "calls"),
    [
        (status(500, "down for repair"), "failed:server", 3),
        (status(429, retry_after=0.01), "failed:rate_limit", 3),
        (status(401, f"bad key {KEY}"), "failed:authentication", 1),
        (status(404), "failed:not_found", 1),
        (status(422, "no such field"), "failed:bad_request", 1),
        (reset(), "failed:connection", 3),
        (web_page(), "failed:bad_reply", 1),
        (raw(b""), "failed:bad_reply", 1),
        (raw(b"[" * 100_000), "failed:bad_reply", 1),
        (raw(b"[]"), "failed:bad_reply", 1),
        (replies({"reply": "Ada"}), "failed:bad_reply", 1),
        (replies({"answer": {"a": 1}}), "failed:bad_reply", 1),
        (replies({"answer": "x", "passages": [3]}), "failed:bad_reply", 1),
        (replies({"answer": None}), "failed:empty", 1),
    ],
)
def test_a_misbehaving_endpoint_has_a_named_outcome(endpoint, behaviour, outcome, calls):
    endpoint.play(behaviour)
    found = post(endpoint)
    assert (found.outcome, found.usage.calls) == (outcome, calls)
    assert found.message
    assert KEY not in found.message
    assert len(found.message) < 600
    assert len(endpoint.requests) == calls
    assert [step.name for step in found.trace] == ["app asked"]


def test_a_redirect_is_not_followed_with_the_key(endpoint):
    endpoint.play(replies({"answer": "x"}, 307, Location="http://elsewhere.example/"))
    found = post(endpoint)
    assert (found.outcome, found.usage.calls) == ("failed:bad_reply", 1)
    assert "http://elsewhere.example/" in found.message


@pytest.mark.parametrize("behaviour", [hang(5), slow_bytes(0.1)])
def test_an_endpoint_that_never_ends_is_given_up(endpoint, behaviour):
    endpoint.play(behaviour)
    found = ask(f'external(url="{endpoint.url}", attempts=1, timeout=0.3)')
    assert found.outcome == "failed:timeout"
    assert found.seconds < 1.5


def test_a_reply_too_large_is_not_read_to_its_end(endpoint, monkeypatch):
    monkeypatch.setattr(_outside_http, "MOST_BYTES", 10_000)
    body = json.dumps({"answer": "x" * 200_000}).encode()
    endpoint.play(raw(body))
    found = post(endpoint)
    assert found.outcome == "failed:bad_reply"
    assert "10,000 bytes" in found.message


def test_an_answer_in_the_openai_protocol_is_read_by_its_path(endpoint):
    endpoint.play(answer("Ada Varn"))
    more = (
        ", answer_field=choices.0.message.content, input_tokens_field=usage.prompt_tokens"
        ", output_tokens_field=usage.completion_tokens"
    )
    found = post(endpoint, more)
    assert found.text == "Ada Varn"
    assert found.usage.output_tokens > 0


def test_the_app_changes_the_configuration_and_patience_does_not():
    base = "external(target=apps.text"
    one, patient, newer = (
        catalog.identity(catalog.load(Strategy, base + more))
        for more in (")", ", timeout=5, attempts=9, concurrency=2)", ", app_version=next)")
    )
    assert one == patient != newer
    assert isinstance(catalog.load(Strategy, f"{base})"), External)
