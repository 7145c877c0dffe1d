"""Runs exported to a bucket: tables, spans, report and traces."""

from __future__ import annotations

import json
from io import BytesIO

import buckets
import pytest

import crossover
from crossover.blobs import Blob, place
from crossover.errors import ConfigError, DataError, StoreError
from crossover.experiments.exporting.copied import copy_report
from crossover.experiments.exporting.tables import load_results, write_results
from crossover.experiments.reporting.details import DETAILS

REPORT = ["report.md", "report.html", "report.csv", "report.parquet", DETAILS, "results.parquet"]


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_a_table_in_a_bucket_is_that_of_a_folder(bucket, request, exported, tmp_path, invoke):
    address = request.getfixturevalue(bucket)
    for name in ("results.parquet", "results.csv", "results.jsonl"):
        said = invoke("export", exported, "--to", f"{address}/{name}", "--traces")
        assert said == f"12 rows: {address}/{name}\n"
        invoke("export", exported, "--to", tmp_path / name, "--traces")
        assert (place(address) / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_report_and_traces_go_to_a_bucket_and_are_read_there(bucket, request, exported, invoke):
    address = f"{request.getfixturevalue(bucket)}/runs/trial"
    said = invoke("export", exported, "--report", address)
    assert said.splitlines() == [f"{address}/{name}" for name in REPORT]
    for name in REPORT:
        assert (place(address) / name).read_bytes() == (exported / name).read_bytes()
    assert sorted(blob.name for blob in place(address).iterdir()) == sorted(REPORT)
    there, here = crossover.load_results(address), crossover.load_results(exported)
    assert there.equals(here)
    assert there.attrs == here.attrs
    # the answers themselves stay in the run's own store
    assert set(load_results(address, traces=True)["trace"]) == {None}


def test_a_report_is_copied_to_a_folder_too(exported, tmp_path):
    paths = copy_report(exported, tmp_path / "new" / "copy")
    assert [path.name for path in paths] == REPORT
    assert {path.name for path in (tmp_path / "new" / "copy").iterdir()} == set(REPORT)
    before = (exported / "report.md").read_bytes()
    copy_report(exported, exported)
    assert (exported / "report.md").read_bytes() == before


def test_spans_go_to_a_bucket(memory, exported, tmp_path, invoke):
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otel] is not installed")
    said = invoke("export", exported, "--otel", f"{memory}/spans.jsonl")
    assert "traces exported" in said
    content = (place(memory) / "spans.jsonl").read_bytes()
    invoke("export", exported, "--otel", tmp_path / "spans.jsonl")
    assert content == (tmp_path / "spans.jsonl").read_bytes()
    assert all("resourceSpans" in json.loads(line) for line in BytesIO(content))


def test_what_breaks_off_leaves_what_was_there(memory, exported, monkeypatch):
    write_results(load_results(exported), f"{memory}/x.csv")
    before = (place(memory) / "x.csv").read_bytes()

    def broken(blob, file):
        raise OSError(5, "its server cannot be reached", str(blob))

    monkeypatch.setattr(Blob, "put", broken)
    with pytest.raises(StoreError) as raised:
        write_results(load_results(exported), f"{memory}/x.csv")
    assert str(raised.value) == f"{memory}/x.csv cannot be written: its server cannot be reached"
    assert (place(memory) / "x.csv").read_bytes() == before


def test_a_closed_bucket_is_one_line_wherever_it_is_named(monkeypatch, exported, tmp_path, invoke):
    with buckets.answering(403) as endpoint:
        buckets.at(monkeypatch, endpoint)
        for option, target in (
            ("--to", "s3://closed/x.csv"),
            ("--report", "s3://closed/run"),
            ("--otel", "s3://closed/spans.jsonl"),
        ):
            with pytest.raises(StoreError, match="no permission, or keys that are not") as raised:
                invoke("export", exported, option, target)
            assert target in str(raised.value)
            assert "\n" not in str(raised.value)
        with pytest.raises(DataError, match=r"s3://closed/run/results.parquet cannot be read"):
            crossover.load_results("s3://closed/run")


def test_what_is_not_there_or_has_keys_in_it_is_one_line(memory, exported, tmp_path, invoke):
    with pytest.raises(DataError, match=f"no results.parquet in {memory}"):
        crossover.load_results(memory)
    with pytest.raises(DataError, match=r"no results.parquet in .*; name the directory"):
        invoke("export", tmp_path, "--report", memory)
    with pytest.raises(ConfigError, match="set them in the environment") as raised:
        invoke("export", exported, "--to", "s3://key:hidden@bucket/x.csv")
    assert "hidden" not in str(raised.value)
