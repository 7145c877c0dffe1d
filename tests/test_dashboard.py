"""The dashboard: what it shows is what the report says, and names stay text."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from crossover.app import dashboard
from crossover.app.launch import arguments, launch
from crossover.errors import DataError, MissingExtra
from crossover.experiments.report import summarise, write_report

pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")

HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png)"


def results(strategies=("full_context", "rag"), dataset="papers"):
    generator = np.random.default_rng(1)
    rows = [
        {
            "dataset": dataset,
            "example": f"{document} {question}",
            "group": str(document),
            "strategy": strategy,
            "model": "reader",
            "outcome": "failed:timeout" if (document, question) == (0, 0) else "answered",
            "answer_recall": float(generator.uniform()) if document or question else 0.0,
            "input_tokens": 1000 * (1 + place),
            "output_tokens": 10,
            "cached_tokens": 0,
            "dollars": None,
            "seconds": None,
            "first_token_seconds": None,
            "calls": 1,
            "indexing_seconds": 0.0,
            "indexing_tokens": 0,
            "indexing_dollars": 0.0,
            "answer_words": 5,
            "tag.length": "32k" if document % 2 else "128k",
        }
        for place, strategy in enumerate(strategies)
        for document in range(12)
        for question in range(3)
    ]
    frame = pd.DataFrame(rows)
    metrics = {dataset: ["answer_recall"]}
    frame.attrs = {"metrics": metrics, "price_as": "", "run": "trial", "config": "seed: 1"}
    return frame


@pytest.fixture
def page(monkeypatch):
    from streamlit.testing.v1 import AppTest

    def opened(*folders):
        monkeypatch.setattr(sys, "argv", ["dashboard.py", *map(str, folders)])
        return AppTest.from_file(dashboard.__file__, default_timeout=30).run()

    return opened


def texts(shown):
    return "\n".join(element.value for element in shown.text)


def test_the_table_is_the_summary(page, tmp_path):
    frame = results()
    write_report(frame, tmp_path)
    shown = page(tmp_path)
    assert not shown.exception
    table = shown.dataframe[0].value
    expected = summarise(frame)
    assert list(table["strategy"]) == ["full_context", "rag"]
    assert table["answer_recall [95 %]"].to_numpy() == pytest.approx(expected["score"].to_numpy())
    assert table["low end"].to_numpy() == pytest.approx(expected["low"].to_numpy())
    assert set(table["$ per 1k billed"]) == {"unknown"}
    assert "papers: model reader, 36 questions, 12 documents" in texts(shown)
    assert "rag: 1 failed:timeout" in texts(shown)
    assert len(shown.get("vega_lite_chart")) == 1


def test_a_tag_slices_the_table_and_the_plot(page, tmp_path):
    write_report(results(), tmp_path)
    shown = page(tmp_path)
    shown.multiselect[0].select("length").run()
    assert not shown.exception
    assert list(shown.dataframe[0].value["length"]) == ["32k", "32k", "128k", "128k"]
    plot_of = next(box for box in shown.selectbox if box.label == "Plot of")
    assert plot_of.options == ["all questions", "32k", "128k"]
    plot_of.select("128k").run()
    assert not shown.exception


def test_several_runs_can_be_chosen_from(page, tmp_path):
    for name in ("first", "second"):
        write_report(results(dataset=name), tmp_path / name)
    shown = page(tmp_path / "first", tmp_path / "second")
    assert "first: model reader" in texts(shown)
    shown.selectbox[0].select(str(tmp_path / "second")).run()
    assert "second: model reader" in texts(shown)


def test_hostile_names_reach_no_element_that_reads_markup(page, tmp_path):
    frame = results((HOSTILE, "rag"), dataset=HOSTILE)
    frame.attrs["run"] = HOSTILE
    write_report(frame, tmp_path)
    shown = page(tmp_path)
    assert not shown.exception
    for kind in ("markdown", "title", "header", "subheader", "caption", "error", "info"):
        assert not [e for e in getattr(shown, kind) if "evil" in e.value]
    assert HOSTILE in texts(shown)
    assert HOSTILE in list(shown.dataframe[0].value["strategy"])


def test_no_results_is_a_sentence(page, tmp_path):
    shown = page(tmp_path)
    assert not shown.exception
    assert shown.error[0].value == "These results cannot be shown."
    assert "no results.parquet" in texts(shown)


def test_no_directory_is_a_sentence(page):
    assert "Name the directories" in page().info[0].value


def test_launch_checks_the_directories_first(tmp_path):
    with pytest.raises(DataError, match=r"no results.parquet"):
        launch([tmp_path])


def test_launch_names_the_missing_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("crossover.app.launch.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"crossover-rag\[dashboard\]"):
        launch([tmp_path])


def test_launch_serves_this_machine_alone(tmp_path):
    given = arguments([tmp_path], 8601, True)
    assert "--server.address=127.0.0.1" in given
    assert "--browser.gatherUsageStats=false" in given
    assert "--server.showEmailPrompt=false" in given
    assert "--server.headless=true" in given
    assert given[-2:] == ["--", str(tmp_path.resolve())]
    assert Path(given[1]) == Path(dashboard.__file__)


@pytest.mark.parametrize("headless", [True, False])
def test_the_server_answers_on_a_machine_that_never_saw_streamlit(tmp_path, headless):
    write_report(results(), tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from crossover.app.launch import launch;"
    code += f"launch(sys.argv[2:], port=int(sys.argv[1]), headless={headless})"
    server = subprocess.Popen(
        [sys.executable, "-c", code, str(port), str(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(tmp_path), "BROWSER": "true"},
    )
    try:
        assert healthy(f"http://127.0.0.1:{port}/_stcore/health", server)
    finally:
        server.terminate()
        server.wait(timeout=20)


def healthy(address, server):
    for _ in range(150):
        try:
            return httpx.get(address, trust_env=False).status_code == 200
        except httpx.TransportError:
            assert server.poll() is None
            time.sleep(0.2)
    return False
