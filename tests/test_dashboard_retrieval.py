"""Retrieval: the report's numbers of evidence shown, and those measured alone."""

from __future__ import annotations

import pytest
from answered import real
from dashboards import opened, results, texts

from crossover.errors import DataError
from crossover.experiments._summary import summarise
from crossover.experiments.grid import load_grid
from crossover.experiments.report import load_frame, write_report
from crossover.experiments.retrieval.measuring import measure_retrieval
from crossover.experiments.retrieval.table import summarise_retrieval, write_retrieval
from crossover.experiments.viewing import retrieved, sweeps

pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")
pytest.importorskip("ir_measures", reason="the extra [retrieval] is not installed")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A folder of retrieval measured alone, and its frame."""
    folder = tmp_path_factory.mktemp("measured") / "alone"
    grid = load_grid(
        {
            "datasets": "biographies(tokens=1500, documents=3, questions=4)",
            "strategies": ["rag(k=20)", "rag(k=3)"],
        },
        asks=False,
    )
    frame = measure_retrieval(grid)
    write_retrieval(frame, summarise_retrieval(frame, "recall@5"), folder)
    return folder, frame


def test_an_option_is_parted_from_its_strategy():
    assert sweeps.parted("rag(k=4, order=score)", "k") == ("rag(order=score)", 4)
    assert sweeps.parted("rag(order=score)", "k") == ("rag(order=score)", 8)
    assert sweeps.parted("full_context", "k") == ("full_context", None)
    assert sweeps.parted("no such thing(", "k") == ("no such thing(", None)


def test_evidence_leads_the_reports_own_summary():
    frame = load_frame(real(), texts=False)
    found = sweeps.measured(frame, "evidence_recall")
    means = frame.groupby("strategy", sort=False)["evidence_recall"].mean()
    assert dict(zip(found["strategy"], found["score"], strict=True)) == pytest.approx(dict(means))
    assert frame.attrs["metrics"]["biographies"][0] == "answer_recall"
    with pytest.raises(DataError, match="was not measured"):
        sweeps.measured(results(), "evidence_recall")


def test_scores_are_parted_by_whether_the_evidence_was_seen():
    frame = load_frame(real(), texts=False)
    frame["answer_recall"] = [float(at % 3 == 0) for at in range(len(frame))]
    found = sweeps.seen_or_not(frame).set_index("strategy")
    summary = summarise(frame).set_index("strategy")
    for strategy, rows in frame.groupby("strategy"):
        seen = rows["evidence_recall"] >= 1
        for name, part in (("seen", rows[seen]), ("unseen", rows[~seen])):
            own = found.loc[strategy, f"{name}_score"]
            assert own == pytest.approx(part["answer_recall"].mean(), nan_ok=True)
        assert found.loc[strategy, "wrong_seen"] == summary.loc[strategy, "wrong_seen"]


def test_the_page_draws_the_run(tmp_path):
    shown = opened(real(), page="retrieval")
    assert not shown.exception
    table = shown.dataframe[0].value
    expected = sweeps.measured(load_frame(real(), texts=False), "evidence_recall")
    assert table["evidence_recall"].to_numpy() == pytest.approx(expected["score"].to_numpy())
    assert len(shown.get("vega_lite_chart")) == 1
    shown.selectbox(key="retrieval.over").select("k").run()
    assert "Not drawn, without k: full_context" in texts(shown)
    shown.segmented_control(key="retrieval.kind").select("Retrieval alone").run()
    assert "crossover retrieval GRID" in texts(shown)


def test_retrieval_measured_alone_is_drawn_without_a_run(alone):
    folder, frame = alone
    shown = opened(folder, page="retrieval")
    assert not shown.exception
    expected = summarise_retrieval(frame, "recall@5")
    table = shown.dataframe[0].value
    assert table["recall@5 [95 %]"].str[:5].tolist() == [f"{s:.3f}" for s in expected["score"]]
    assert len(shown.get("vega_lite_chart")) == 1
    shown.selectbox(key="retrieval.by").select("MRR").run()
    assert "MRR [95 %]" in shown.dataframe[0].value.columns
    shown.segmented_control(key="retrieval.kind").select("In the answers").run()
    assert "no answers here" in texts(shown)


def test_recall_over_k_is_the_summary_at_each_k(alone):
    _, frame = alone
    found = retrieved.over_depth(frame).set_index(["strategy", "k"])
    assert sorted(set(found.index.get_level_values("k"))) == [1, 3, 5, 10, 20]
    own = summarise_retrieval(frame, "recall@3").set_index("strategy")
    for strategy in ("rag(k=20)", "rag(k=3)"):
        assert found.loc[(strategy, 3), "score"] == own.loc[strategy, "score"]
        assert found.loc[(strategy, 3), "low"] == own.loc[strategy, "low"]


def test_a_run_without_evidence_says_what_is_missing(tmp_path):
    write_report(results(), tmp_path)
    shown = opened(tmp_path, page="retrieval")
    assert not shown.exception
    assert "crossover run GRID" in texts(shown)


def test_a_damaged_measurement_is_a_sentence(tmp_path):
    write_report(results(), tmp_path)
    (tmp_path / retrieved.FILE).write_text("no parquet")
    shown = opened(tmp_path, page="retrieval")
    assert not shown.exception
    assert "cannot be read as measured retrieval" in texts(shown)
    results().to_parquet(tmp_path / retrieved.FILE)
    with pytest.raises(DataError, match="it lacks passages"):
        retrieved.load(tmp_path)
