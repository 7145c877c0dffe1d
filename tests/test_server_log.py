"""A server with a decision log: what it decides is logged, graded and shadowed."""

import httpx
import pytest
from serving import ASKED, CHAT, MAYOR, app_of, listening
from starlette.testclient import TestClient

from crossover.errors import ConfigError
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.shadow import Shadowed, agreement
from crossover.router.watching.watched import Watched

DECLINES = "fake(reply='The text does not mention it.')"
CASCADE = Router(SelfRoute())


def logging(log, router=CASCADE, models=(DECLINES,)):
    """A client of a server that keeps a log."""
    app = app_of(router, models, watched=Watched(router, log))
    return TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)


def named(name):
    return {"X-Request-ID": name}


def test_answers_are_logged_with_every_pass_under_their_requests_id(log):
    with logging(log) as client:
        reply = client.post("/answer", json=ASKED, headers=named("one"))
        client.post("/v1/chat/completions", json=CHAT)
        rows = log.rows()
    assert reply.json()["request_id"] == "one"
    one = rows[0]
    assert (one.id, one.router, one.strategy) == ("one", "self_route", "full_context")
    assert set(one.passes) == {"rag", "full_context"} and one.escalated
    assert one.passes["rag"].tokens + one.passes["full_context"].tokens == one.tokens
    assert one.after["reply.declines"] == 1 and one.model.startswith("fake")
    assert len(rows) == 2


def test_a_streamed_answer_and_one_that_failed_are_logged(log):
    with logging(log, models=["fake(fails=server)"]) as client:
        client.post("/answer", json=ASKED | {"stream": True}, headers=named("streamed"))
        assert client.post("/answer", json=ASKED, headers=named("failed")).status_code == 502
        rows = {row.id: row for row in log.rows()}
    assert {row.outcome for row in rows.values()} == {"failed:server"}
    assert set(rows) == {"streamed", "failed"}


def test_decisions_for_apps_that_ask_for_themselves_are_logged(log):
    told = {"text": "The text does not mention it."}
    with logging(log, models=()) as client:
        client.post("/decide", json=ASKED, headers=named("one"))
        assert log.rows()[0].strategy == "rag"
        body = ASKED | {"answers_so_far": [told | {"strategy": "rag"}]}
        client.post("/decide", json=body, headers=named("one"))
        wrong = ASKED | {"answers_so_far": [told | {"strategy": "closed_book"}]}
        refused = client.post("/decide", json=wrong)
        [row] = log.rows()
    assert (row.id, row.strategy, row.outcome) == ("one", "full_context", "decided")
    assert row.after["reply.declines"] == 1
    assert refused.status_code == 422 and refused.json()["error"]["param"] == "strategy"


def test_grades_come_by_the_requests_id(log):
    with logging(log) as client:
        name = client.post("/answer", json=ASKED).json()["request_id"]
        chat = client.post("/v1/chat/completions", json=CHAT).json()["id"]
        assert client.post("/feedback", json={"id": name, "quality": 1}).status_code == 204
        more = {"id": name, "quality": 0.5, "strategy": "rag"}
        assert client.post("/feedback", json=more).status_code == 204
        assert client.post("/feedback", json={"id": chat, "quality": 0}).status_code == 204
        rows = log.rows(graded=True)
        metrics = client.get("/metrics").text
    assert rows[0].grades == {"full_context": 1, "rag": 0.5}
    assert rows[1].grades == {"full_context": 0}
    assert "crossover_feedback_total 3.0" in metrics
    assert "crossover_log_dropped 0.0" in metrics


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"id": "unheard", "quality": 1}, 404, "unknown_decision"),
        ({"id": "one", "quality": 1, "strategy": "closed_book"}, 422, "unknown_strategy"),
        ({"id": "one", "quality": 1.5}, 422, "invalid"),
        ({"id": "one", "quality": "good"}, 422, "invalid"),
        ({"id": "one"}, 422, "invalid"),
        ({"id": "", "quality": 1}, 422, "invalid"),
        ({"id": "one", "quality": 1, "text": MAYOR}, 422, "invalid"),
    ],
)
def test_a_wrong_grade_is_refused(log, body, status, code):
    with logging(log) as client:
        client.post("/answer", json=ASKED, headers=named("one"))
        refused = client.post("/feedback", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert MAYOR not in refused.text


def test_without_a_log_there_is_nothing_to_grade():
    with TestClient(app_of(), "http://127.0.0.1") as client:
        refused = client.post("/feedback", json={"id": "one", "quality": 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_log")


def test_a_log_that_fails_takes_no_answer_with_it(log):
    with logging(log) as client:
        log.note = lambda *given: 1 / 0
        assert client.post("/answer", json=ASKED).status_code == 200
        assert "crossover_log_dropped 1.0" in client.get("/metrics").text


def test_a_shadow_changes_no_reply(log):
    app = app_of(CASCADE, [DECLINES], watched=Shadowed(CASCADE, Router(Fixed("rag")), log))
    with TestClient(app, "http://127.0.0.1") as client:
        shadowed = client.post("/answer", json=ASKED, headers=named("one")).json()
    with TestClient(app_of(CASCADE, [DECLINES]), "http://127.0.0.1") as client:
        alone = client.post("/answer", json=ASKED, headers=named("one")).json()
    for one in (shadowed, alone):
        one["usage"].pop("seconds")
    assert shadowed == alone
    with DecisionLog(log.path, create=False) as again:
        assert agreement(again).switches == {("full_context", "rag"): 1}


def test_what_waits_is_written_when_the_server_ends(log):
    with listening(CASCADE, [DECLINES], watched=Watched(CASCADE, log)) as url:
        for at in range(30):
            httpx.post(f"{url}/decide", json=ASKED, headers=named(f"request-{at}"))
    with DecisionLog(log.path, create=False) as again:
        assert len(again.rows()) == 30


@pytest.mark.parametrize("words", [["--shadow", "r.json"], ["--keep-days", 9], ["--log-texts"]])
def test_watching_needs_a_log(invoke, words):
    with pytest.raises(ConfigError, match="need --log FILE"):
        invoke("serve", "--policy", "rules", *words)
