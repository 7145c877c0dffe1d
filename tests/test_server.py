"""What the server answers: forms, status codes, and what it never says."""

import json

import pytest
from serving import ASKED, BUILT, CHAT, MAYOR, TOKEN, app_of, client
from starlette.testclient import TestClient

from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router


@pytest.fixture(scope="module")
def plain():
    with client() as found:
        yield found


def test_decide_needs_the_question_and_a_profile_alone(plain):
    long = plain.post("/decide", json={"question": "Who?", "profile": {"tokens": 90_000}})
    short = plain.post("/decide", json={"question": "Who?", "profile": {"tokens": 90}})
    assert (long.status_code, long.json()["strategy"]) == (200, "rag")
    assert short.json()["strategy"] == "full_context"
    assert long.json()["reasons"] == ["90,000 tokens are more than 8,000"]


def test_decide_reads_the_documents_that_it_is_sent(plain):
    far = plain.post("/decide", json={"question": "Who?", "documents": [BUILT * 2000]})
    near = plain.post("/decide", json=ASKED)
    assert (far.json()["strategy"], near.json()["strategy"]) == ("rag", "full_context")


def test_decide_looks_at_the_answers_so_far_of_a_clients_own_chains():
    with client(Router(SelfRoute()), ()) as only:
        first = only.post("/decide", json={"question": "Who?"}).json()
        declined = {"text": "The text does not mention it."}
        second = only.post("/decide", json={"question": "Who?", "answers_so_far": [declined]})
        kept = only.post("/decide", json={"question": "Who?", "answers_so_far": [{"text": "Ada"}]})
    assert (first["strategy"], first["final"]) == ("rag", False)
    assert second.json()["strategy"] == "full_context"
    assert kept.json()["keep"]


def test_a_server_without_models_only_decides():
    with client(Router(SelfRoute()), ()) as only:
        assert only.post("/answer", json=ASKED).status_code == 404
        assert only.post("/v1/chat/completions", json=CHAT).json()["error"]["code"] == (
            "model_not_found"
        )


def test_the_budget_bounds_the_decision(plain):
    given = {"question": "Who?", "profile": {"tokens": 5000}, "budget": {"tokens": 4000}}
    found = plain.post("/decide", json=given).json()
    assert found["reasons"] == ["5,000 tokens exceed the budget of 4,000"]


def test_answer_says_who_answered_why_and_what_it_cost(plain):
    found = plain.post("/answer", json=ASKED).json()
    assert (found["answer"], found["outcome"]) == ("Ada Varn", "answered")
    assert (found["strategy"], found["model"]) == ("full_context", "fake")
    assert found["passes"] == [{"strategy": "full_context", "outcome": "answered"}]
    assert found["usage"]["calls"] == 1
    assert found["usage"]["input_tokens"] > 10
    assert found["passages"][0]["document"] == "document 1"


def test_a_cascade_bills_every_pass():
    model = "fake(reply='The text does not mention it.')"
    with client(Router(SelfRoute()), [model]) as cascade:
        found = cascade.post("/answer", json=ASKED).json()
        figures = cascade.get("/metrics").text
    assert [one["strategy"] for one in found["passes"]] == ["rag", "full_context"]
    assert (found["usage"]["calls"], found["fell_back"]) == (2, [])
    assert 'crossover_escalations_total{strategy="full_context"} 1.0' in figures


def test_answer_streams_progress_then_the_answer_then_the_usage(plain):
    events = events_of(plain.post("/answer", json={**ASKED, "stream": True}).text)
    assert [name for name, _ in events] == [
        *("decided", "asked", "replied", "answer", "usage", "done"),
    ]
    told = dict(events)
    assert told["decided"]["decision" if "decision" in told["decided"] else "strategy"]
    assert told["answer"]["answer"] == "Ada Varn"
    assert told["usage"]["calls"] == 1


def test_a_stream_ends_with_the_error_that_it_met():
    with client(models=["fake(fails=connection)"]) as down:
        events = events_of(down.post("/answer", json={**ASKED, "stream": True}).text)
    assert [name for name, _ in events][-2:] == ["error", "done"]
    assert dict(events)["error"]["error"]["outcome"] == "failed:connection"


def events_of(text):
    blocks = [block for block in text.split("\n\n") if block.startswith("event: ")]
    parts = [block.removeprefix("event: ").split("\ndata: ", 1) for block in blocks]
    return [(name, json.loads(data)) for name, data in parts]


def test_chat_is_openais_form_with_the_whole_cost_and_the_strategy(plain):
    found = plain.post("/v1/chat/completions", json={**CHAT, "documents": [BUILT, MAYOR]})
    told = found.json()
    assert told["choices"][0]["message"]["content"] == "Ada Varn"
    assert told["choices"][0]["finish_reason"] == "stop"
    assert told["usage"]["total_tokens"] == (
        told["usage"]["prompt_tokens"] + told["usage"]["completion_tokens"]
    )
    assert found.headers["x-crossover-strategy"] == told["crossover"]["strategy"] == "full_context"


def test_earlier_messages_are_the_documents_where_none_are_sent():
    with client(models=["fake(replies=['Who built => Ada Varn'], grounded=true)"]) as grounded:
        user, system = {"role": "user"}, {"role": "system", "content": BUILT}
        parts = [{"type": "text", "text": "Who built the bridge?"}]
        question = {**user, "content": parts}
        of_system = chatted(grounded, [system, question])
        of_user = chatted(grounded, [{**user, "content": BUILT}, question])
        of_model = chatted(grounded, [{"role": "assistant", "content": BUILT}, question])
        replaced = chatted(grounded, [system, question], documents=[MAYOR])
    assert (of_system, of_user) == ("answered", "answered")
    assert (of_model, replaced) == ("declined", "declined")


def chatted(asked, messages, **more):
    body = {"model": "fake", "messages": messages, **more}
    return asked.post("/v1/chat/completions", json=body).json()["crossover"]["outcome"]


def test_chat_streams_in_openais_chunks():
    text = "Ada Varn, whose bridge it is. " * 20
    with client(models=[f"fake(reply='{text}')"]) as long:
        body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
        found = long.post("/v1/chat/completions", json=body)
    lines = [line.removeprefix("data: ") for line in found.text.split("\n\n") if line]
    chunks = [json.loads(line) for line in lines[:-1]]
    said = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
    assert lines[-1] == "[DONE]"
    assert said == text.strip()
    assert len(chunks) > 4
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    "more",
    [{"tools": [{"type": "function"}]}, {"n": 2}, {"response_format": {"type": "json_object"}}],
)
def test_what_cannot_be_done_is_refused(plain, more):
    found = plain.post("/v1/chat/completions", json=CHAT | more)
    assert found.status_code == 422
    assert found.json()["error"]["param"] == next(iter(more))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": "Hello"}],
        [{"role": "user", "content": "  "}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///x"}}]}],
        [{"role": "owner", "content": "Who?"}],
    ],
)
def test_messages_without_a_question_in_text_are_refused(plain, messages):
    assert plain.post("/v1/chat/completions", json=CHAT | {"messages": messages}).status_code == 422


def test_a_request_names_a_served_model_and_never_builds_one():
    with client(models=["fake(reply=one)", "other=fake(reply=two)"]) as two:
        listed = [one["id"] for one in two.get("/v1/models").json()["data"]]
        second = two.post("/answer", json=ASKED | {"model": "other"}).json()
        unknown = two.post("/answer", json=ASKED | {"model": "fake(reply=three)"})
    assert listed == ["fake", "other"]
    assert (second["answer"], second["model"]) == ("two", "other")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("field", ["strategy", "policy", "router", "strategies", "path"])
def test_a_request_chooses_no_strategy(plain, field):
    assert plain.post("/answer", json=ASKED | {field: "closed_book"}).status_code == 422


def test_documents_are_texts_and_nothing_is_opened(plain, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of the mill")
    for given in (str(secret), secret.as_uri(), "http://127.0.0.1:1/x"):
        found = plain.post("/answer", json=ASKED | {"documents": [given]})
        assert found.status_code == 200
        assert found.json()["passages"][0]["end"] == len(given)
        assert "mill" not in found.text
    for given in ({"path": str(secret)}, {"text": "x", "url": "http://x"}, {"id": "x"}, 7, None):
        assert plain.post("/answer", json=ASKED | {"documents": [given]}).status_code == 422


MALFORMED = [
    (b"", 422),
    (b"{", 400),
    (b"\xff\xfe{}", 400),
    (b'{"question": "Who?"', 400),
    (b"[" * 200_000, 400),
    (b'{"question": ' + b"9" * 10_000 + b"}", 400),
    (b"[]", 422),
    (b"null", 422),
    (b'"question"', 422),
    (b'{"question": 7}', 422),
    (b'{"question": ""}', 422),
    (b'{"question": "\\ud800"}', 422),
    (b'{"question": "Who?", "documents": ["\\udc00"]}', 422),
    (b'{"question": "Who?", "\\ud800": 1}', 422),
    (b'{"question": "Who?", "budget": {"dollars": NaN}}', 422),
    (b'{"question": "Who?", "budget": {"tokens": 1e999}}', 422),
    (b'{"question": "Who?", "documents": "a text"}', 422),
    (b'{"question": "Who?", "choices": [1]}', 422),
]


@pytest.mark.parametrize(("body", "status"), MALFORMED)
@pytest.mark.parametrize("path", ["/decide", "/answer"])
def test_malformed_bodies_are_the_clients_mistake_in_one_form(plain, path, body, status):
    found = plain.post(path, content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == status
    error = found.json()["error"]
    assert error["request_id"] == found.headers["x-request-id"]
    assert set(error) == {"message", "type", "param", "code", "request_id"}


def test_other_kinds_of_bodies_are_refused(plain):
    body = json.dumps(ASKED).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert (
            plain.post("/answer", content=body, headers={"Content-Type": kind}).status_code == 415
        )
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert plain.post("/answer", content=body, headers=packed).status_code == 415


def test_unknown_addresses_and_methods(plain):
    assert plain.get("/secret?token=x").json()["error"]["code"] == "not_found"
    assert plain.get("/docs").status_code == 404
    assert plain.get("/answer").status_code == 405
    assert plain.put("/answer", json=ASKED).status_code == 405


def test_oversize_bodies_with_and_without_a_length():
    with client(max_body=1000) as small:
        whole = small.post("/answer", json=ASKED | {"documents": ["x" * 2000]})
        pieces = (b"x" * 300 for _ in range(8))
        chunked = small.post(
            "/answer", content=pieces, headers={"Content-Type": "application/json"}
        )
        fits = small.post("/answer", json=ASKED)
    assert (whole.status_code, chunked.status_code, fits.status_code) == (413, 413, 200)
    assert whole.json()["error"]["code"] == "body_too_large"


def test_the_token_is_asked_for_everywhere_but_for_probes():
    with client(token=TOKEN) as kept:
        right = {"Authorization": f"Bearer {TOKEN}"}
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
            for found in (
                kept.post("/answer", json=ASKED, headers=wrong),
                kept.post("/decide", json=ASKED, headers=wrong),
                kept.post("/v1/chat/completions", json=CHAT, headers=wrong),
                kept.get("/metrics", headers=wrong),
                kept.get("/v1/models", headers=wrong),
                kept.get("/openapi.json", headers=wrong),
                kept.get("/other", headers=wrong),
            ):
                assert found.status_code == 401
                assert found.headers["www-authenticate"] == "Bearer"
        assert kept.post("/answer", json=ASKED, headers=right).status_code == 200
        assert kept.get("/metrics", headers=right).status_code == 200
        assert (kept.get("/health").status_code, kept.get("/ready").status_code) == (200, 200)
        schema = kept.get("/openapi.json", headers=right).json()
    assert schema["paths"]["/answer"]["post"]["security"] == [{"token": []}]
    assert "security" not in schema["paths"]["/health"]["get"]


def test_without_a_token_a_page_of_others_reaches_nothing():
    with TestClient(app_of(), "http://evil.example") as rebound:
        assert rebound.post("/answer", json=ASKED).status_code == 421
        assert rebound.get("/metrics").status_code == 421
    with client() as found:
        asked = found.options("/answer", headers={"Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in asked.headers


def test_the_description_holds_examples_that_work(plain):
    schema = plain.get("/openapi.json").json()
    for path in ("/decide", "/answer", "/v1/chat/completions"):
        told = schema["paths"][path]["post"]
        name = told["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")
        assert "413" in told["responses"]
        for example in schema["components"]["schemas"][name[2]]["examples"]:
            example |= {"model": "fake"} if path.startswith("/v1") else {}
            assert plain.post(path, json=example).status_code == 200
