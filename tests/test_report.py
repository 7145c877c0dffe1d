"""The files of a report."""

from __future__ import annotations

import pandas as pd
import pytest
from frames import typical

from crossover.errors import ConfigError, DataError, StoreError
from crossover.experiments.report import (
    load_frame,
    summarise,
    write_report,
)


def test_the_report_files(tmp_path):
    table = typical()
    paths = write_report(table, tmp_path / "new", by=("length",))
    assert sorted(path.name for path in paths) == [
        "report.csv",
        "report.html",
        "report.md",
        "report.parquet",
        "results.parquet",
        "slices.csv",
        "slices.parquet",
    ]
    expected = summarise(table)
    for read, name in ((pd.read_csv, "report.csv"), (pd.read_parquet, "report.parquet")):
        found = read(tmp_path / "new" / name)
        assert list(found.columns) == list(expected.columns)
        assert found["score"].to_numpy() == pytest.approx(expected["score"].to_numpy())
    slices = pd.read_csv(tmp_path / "new" / "slices.csv")
    assert set(slices["tag.length"]) == {"32k", "128k"}
    markdown = (tmp_path / "new" / "report.md").read_text()
    first = expected.iloc[0]
    assert f"{first['score']:.3f} [{first['low']:.3f}, {first['high']:.3f}]" in markdown
    assert "seed: 1" in markdown


def test_the_frame_comes_back_with_its_attributes(tmp_path):
    table = typical(price_as="openai:gpt-4o-mini")
    write_report(table, tmp_path)
    found = load_frame(tmp_path)
    pd.testing.assert_frame_equal(found, table)
    assert found.attrs == table.attrs


def test_the_same_frame_gives_the_same_files(tmp_path):
    first, second = (write_report(typical(), tmp_path / name) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_what_holds_no_results_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no results.parquet in .*; name the directory"):
        load_frame(tmp_path)
    (tmp_path / "results.parquet").write_text("not parquet")
    with pytest.raises(DataError, match="cannot be read as results") as caught:
        load_frame(tmp_path)
    assert "\n" not in str(caught.value)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "results.parquet")
    with pytest.raises(DataError, match="lack the columns dataset"):
        load_frame(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_report(typical(), tmp_path / "file")


def test_an_unknown_tag_writes_nothing(tmp_path):
    with pytest.raises(ConfigError):
        write_report(typical(), tmp_path / "new", by=("task",))
    assert not (tmp_path / "new").exists()


def test_without_pyarrow_the_rest_is_written_and_says_so(tmp_path, monkeypatch):
    from importlib import util

    there = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "pyarrow" else there(name))
    names = [path.name for path in write_report(typical(), tmp_path)]
    assert names == ["report.csv", "report.md", "report.html"]
    for name in ("report.md", "report.html"):
        assert "No Parquet files were written" in (tmp_path / name).read_text()


# the page
