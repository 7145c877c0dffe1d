"""A run's results in MLflow."""

import math

import pytest

from crossover.errors import StoreError


@pytest.fixture
def mlflow(monkeypatch, tmp_path):
    pytest.importorskip("mlflow", reason="needs the extra mlflow")
    pytest.importorskip("alembic", reason="needs the extra mlflow")
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'tracking.db'}"


# MLflow's models of its tables and its log of migrations
@pytest.mark.filterwarnings("ignore")
def test_a_run_is_logged_with_its_numbers(exported, mlflow, tmp_path):
    from mlflow import MlflowClient
    from mlflow.telemetry.utils import is_telemetry_disabled

    from crossover.experiments.exporting.tracking import log_to_mlflow
    from crossover.experiments.report import load_frame, summarise

    parent = log_to_mlflow(exported, mlflow, experiment="nightly")
    assert is_telemetry_disabled()
    client = MlflowClient(tracking_uri=mlflow)
    place = client.get_experiment_by_name("nightly").experiment_id
    runs = client.search_runs([place])
    children = {r.data.params["strategy"]: r for r in runs if "strategy" in r.data.params}
    assert len(runs) == 4
    assert {r.data.tags["mlflow.parentRunId"] for r in children.values()} == {parent}
    assert all(r.info.status == "FINISHED" for r in runs)
    for row in summarise(load_frame(exported)).to_dict("records"):
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


def test_mlflow_that_cannot_be_used_is_one_clear_line(exported, tmp_path, mlflow):
    from crossover.experiments.exporting.tracking import log_to_mlflow

    with pytest.raises(StoreError) as caught:
        log_to_mlflow(exported, "nonsense://me:secret@host")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
