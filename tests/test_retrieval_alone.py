"""Retrieval measured alone, and wrong answers traced to retrieval or reading."""

import json
import math

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from crossover import catalog
from crossover.cli import app
from crossover.errors import ConfigError, DataError
from crossover.experiments.grid import load_grid
from crossover.experiments.report import summarise
from crossover.experiments.retrieval.measuring import measure_retrieval
from crossover.experiments.retrieval.table import retrieval_columns, summarise_retrieval
from crossover.experiments.run import run

TOWNS = ("Ostrel", "Quill", "Belo", "Marn", "Tosk", "Vira")
FILLER = "The weather was mild and nothing happened that anybody wrote down. "


@pytest.fixture
def questions(tmp_path):
    """One document per town: the cheese market stands in the middle of much filler."""
    lines = []
    for town in TOWNS:
        evidence = f"The cheese market of {town} opens on Mondays."
        text = FILLER * 30 + evidence + " " + FILLER * 30
        lines.append(
            {
                "question": f"When does the cheese market of {town} open?",
                "answers": ["Mondays"],
                "documents": [{"id": town, "text": text}],
                "evidence": [{"text": evidence}],
            }
        )
    (tmp_path / "towns.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return f"jsonl('{tmp_path / 'towns.jsonl'}')"


def _measured(questions, *strategies):
    grid = {"datasets": questions, "strategies": list(strategies)}
    return measure_retrieval(load_grid(grid, asks=False))


SMALL = "rag(chunker=tokens(size=20), k=5)"


def test_measures_agree_with_what_was_found(questions):
    frame = _measured(questions, SMALL, "full_context", "closed_book")
    assert set(frame["strategy"]) == {
        catalog.spec(catalog.load(catalog.KINDS["strategies"], SMALL))
    }
    assert len(frame) == len(TOWNS)
    assert (frame["recall@1"] == 1).all()
    assert (frame["MRR"] == 1).all()
    assert (frame["token_recall"] > 0.5).all()
    assert (frame["indexing_seconds"] > 0).all()
    assert (frame["index_bytes"] > 0).all()
    assert frame["nDCG@10"].between(0.9, 1).all()


def test_rank_measures_count_places_and_what_is_missing(questions, monkeypatch):
    from crossover.pipelines.rag import Rag

    def turned(self, question, model):
        return list(reversed(original(self, question, model)))

    original = Rag.retrieve
    monkeypatch.setattr(Rag, "retrieve", turned)
    frame = _measured(questions, "rag(chunker=tokens(size=40), k=4)")
    places = [round(1 / value) for value in frame["MRR"]]
    for place, (_, row) in zip(places, frame.iterrows(), strict=True):
        # every measure follows the order that was returned, whatever the scores say
        assert place in (3, 4)
        assert row["recall@1"] == 0
        assert row["recall@5"] == 1
        assert row["nDCG@10"] <= 1 / math.log2(place + 1) + 1 / math.log2(place + 2)
    monkeypatch.setattr(Rag, "retrieve", lambda self, question, model: [])
    empty = _measured(questions, "rag(k=3)")
    assert (empty[["recall@5", "nDCG@10", "MRR", "token_recall"]] == 0).all().all()


def test_a_retrieval_that_fails_scores_nothing_and_is_counted(questions, monkeypatch):
    from crossover.errors import UnsupportedRequest
    from crossover.pipelines.rag import Rag

    def fails(self, question, model):
        raise UnsupportedRequest("cannot rewrite")

    monkeypatch.setattr(Rag, "retrieve", fails)
    summary = summarise_retrieval(_measured(questions, "rag"), "recall@5")
    assert summary["score"].tolist() == [0]
    assert summary["failures"].tolist() == ["6 unsupported"]


def test_the_summary_compares_with_the_first_strategy(questions):
    frame = _measured(questions, SMALL, "rag(chunker=tokens(size=20), k=1)", "rag(k=1)")
    frame.loc[frame["strategy"].str.contains("k=1") & (frame["example"] == "line-1"), "MRR"] = 0.0
    summary = summarise_retrieval(frame, "MRR")
    assert summary["difference"].isna().tolist() == [True, False, False]
    assert summary["difference"].iloc[1] == pytest.approx(-1 / 6)
    assert summary["p"].iloc[1] == 1.0
    titles = [column.title for column in retrieval_columns(summary)]
    assert "MRR [95 %]" in titles
    assert "failed" not in titles


def test_the_command_prints_and_writes_the_table(questions, tmp_path):
    grid = tmp_path / "grid.yaml"
    strategies = [SMALL, "rag(k=1)", "closed_book"]
    grid.write_text(yaml.safe_dump({"datasets": questions, "strategies": strategies}))
    done = CliRunner().invoke(app, ["retrieval", str(grid), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "recall@5 [95 %]" in done.output
    assert "baseline" in done.output
    assert len(pd.read_parquet(tmp_path / "out" / "retrieval.parquet")) == 12
    page = (tmp_path / "out" / "retrieval.md").read_text()
    assert "paired, against" in page
    assert "left out, for they retrieve nothing: closed_book." in page
    assert "retrieve nothing: closed_book" in done.stderr


def test_what_cannot_be_measured_is_one_clear_line(questions, tmp_path):
    with pytest.raises(ConfigError, match="no strategy of the grid retrieves"):
        _measured(questions, "closed_book")
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"question": "Who?", "answers": ["x"], "context": "x is here"}')
    with pytest.raises(DataError, match="names its evidence"):
        _measured(f"jsonl('{bare}')", "rag")
    with pytest.raises(ConfigError, match="recall@7"):
        CliRunner().invoke(
            app, ["retrieval", "grid.yaml", "--measure", "recall@7"], catch_exceptions=False
        )


def test_a_run_says_whether_evidence_was_seen(questions, tmp_path):
    frame = run(
        {
            "datasets": questions,
            "models": "fake(reply=Fridays)",
            "strategies": [SMALL, "closed_book"],
        },
        tmp_path / "run",
    )
    rag = frame[frame["strategy"].str.startswith("rag")]
    assert (rag["evidence_recall"] == 1).all()
    table = summarise(frame).set_index("strategy")
    assert table["wrong_seen"].tolist() == [1.0, 0.0]
    assert table["wrong_unseen"].tolist() == [0.0, 1.0]
