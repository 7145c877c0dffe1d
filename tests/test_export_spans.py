"""A run's traces as OpenTelemetry spans."""

import json
import re
from dataclasses import fields, replace
from threading import Thread

import pytest
from exporting_runs import export

from crossover.errors import DataError, MissingExtra
from crossover.experiments.exporting._placing import lengths, placed
from crossover.experiments.exporting.tables import load_results
from crossover.types import Answer, Step, Usage

SECRET = "sk-not-to-be-told-0123456789"


def call(seconds=1.0, parent=None, branch=None, name="model call", tokens=10, detail=""):
    usage = None if tokens is None else Usage(tokens, 1, calls=1)
    return Step(name, seconds, detail, parent, branch, usage, "0123456789ab")


TRACE = (
    call(0.5, name="index opened", tokens=None),
    Step("map"),
    call(1.0, 1, 0),
    call(3.0, 1, 1, detail="openai:gpt-4o-mini; 10 tokens in, 1 out"),
    call(1.0, 1, 0),
    call(2.0, tokens=20),
)


def told(trace=TRACE, **about):
    from crossover.experiments.exporting.spans import Told

    usage = sum((step.usage for step in trace if step.usage), Usage())
    answer = Answer("Ada", usage=usage, seconds=6.0, trace=trace)
    known = {"key": "k", "answer": answer, "dataset": "papers", "example": "q1"}
    known |= {"strategy": "map_reduce(chunk=9)", "model": "anthropic:claude-x(temperature=0.5)"}
    return Told(**(known | {"finished": 1_000.0, "scores": {"f1_squad": 0.5}} | about))


@pytest.fixture
def spans():
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    from crossover.experiments.exporting.spans import Spans

    return Spans


def test_steps_are_placed_one_after_another_or_side_by_side():
    assert lengths(TRACE) == [0.5, 3.0, 1.0, 3.0, 1.0, 2.0]
    begins = [begin for begin, _ in placed(TRACE)]
    assert begins == [0.0, 0.5, 0.5, 0.5, 1.5, 3.5]
    assert placed(()) == []


def test_spans_are_the_tree_of_the_trace(spans):
    made = {span.context.span_id: span for span in spans().of(told())}
    assert len(made) == len(TRACE) + 1
    root = next(span for span in made.values() if span.parent is None)
    under = [span for span in made.values() if span.parent]
    assert all(span.context.trace_id == root.context.trace_id for span in under)
    stage = next(span for span in under if span.name == "map")
    assert stage.parent.span_id == root.context.span_id
    assert sum(span.parent.span_id == stage.context.span_id for span in under) == 3
    for span in under:
        parent = made[span.parent.span_id]
        assert parent.start_time <= span.start_time <= span.end_time <= parent.end_time
    assert root.end_time - root.start_time == 6 * 10**9


def test_the_usage_of_all_spans_is_the_answers(spans):
    one = told()
    unnamed = Usage(7, 2, calls=1, dollars=0.25)
    one = replace(one, answer=replace(one.answer, usage=one.answer.usage + unnamed))
    made = spans().of(one)

    def total(name):
        return sum(span.attributes.get(name, 0) for span in made)

    assert total("gen_ai.usage.input_tokens") == one.answer.usage.input_tokens == 57
    assert total("gen_ai.usage.output_tokens") == one.answer.usage.output_tokens
    assert total("crossover.usage.calls") == one.answer.usage.calls
    assert total("crossover.usage.dollars") == pytest.approx(0.25)


def test_what_is_unknown_is_left_out(spans):
    step = replace(call(), usage=Usage(None, None, None, None, 1, None))
    made = spans().of(told((step,)))
    names = {name for span in made for name in span.attributes}
    assert not any("tokens" in name or "dollars" in name for name in names)
    assert "crossover.usage.calls" in names


def test_names_follow_the_conventions(spans):
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

    known = {value for name, value in vars(gen_ai_attributes).items() if name.isupper()}
    made = spans().of(told())
    used = {name for span in made for name in span.attributes}
    used |= {name for span in made for event in span.events for name in event.attributes}
    assert {name for name in used if name.startswith("gen_ai.")} <= known
    chats = [s for s in made if s.attributes.get("gen_ai.operation.name") == "chat"]
    asked = [
        (s.name, s.attributes["gen_ai.provider.name"], s.attributes["gen_ai.request.model"])
        for s in chats
    ]
    assert asked.count(("chat claude-x", "anthropic", "claude-x")) == 3
    assert asked.count(("chat gpt-4o-mini", "openai", "gpt-4o-mini")) == 1
    assert all(span.kind.name == "CLIENT" for span in chats)


def test_contents_are_told_only_when_asked_for(spans):
    trace = (call(detail=f"query about {SECRET}"),)
    one = told(trace)
    one = replace(one, answer=replace(one.answer, text=f"It is {SECRET}", message=SECRET))
    assert SECRET not in "".join(span.to_json() for span in spans().of(one))
    assert "".join(span.to_json() for span in spans(content=True).of(one)).count(SECRET) == 2


def test_a_failed_answer_is_an_error(spans):
    one = told()
    one = replace(one, answer=replace(one.answer, outcome="failed:timeout"))
    root = spans().of(one)[-1]
    assert (root.status.status_code.name, root.attributes["error.type"]) == (
        "ERROR",
        "failed:timeout",
    )


def test_a_second_export_has_the_same_ids(spans):
    ids = [[s.context.span_id for s in spans().of(told())] for _ in range(2)]
    assert ids[0] == ids[1]
    assert ids[0] != [s.context.span_id for s in spans().of(told(key="other"))]


def test_a_file_of_spans_is_otlp(exported, tmp_path, spans, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    path = tmp_path / "spans.jsonl"
    assert export(exported, "--otel", path).stdout == "12 traces exported\n"
    text = path.read_text()
    assert SECRET not in text
    assert "crossover.answer" not in text
    made = [
        span
        for line in text.splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    roots = [span for span in made if "parentSpanId" not in span]
    assert len(roots) == 12
    assert all(re.fullmatch("[0-9a-f]{32}", span["traceId"]) for span in made)
    frame = load_results(exported)
    used = sum(
        int(attribute["value"]["intValue"])
        for span in made
        for attribute in span["attributes"]
        if attribute["key"] == "gen_ai.usage.input_tokens"
    )
    assert used == frame["input_tokens"].sum()


def test_spans_reach_a_collector(exported, spans):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra otel")
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            import gzip

            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            got.append((self.path, gzip.decompress(body) if packed else body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        done = export(exported, "--otel", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    assert done.exit_code == 0, done.exception
    path, body = got[0]
    request = ExportTraceServiceRequest.FromString(body)
    assert path == "/v1/traces"
    assert sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans) > 12


def test_traces_that_are_gone_are_missed(exported, tmp_path, spans):
    import shutil

    shutil.copy(exported / "results.parquet", tmp_path / "results.parquet")
    assert isinstance(export(tmp_path, "--otel", tmp_path / "x.jsonl").exception, DataError)


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("mlflow", ["--mlflow", "sqlite:///x.db"]),
        ("opentelemetry.sdk.trace.export", ["--otel", "x.jsonl"]),
    ],
)
def test_a_missing_package_is_named(exported, monkeypatch, module, options):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    error = export(exported, *options).exception
    assert isinstance(error, MissingExtra)
    assert f"crossover-rag[{'mlflow' if module == 'mlflow' else 'otel'}]" in str(error)


def test_usage_fields_are_all_told():
    from crossover.experiments.exporting.spans import USED

    assert set(USED) == {field.name for field in fields(Usage)}
