"""A run's results as tables: parquet, CSV and JSON lines."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from exporting_runs import export

import crossover
from crossover.errors import ConfigError, DataError, StoreError
from crossover.experiments.exporting.stored import stored_answers
from crossover.experiments.exporting.tables import load_results, write_results

ROOT = Path(__file__).parents[1]


def test_results_come_with_passages_and_traces(exported):
    frame = crossover.load_results(exported, passages=True, traces=True)
    assert len(frame) == 12
    assert frame.attrs["metrics"]
    rag = frame[frame["strategy"] == "rag(k=2)"].iloc[0]
    passages = json.loads(rag["passages"])
    assert "Ada built bridge" in passages[0]["text"]
    steps = json.loads(rag["trace"])
    assert sum((s["usage"] or {"calls": 0})["calls"] for s in steps) == rag["calls"]
    assert "passages" not in load_results(exported)


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_a_table_reads_back_as_it_was(exported, tmp_path, ending):
    frame = load_results(exported, passages=True, traces=True)
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


def test_a_row_finds_its_own_answer_among_several(exported, tmp_path):
    """A store may hold answers to the same question under another seed."""
    import shutil

    from crossover.experiments.store import Store

    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    frame = load_results(folder)
    own = next(iter(stored_answers(frame, folder)))
    with Store(folder) as store:
        other = replace(own.answer, text="something else")
        store.save(("another key", *own.names), other)
    assert next(iter(stored_answers(frame, folder))).answer == own.answer


def test_without_its_store_a_table_has_no_traces(exported, tmp_path):
    import shutil

    shutil.copy(exported / "results.parquet", tmp_path / "results.parquet")
    assert load_results(tmp_path, traces=True)["trace"].isna().all()


def test_wrong_targets_are_one_clear_line(exported, tmp_path):
    assert isinstance(export(exported).exception, ConfigError)
    with pytest.raises(ConfigError, match=r"ends with \.parquet, \.csv, \.jsonl"):
        write_results(load_results(exported), tmp_path / "x.xlsx")
    with pytest.raises(StoreError, match="cannot be written"):
        write_results(load_results(exported), tmp_path / "none" / "x.csv")
    assert isinstance(export(exported, "--otel", "spans.txt").exception, ConfigError)
    assert isinstance(export(tmp_path, "--to", tmp_path / "x.csv").exception, DataError)


def test_every_column_is_documented(exported):
    page = (ROOT / "docs" / "results_table.md").read_text()
    documented = set(re.findall(r"^\| `([^`]+)`", page, re.M))
    documented |= {
        name
        for line in re.findall(r"^\| (`.*?) \|", page, re.M)
        for name in re.findall(r"`([^`]+)`", line)
    }
    frame = load_results(exported, passages=True, traces=True)
    metrics = {name for names in frame.attrs["metrics"].values() for name in names}
    kinds = tuple(name.removesuffix("NAME") for name in documented if name.endswith(".NAME"))
    assert set(kinds) >= {"tag.", "figure."}
    plain = {name for name in frame if name not in metrics and not name.startswith(kinds)}
    assert plain <= documented
    assert {name for name in documented if "NAME" not in name and name != "METRIC"} == plain
