"""A run in MLflow: one parent run, and one below it per dataset, model and strategy."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from crossover.errors import CrossoverError, MissingExtra, StoreError
from crossover.experiments.report import RESULTS, load_frame, summarise

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from pandas import DataFrame

# MLflow sends usage statistics to its makers unless this is set
NO_TELEMETRY = "MLFLOW_DISABLE_TELEMETRY"
EXPERIMENT = "crossover"
REPORT = ("report.md", "report.html", "report.csv", "report.parquet", "slices.csv")
NOT_IN_NAMES = re.compile(r"[^\w\-. :/]+")
LONGEST = 500
KEYS = ("dataset", "model", "strategy")
SETTINGS = ("seed", "limit", "price_as", "limits")


def log_to_mlflow(
    run: str | Path, uri: str, *, experiment: str = EXPERIMENT, with_content: bool = False
) -> str:
    """Log a run's directory to the MLflow server or database at ``uri``; return the parent's id.

    The parent holds the grid and the report files, its children the summary's numbers as metrics
    (intervals are ``low`` and ``high``), parameters and tags. ``with_content`` adds the file with
    every answer. Nothing but ``uri`` is spoken to: MLflow's own usage telemetry is switched off
    unless the environment says otherwise. Raises MissingExtra without MLflow, StoreError where
    it cannot be reached.
    """
    frame = load_frame(run)
    client = _client(uri)
    try:
        return _logged(client, frame, Path(run), experiment, with_content)
    except CrossoverError:
        raise
    except Exception as error:
        raise StoreError(_public(f"MLflow at {uri}: {_first_line(error)}")) from error


def _client(uri: str) -> MlflowClient:
    os.environ.setdefault(NO_TELEMETRY, "true")
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise MissingExtra("mlflow-skinny", "mlflow", "logging to MLflow") from None
    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except Exception as error:
        raise StoreError(_public(f"MLflow at {uri}: {_first_line(error)}")) from error


def _logged(
    client: MlflowClient, frame: DataFrame, folder: Path, experiment: str, with_content: bool
) -> str:
    place = _experiment(client, experiment)
    name = str(frame.attrs.get("run") or folder.name)
    parent = client.create_run(place, run_name=name, tags={"crossover.run": name})
    own = str(parent.info.run_id)
    _write(client, own, _settings(frame), {})
    client.log_text(own, str(frame.attrs.get("config") or ""), "grid.yaml")
    for file in (*REPORT, *([RESULTS] if with_content else [])):
        if (folder / file).is_file():
            client.log_artifact(own, str(folder / file))
    for row in summarise(frame).to_dict("records"):
        tags = {"mlflow.parentRunId": own} | {f"crossover.{key}": str(row[key]) for key in KEYS}
        child = client.create_run(place, run_name=_name(row), tags=_short(tags))
        params = {key: row[key] for key in (*KEYS, "metric")} | _settings(frame)
        _write(client, child.info.run_id, params, dict(_metrics(row)))
        client.set_terminated(child.info.run_id)
    client.set_terminated(own)
    return own


def _experiment(client: MlflowClient, name: str) -> str:
    """The experiment's id; files of a new one lie beside a database, not in the current folder."""
    found = client.get_experiment_by_name(name)
    if found:
        return str(found.experiment_id)
    database = re.fullmatch(r"sqlite:///(.+)", client.tracking_uri)
    beside = (Path(database[1]).resolve().parent / "mlartifacts").as_uri() if database else None
    return str(client.create_experiment(name, artifact_location=beside))


def _write(
    client: MlflowClient, run: str, params: Mapping[str, Any], metrics: Mapping[str, float]
) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    values = [Metric(name, value, now, 0) for name, value in metrics.items()]
    client.log_batch(run, values, [Param(k, v) for k, v in _short(params).items()])


def _settings(frame: DataFrame) -> dict[str, Any]:
    config = yaml.safe_load(str(frame.attrs.get("config") or "")) or {}
    return {name: config[name] for name in SETTINGS if config.get(name) not in (None, "")}


def _metrics(row: Mapping[Any, Any]) -> Iterator[tuple[str, float]]:
    """Every number of the summary that is known; other metrics go by their own names."""
    for column, value in row.items():
        if isinstance(value, bool | str) or value is None:
            continue
        if math.isfinite(value):
            name = str(column).removeprefix("mean.")
            yield NOT_IN_NAMES.sub("_", name).strip("_"), float(value)


def _name(row: Mapping[Any, Any]) -> str:
    return f"{row['strategy']} | {row['model']} | {row['dataset']}"[:LONGEST]


def _short(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value)[:LONGEST] for name, value in values.items()}


def _public(text: str) -> str:
    """A text without the users and passwords that may stand in its addresses."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
