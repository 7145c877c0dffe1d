"""What the server makes of failures, what it never says, and how its command fails."""

import json
import logging

import pytest
from routing_runs import planted
from serving import ASKED, BUILT, CHAT, KEY, TOKEN, client

from crossover import catalog
from crossover.decisions import Decision
from crossover.errors import ConfigError
from crossover.experiments.routing.fitting import fit_outcomes
from crossover.roles import Model, Policy
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.pre_route import PreRoute
from crossover.router.router import Router

OUTCOMES = {
    "overflow": 400,
    "refused": 422,
    "unsupported": 422,
    "rate_limit": 503,
    "quota": 503,
    "timeout": 504,
    "connection": 503,
    "server": 502,
    "authentication": 502,
    "bad_reply": 502,
}


@pytest.mark.parametrize(("fails", "status"), OUTCOMES.items())
def test_each_failure_of_the_model_has_its_status_and_name(fails, status):
    with client(models=[f"fake(fails={fails})"]) as down:
        found = down.post("/answer", json=ASKED)
        chat = down.post("/v1/chat/completions", json=CHAT)
    assert (found.status_code, chat.status_code) == (status, status)
    assert found.json()["error"]["outcome"].removeprefix("failed:") == fails
    assert "told to fail" not in found.text
    assert ("retry-after" in found.headers) == (status == 503)


class Broken(Policy):
    """Fails wherever it is asked, with text in its message."""

    strategies = ("closed_book", "rag")

    def decide(self, question, profile, budget, answers_so_far=()):
        raise RuntimeError(f"cannot decide on {question.text}")


def test_a_policy_that_fails_still_answers_by_the_cheapest_strategy():
    with client(Router(Broken())) as broken:
        answered = broken.post("/answer", json=ASKED)
        decided = broken.post("/decide", json=ASKED)
        figures = broken.get("/metrics").text
    assert (answered.status_code, answered.json()["strategy"]) == (200, "closed_book")
    assert decided.status_code == 500
    assert "crossover_deciding_failed_total 1.0" in figures


def test_the_words_of_a_deciding_models_failure_stay_inside():
    policy = PreRoute(catalog.load(Model, "fake(fails=server)"))
    with client(Router(policy)) as unsure:
        found = unsure.post("/decide", json=ASKED)
    assert found.json()["reasons"] == ["deciding failed"]


class Whole(Policy):
    """Asks for everything first, whatever it costs."""

    strategies = ("closed_book", "full_context")

    def decide(self, question, profile, budget, answers_so_far=()):
        return Decision("full_context", reasons=("everything is asked",))


def test_a_strategy_that_fails_is_followed_by_the_others():
    model = "fake(reply='Ada Varn', context_window=400)"
    with client(Router(Whole()), [model]) as small:
        found = small.post("/answer", json=ASKED | {"documents": [BUILT * 200]}).json()
        figures = small.get("/metrics").text
    assert (found["strategy"], found["fell_back"]) == ("closed_book", ["closed_book"])
    assert found["passes"][0] == {"strategy": "full_context", "outcome": "overflow"}
    assert 'crossover_fallbacks_total{strategy="closed_book"} 1.0' in figures
    assert 'crossover_passes_total{outcome="overflow",strategy="full_context"} 1.0' in figures
    assert "crossover_escalations_total{" not in figures


def test_metrics_count_tokens_and_dollars():
    model = "fake(reply='Ada Varn', input_price=1000, output_price=1000)"
    with client(models=[model]) as priced:
        usage = priced.post("/answer", json=ASKED).json()["usage"]
        figures = priced.get("/metrics").text
    assert f'crossover_tokens_total{{kind="input",model="fake"}} {usage["input_tokens"]}' in figures
    assert f'crossover_dollars_total{{model="fake"}} {usage["dollars"]}' in figures
    assert usage["dollars"] > 0.01


def test_nothing_of_a_request_is_in_logs_or_metrics(monkeypatch, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    secret = "the mill of Ostrel was sold in secret"
    caplog.set_level(logging.DEBUG)
    bodies = [
        ASKED | {"documents": [secret], "question": f"{secret}?"},
        ASKED | {"model": secret},
        ASKED | {secret: secret},
        {"question": "\ud800" + secret},
    ]
    for router in (Router(Broken()), Router(Fixed("rag"))):
        with client(router, ["fake(fails=server)"], token=TOKEN) as kept:
            for body in bodies:
                for path in ("/decide", "/answer", f"/{secret}?token={TOKEN}"):
                    sent = json.dumps(body).encode()
                    headers = {"Content-Type": "application/json"}
                    headers["Authorization"] = f"Bearer {TOKEN}"
                    kept.post(path, content=sent, headers=headers)
            said = kept.get("/metrics", headers=headers).text
    said += "\n".join(
        record.getMessage() for record in caplog.records if "httpx" not in record.name
    )
    said += "\n".join(record.exc_text or "" for record in caplog.records)
    for hidden in ("mill of Ostrel", "Who built", KEY, TOKEN):
        assert hidden not in said
    assert 'route="other",status="404"' in said
    assert "Broken" not in said
    assert "deciding failed: RuntimeError at test_server_failures.py" in said


def test_a_router_file_is_served(tmp_path):
    rows = planted(rows=200)
    file = fit_outcomes(rows, policy="cascade", objective="budget(0.5)").artefact.save(
        tmp_path / "r.json"
    )
    with client(Router.load(file)) as learned:
        decided = learned.post("/decide", json=ASKED).json()
        answered = learned.post("/answer", json=ASKED).json()
    assert (decided["strategy"], decided["final"]) == ("rag", False)
    assert set(decided["expected"]) == {"rag", "full_context"}
    assert answered["answer"] == "Ada Varn"
    assert len(answered["decisions"]) == 2


def test_a_public_address_needs_a_token(invoke, monkeypatch):
    monkeypatch.delenv("CROSSOVER_SERVER_TOKEN", raising=False)
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0 can be reached from elsewhere"):
        invoke("serve", "--policy", "rules", "--host", "0.0.0.0")
    monkeypatch.setenv("CROSSOVER_SERVER_TOKEN", "short")
    with pytest.raises(ConfigError, match="16 characters or more"):
        invoke("serve", "--policy", "rules")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a router's file or --policy"),
        (("missing.json",), "missing.json"),
        (("--policy", "ruels"), "rules"),
        (("--policy", "fixed(strategy=ragg)", "--model", "fake"), "rag"),
        (("--policy", "rules", "--model", "fake", "--model", "fake(reply=x)"), "named fake"),
        (("--policy", "rules", "--model", "openai:gpt-4o"), "OPENAI_API_KEY"),
        (("--policy", "rules", "--timeout", "0"), "timeout"),
    ],
)
def test_wrong_arguments_are_one_clear_line(invoke, monkeypatch, words, said):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("CROSSOVER_SERVER_TOKEN", raising=False)
    from crossover.errors import CrossoverError

    with pytest.raises(CrossoverError, match=said):
        invoke("serve", *words)
