"""Compression: rates and curves as the report has them, and what was dropped of a text."""

from __future__ import annotations

import pandas as pd
import pytest
from answered import real
from dashboards import opened, results, texts
from test_dashboard_questions import htmls

from crossover.compressing import parts
from crossover.experiments.report import load_frame, summarise, write_report
from crossover.experiments.reporting.details import DETAILS, read_details
from crossover.experiments.viewing.opened import Opened
from crossover.experiments.viewing.standing import Details, dropped, placed, same_words, standing
from crossover.types import Passage, Piece

pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")
pytest.importorskip("duckdb", reason="the extra [dashboard] is not installed")
KEEPING = "compressed(compressor=keep_words, rate=0.5)"


def picked(folder, example):
    shown = opened(folder, page="compression")
    for name, value in zip(("dataset", "example"), example, strict=True):
        shown.query_params[f"compression.{name}"] = value
    shown.query_params["compression.strategy"] = KEEPING
    shown.query_params["compression.model"] = "fake"
    return shown.run()


def first():
    row = load_frame(real()).iloc[0]
    return str(row["dataset"]), str(row["example"])


def test_the_table_is_the_reports(tmp_path):
    shown = opened(real(), page="compression")
    assert not shown.exception
    table = shown.dataframe[0].value.set_index("strategy")
    summary = summarise(load_frame(real())).set_index("strategy")
    assert list(table.index) == list(summary.index)
    for source, name in (("achieved_rate", "kept, achieved"), ("compression_rate", "kept, asked")):
        own = table.loc[KEEPING, name]
        assert own == pytest.approx(summary.loc[KEEPING, source])
    frame = load_frame(real())
    left = frame[frame["strategy"] == KEEPING]["evidence_recall"].mean()
    assert table.loc[KEEPING, "evidence left"] == pytest.approx(left)
    assert len(shown.get("vega_lite_chart")) == 3
    assert "Without a compressor: full_context" in texts(shown)


def test_a_text_shows_what_was_dropped():
    shown = picked(real(), first())
    assert not shown.exception
    assert "<del>" not in htmls(shown)
    shown.toggle(key="compression.original").set_value(True).run()
    assert not shown.exception
    assert "<del>" in htmls(shown)
    found = standing(Opened.of(real()), *first())
    details = next(
        d for a, d in zip(found.answers, found.details, strict=True) if a["strategy"] == KEEPING
    )
    words = [
        p.text[at : at + end - start].split()[0]
        for p in details.passages
        if p.text
        for at, start, end in p.kept[:3]
    ]
    assert not words or all(word in htmls(shown) for word in words)


def test_dropped_is_all_that_no_passage_shows():
    text = "one two three four"
    passage = Passage("d", 0, 13, "one three", kept=(Piece(0, 0, 3), Piece(4, 8, 13)))
    assert list(dropped(text, [passage])) == [(3, 8), (13, 18)]
    assert list(dropped(text, [])) == [(0, 18)]
    assert "".join(part for kept, part in parts(text, [passage]) if kept) == "onethree"


def test_an_earlier_version_is_compared_word_by_word(tmp_path):
    text = "0123456789 one two three two four"
    passage = Passage("d", 11, 33, "one three four")
    pieces = list(same_words(text, passage))
    assert [text[p.start : p.end] for p in pieces] == ["one", "three", "four"]
    assert [passage.text[p.at : p.at + p.end - p.start] for p in pieces] == ["one", "three", "four"]
    details = Details((passage,), (False,), True, "", "")
    found, compared = placed(details, {"d": text})
    assert compared
    assert list(dropped(text, found)) == [(0, 11), (14, 19), (24, 29)]
    assert placed(Details((passage,), (True,), True, "", ""), {"d": text}) == ([passage], False)
    # as the run was written before pieces were kept
    table = read_details(real())
    old = pd.DataFrame(table)
    old["passages"] = [
        [{k: v for k, v in p.items() if k != "kept"} for p in row] for row in old["passages"]
    ]
    frame = load_frame(real())
    write_report(frame, tmp_path)
    old.to_parquet(tmp_path / DETAILS)
    shown = picked(tmp_path, first())
    shown.toggle(key="compression.original").set_value(True).run()
    assert not shown.exception
    long = any(len(p["text"]) == 0 for row in old["passages"] for p in row)
    assert long or "by comparing" in texts(shown)
    assert "<del>" in htmls(shown)


def test_a_run_that_compresses_nothing_says_how_to(tmp_path):
    write_report(results(), tmp_path)
    shown = opened(tmp_path, page="compression")
    assert not shown.exception
    assert "compressed(compressor=extractive, rate=[0.5, 0.25])" in texts(shown)


def test_a_link_to_nothing_says_so():
    shown = picked(real(), (first()[0], "no such"))
    assert not shown.exception
    assert "is not in this run" in texts(shown)
