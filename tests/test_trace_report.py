"""One question's calls on the page, and the critical path in the tables."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from frames import HOSTILE, frame, row, shown, typical
from test_page import Page

import crossover
from crossover import meter, tracing
from crossover.experiments import _tables, _traces
from crossover.experiments.report import load_frame, render_terminal, summarise, write_report
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.pipelines._calling import many, one
from crossover.roles import Strategy
from crossover.types import Answer, Question, Record, Request

CALL = Request("Do it.")


@pytest.fixture
def run(tmp_path):
    lines = [
        {
            "id": f"q{n}",
            "question": f"Who {n}?",
            "answers": ["Ada"],
            "context": "Ada did. " * 50 * n,
        }
        for n in (1, 2, 3)
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return {
        "datasets": [f"jsonl({path})"],
        "models": ["fake(reply=Ada)"],
        "strategies": ["closed_book", "rag", "test_trace_report.Many"],
    }


def page(folder):
    return Page((folder / "report.html").read_text())


def test_the_report_shows_the_calls_of_the_median_question(run, tmp_path):
    frame = crossover.run(run, tmp_path / "run")
    found = {trace.title: trace for trace in _traces.traces(frame)}
    assert set(found) == {"closed_book", "rag", "test_trace_report.Many"}
    # 2, 4 and 6 calls
    assert found["test_trace_report.Many"].example == "q2"
    assert found["test_trace_report.Many"].total.startswith("4 calls; ")
    assert found["rag"].example == "q1"
    seen = page(tmp_path / "run")
    assert seen.tags.count("details") == 3
    assert "script" not in seen.tags
    assert any(
        text.startswith("test_trace_report.Many, question q2: 4 calls") for text in seen.texts
    )
    assert sum(text.startswith(("1. model call", "2. model call")) for text in seen.texts) == 2


def test_traces_survive_the_files(run, tmp_path):
    frame = crossover.run(run, tmp_path / "run")
    first = (tmp_path / "run" / "report.html").read_text()
    again = load_frame(tmp_path / "run")
    assert again.attrs["traces"] == frame.attrs["traces"]
    write_report(again, tmp_path / "run")
    assert (tmp_path / "run" / "report.html").read_text() == first


def carrying(answer, strategies):
    """A frame of the usual kind that carries along a trace for each strategy."""
    table = typical()
    records = [Record("run", "d", "q", "g", name, "fake", answer) for name in strategies]
    chosen = _traces.ChosenTraces()
    for record in records:
        chosen.add(record)
    table.attrs["traces"] = chosen.text()
    return table


class Wide:
    """A strategy of so many calls side by side."""

    def __init__(self, calls):
        self.calls = calls

    def answer(self, question, model):
        many(model, [CALL] * self.calls, "workers")
        return Answer("done")


def long_trace(calls):
    return measured(Wide(calls), Question("q", "?"), Fake(concurrency=100))


def test_a_long_trace_is_cut_and_says_so(tmp_path):
    table = carrying(long_trace(400), ["one"])
    (trace,) = _traces.traces(table)
    assert sum(map(tracing.size, trace.nodes)) == _traces.MOST_LINES
    assert _traces.MOST_LINES + trace.left_out == 401
    write_report(table, tmp_path)
    assert f"{trace.left_out} more lines are left out." in page(tmp_path).texts
    assert len(table.attrs["traces"]) < 120_000


def test_many_strategies_share_the_page(tmp_path):
    write_report(carrying(long_trace(100), [f"number {n}" for n in range(100)]), tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 300_000
    assert page(tmp_path).tags.count("details") == _traces.MOST_ON_PAGE // _traces.MOST_LINES + 1


def test_hostile_traces_stay_text(tmp_path):
    table = typical()
    steps = [{"name": text, "detail": text, "seconds": 1.0} for text in HOSTILE]
    one = dict.fromkeys(("dataset", "model", "strategy", "example", "total"), HOSTILE[0])
    table.attrs["traces"] = json.dumps([one | {"steps": steps, "left_out": 0}])
    write_report(table, tmp_path)
    seen = page(tmp_path)
    assert not {"script", "img"} & set(seen.tags)
    assert any(HOSTILE[0] in text and "question" in text for text in seen.texts)


def test_results_without_traces_have_no_such_section(tmp_path):
    write_report(typical(), tmp_path)
    assert "details" not in page(tmp_path).tags
    assert isinstance(pd.read_csv(tmp_path / "report.csv"), pd.DataFrame)


@dataclass(frozen=True, slots=True)
class Many(Strategy):
    """Make so many calls side by side for every hundred words, then as many in a chain."""

    calls: int = 1

    def answer(self, question, model):
        """Do it."""
        times = self.calls * (len(question.documents[0].text.split()) // 100)
        many(model, [Request("a")] * times, "workers")
        with meter.stage("chain"):
            for at in range(times):
                one(model, Request("b"), f"worker {at + 1}")
        return Answer("Ada")


# the critical path


def timed(strategy, seconds, critical, **more):
    return row(strategy, seconds=seconds, critical_seconds=critical, calls=4, **more)


def titles(rows):
    ((_, table),) = _tables.datasets(summarise(frame(rows)))
    return [column.title for column in _tables.columns(table)]


def test_the_critical_path_is_shown_where_it_says_something_else():
    alike = [timed("a", 1.0, 1.0), timed("b", 2.0, 2.0)]
    assert "critical path p50" not in titles(alike)
    rows = [timed("a", 1.0, 1.0), timed("b", 2.0, 0.5)]
    assert "critical path p50" in titles(rows)
    assert "calls" in titles(rows)
    text = shown(render_terminal(summarise(frame(rows))), 200)
    assert re.search(r"critical path", text)
    assert re.search(r"b .* 2\.00 .* 0\.500", text)


def test_an_unknown_critical_path_stays_unknown(tmp_path):
    rows = [timed("a", 1.0, 0.5), timed("replay", None, None)]
    table = frame(rows)
    summary = summarise(table)
    assert np.isnan(summary["critical_p50"].iloc[1])
    assert summary["critical_timed"].tolist() == [1, 0]
    text = shown(render_terminal(summary), 200)
    assert len(re.findall("unknown", next(t for t in text.splitlines() if "replay" in t))) >= 4
    write_report(table, tmp_path)
    for name in ("report.md", "report.html"):
        assert "critical path" in (tmp_path / name).read_text().lower()


def test_results_of_an_earlier_version_have_no_critical_path(tmp_path):
    table = typical()
    assert "critical_seconds" not in table
    assert summarise(table)["critical_p50"].isna().all()
    write_report(table, tmp_path)
    assert "critical" not in (tmp_path / "report.md").read_text()


def test_a_run_keeps_the_critical_path_of_every_answer(run, tmp_path):
    run["models"] = ["fake(reply=Ada, latency=0.01, concurrency=1)"]
    found = crossover.run(run, tmp_path / "run")
    several = found[found["strategy"].str.contains("Many")]
    assert (several["critical_seconds"] < several["seconds"])[1:].all()
    single = found[found["strategy"] == "closed_book"]
    assert (single["critical_seconds"] == single["seconds"]).all()
    assert (load_frame(tmp_path / "run")["critical_seconds"] == found["critical_seconds"]).all()


# the command line


def test_ask_shows_the_tree_of_calls(tmp_path, monkeypatch, capsys):
    from test_cli import crossover as command

    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("The bridge was built by Ada. " * 60)
    asked = ("ask", "Who?", "notes.txt", "--model", "fake(reply=Ada)")
    code, out, _ = command(capsys, *asked, "--strategy", "test_trace_report.Many", "--trace")
    assert code == 0
    tree = out[out.index("what was done") :]
    assert re.search(r"├── workers; 3 calls; 3 tokens in, 3 out; ", tree)
    assert re.search(r"│   ├── 1\. model call; fake; 1 tokens in, 1 out; .*; prompt \w{12}", tree)
    assert re.search(r"└── worker 3; fake; ", tree)
    assert re.search(r"6 calls; 6 tokens in, 6 out; \$0\.000000; \d.* s; critical path ", tree)
    _, out, _ = command(capsys, *asked)
    assert "what was done" not in out


def test_list_says_which_models_serve_a_strategy(capsys):
    from test_cli import crossover as command

    _, out, _ = command(capsys, "list", "strategies")
    flat = " ".join(out.split())
    assert "needs a model that calls tools or writes JSON (not the reader)" in flat
    line = next(line for line in out.splitlines() if line.strip().startswith("closed_book"))
    assert line.rstrip().endswith("any model")
    _, out, _ = command(capsys, "list", "strategies", "active_context")
    assert "needs a model that calls tools or writes JSON (not the reader)" in out
    _, out, _ = command(capsys, "list", "retrievers")
    assert "any model" not in out
