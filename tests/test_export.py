"""A run's results in other tools: tables, MLflow and OpenTelemetry spans."""

import json
import math
import re
from dataclasses import fields, replace
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from typer.testing import CliRunner

import crossover
from crossover.cli import app
from crossover.errors import ConfigError, DataError, MissingExtra, StoreError
from crossover.experiments.exporting._placing import lengths, placed
from crossover.experiments.exporting.stored import stored_answers
from crossover.experiments.exporting.tables import load_results, write_results
from crossover.types import Answer, Step, Usage

ROOT = Path(__file__).parents[1]
SECRET = "sk-not-to-be-told-0123456789"
MODEL = "fake(reply='Ada, the engineer', input_price=1, output_price=2)"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with calls side by side, passages, prices and a strategy that fails."""
    folder = tmp_path_factory.mktemp("run")
    lines = [
        {
            "id": f"q{n}",
            "group": f"d{n % 2}",
            "question": f"Who built bridge {n}?",
            "answers": ["Ada"],
            "context": f"Ada built bridge {n}. Bob did not.\n\n" * 40,
            "tags": {"kind": "short"},
        }
        for n in range(4)
    ]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    grid = {
        "datasets": [f"jsonl({path})"],
        "models": [MODEL],
        "strategies": ["closed_book", "rag(k=2)", "map_reduce(chunk=200)"],
        "seed": 3,
    }
    crossover.run(grid, folder / "trial")
    return folder / "trial"


def invoke(*arguments):
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


# tables


def test_results_come_with_passages_and_traces(run):
    frame = crossover.load_results(run, passages=True, traces=True)
    assert len(frame) == 12
    assert frame.attrs["metrics"]
    rag = frame[frame["strategy"] == "rag(k=2)"].iloc[0]
    passages = json.loads(rag["passages"])
    assert "Ada built bridge" in passages[0]["text"]
    steps = json.loads(rag["trace"])
    assert sum((s["usage"] or {"calls": 0})["calls"] for s in steps) == rag["calls"]
    assert "passages" not in load_results(run)


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_a_table_reads_back_as_it_was(run, tmp_path, ending):
    frame = load_results(run, passages=True, traces=True)
    path = write_results(frame, tmp_path / f"results.{ending}")
    read = {
        "parquet": pd.read_parquet,
        "csv": pd.read_csv,
        "jsonl": lambda path: pd.DataFrame(map(json.loads, path.read_text().splitlines())),
    }[ending]
    again = read(path)
    assert list(again) == list(frame)
    pd.testing.assert_series_equal(again["seconds"], frame["seconds"], check_exact=ending != "csv")
    # a file of text cannot tell an empty text from none
    blank = again["answer"].fillna("").tolist()
    assert blank == frame["answer"].fillna("").tolist()
    assert again["trace"].tolist() == frame["trace"].tolist()
    if ending == "parquet":
        assert again.attrs["metrics"] == frame.attrs["metrics"]


def test_json_lines_hold_null_for_what_is_unknown(tmp_path):
    frame = pd.DataFrame({"a": [1.5, math.nan], "b": ["x", None]})
    path = write_results(frame, tmp_path / "x.jsonl")
    assert path.read_text() == '{"a": 1.5, "b": "x"}\n{"a": null, "b": null}\n'


def test_a_row_finds_its_own_answer_among_several(run, tmp_path):
    """A store may hold answers to the same question under another seed."""
    import shutil

    from crossover.experiments.store import Store

    folder = tmp_path / "copy"
    shutil.copytree(run, folder)
    frame = load_results(folder)
    own = next(iter(stored_answers(frame, folder)))
    with Store(folder) as store:
        other = replace(own.answer, text="something else")
        store.save(("another key", *own.names), other)
    assert next(iter(stored_answers(frame, folder))).answer == own.answer


def test_without_its_store_a_table_has_no_traces(run, tmp_path):
    import shutil

    shutil.copy(run / "results.parquet", tmp_path / "results.parquet")
    assert load_results(tmp_path, traces=True)["trace"].isna().all()


def test_wrong_targets_are_one_clear_line(run, tmp_path):
    assert isinstance(invoke(run).exception, ConfigError)
    with pytest.raises(ConfigError, match=r"ends with \.parquet, \.csv, \.jsonl"):
        write_results(load_results(run), tmp_path / "x.xlsx")
    with pytest.raises(StoreError, match="cannot be written"):
        write_results(load_results(run), tmp_path / "none" / "x.csv")
    assert isinstance(invoke(run, "--otel", "spans.txt").exception, ConfigError)
    assert isinstance(invoke(tmp_path, "--to", tmp_path / "x.csv").exception, DataError)


def test_every_column_is_documented(run):
    page = (ROOT / "docs" / "results_table.md").read_text()
    documented = set(re.findall(r"^\| `([^`]+)`", page, re.M))
    documented |= {
        name
        for line in re.findall(r"^\| (`.*?) \|", page, re.M)
        for name in re.findall(r"`([^`]+)`", line)
    }
    frame = load_results(run, passages=True, traces=True)
    metrics = {name for names in frame.attrs["metrics"].values() for name in names}
    kinds = tuple(name.removesuffix("NAME") for name in documented if name.endswith(".NAME"))
    assert set(kinds) >= {"tag.", "figure."}
    plain = {name for name in frame if name not in metrics and not name.startswith(kinds)}
    assert plain <= documented
    assert {name for name in documented if "NAME" not in name and name != "METRIC"} == plain


# OpenTelemetry


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


def test_a_file_of_spans_is_otlp(run, tmp_path, spans, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    path = tmp_path / "spans.jsonl"
    assert invoke(run, "--otel", path).stdout == "12 traces exported\n"
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
    frame = load_results(run)
    used = sum(
        int(attribute["value"]["intValue"])
        for span in made
        for attribute in span["attributes"]
        if attribute["key"] == "gen_ai.usage.input_tokens"
    )
    assert used == frame["input_tokens"].sum()


def test_spans_reach_a_collector(run, spans):
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
        done = invoke(run, "--otel", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    assert done.exit_code == 0, done.exception
    path, body = got[0]
    request = ExportTraceServiceRequest.FromString(body)
    assert path == "/v1/traces"
    assert sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans) > 12


def test_traces_that_are_gone_are_missed(run, tmp_path, spans):
    import shutil

    shutil.copy(run / "results.parquet", tmp_path / "results.parquet")
    assert isinstance(invoke(tmp_path, "--otel", tmp_path / "x.jsonl").exception, DataError)


# MLflow


@pytest.fixture
def mlflow(monkeypatch, tmp_path):
    pytest.importorskip("mlflow", reason="needs the extra mlflow")
    pytest.importorskip("alembic", reason="needs the extra mlflow")
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'tracking.db'}"


# MLflow's models of its tables and its log of migrations
@pytest.mark.filterwarnings("ignore")
def test_a_run_is_logged_with_its_numbers(run, mlflow, tmp_path):
    from mlflow import MlflowClient
    from mlflow.telemetry.utils import is_telemetry_disabled

    from crossover.experiments.exporting.tracking import log_to_mlflow
    from crossover.experiments.report import load_frame, summarise

    parent = log_to_mlflow(run, mlflow, experiment="nightly")
    assert is_telemetry_disabled()
    client = MlflowClient(tracking_uri=mlflow)
    place = client.get_experiment_by_name("nightly").experiment_id
    runs = client.search_runs([place])
    children = {r.data.params["strategy"]: r for r in runs if "strategy" in r.data.params}
    assert len(runs) == 4
    assert {r.data.tags["mlflow.parentRunId"] for r in children.values()} == {parent}
    assert all(r.info.status == "FINISHED" for r in runs)
    for row in summarise(load_frame(run)).to_dict("records"):
        found = children[row["strategy"]]
        for name in ("score", "low", "high", "n", "input_tokens", "dollars_per_1000"):
            known = row[name] is not None and math.isfinite(row[name])
            assert found.data.metrics.get(name) == (pytest.approx(row[name]) if known else None)
        assert found.data.tags["crossover.dataset"] == row["dataset"]
        assert found.data.params["seed"] == "3"
    files = {one.path for one in client.list_artifacts(parent)}
    assert files >= {"grid.yaml", "report.html", "report.md", "report.csv"}
    assert "results.parquet" not in files
    assert not (tmp_path / "mlruns").exists()


def test_mlflow_that_cannot_be_used_is_one_clear_line(run, tmp_path, mlflow):
    from crossover.experiments.exporting.tracking import log_to_mlflow

    with pytest.raises(StoreError) as caught:
        log_to_mlflow(run, "nonsense://me:secret@host")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("mlflow", ["--mlflow", "sqlite:///x.db"]),
        ("opentelemetry.sdk.trace.export", ["--otel", "x.jsonl"]),
    ],
)
def test_a_missing_package_is_named(run, monkeypatch, module, options):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    error = invoke(run, *options).exception
    assert isinstance(error, MissingExtra)
    assert f"crossover-rag[{'mlflow' if module == 'mlflow' else 'otel'}]" in str(error)


def test_usage_fields_are_all_told():
    from crossover.experiments.exporting.spans import USED

    assert set(USED) == {field.name for field in fields(Usage)}
