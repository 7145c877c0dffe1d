"""A finished run's questions with their documents, read again from its datasets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crossover import catalog
from crossover.errors import DataError
from crossover.experiments.report import RESULTS
from crossover.experiments.reporting.details import DETAILS
from crossover.roles import Dataset
from crossover.types import Answer, Example

if TYPE_CHECKING:
    from pandas import DataFrame

Key = tuple[str, str]


def examples(frame: DataFrame) -> dict[Key, Example]:
    """The examples by dataset and id, their documents loaded when they are read.

    Raises ConfigError where a dataset is code to import, DataError where it cannot be read.
    """
    names = list(frame.attrs["metrics"])
    found = check_datasets(frame)
    if len(found) != len(names):
        raise DataError(f"the run {frame.attrs.get('run')!r} does not say what it was asked")
    return {
        (name, example.question.id): example
        for name, dataset in zip(names, found, strict=True)
        for example in dataset.examples()
    }


def check_datasets(frame: DataFrame) -> list[Dataset]:
    """The datasets of a run; raises ConfigError for a dotted path, which would run its code."""
    import yaml

    try:
        config = yaml.safe_load(frame.attrs.get("config") or "") or {}
        listed = config.get("datasets", [])
    except (yaml.YAMLError, AttributeError):
        raise DataError("the run does not say what it was asked: its grid is damaged") from None
    texts = listed if isinstance(listed, list) else [listed]
    return [one for text in texts for one in catalog.expand(Dataset, text, dotted=False)]


def questions(folder: Path) -> Mapping[Key, str]:
    """The texts of a run's questions by dataset and id; empty without its details."""
    from pyarrow import parquet

    path = folder / DETAILS
    if not path.is_file():
        return {}
    try:
        columns = ["dataset", "example", "question"]
        rows = parquet.read_table(path, columns=columns)
        texts = rows.group_by(columns[:2], use_threads=False)
        first = texts.aggregate([("question", "first")]).to_pydict()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from None
    keys = zip(first["dataset"], first["example"], strict=True)
    return dict(zip(keys, first["question_first"], strict=True))


def answered(folder: Path, key: Key, model: str, strategy: str) -> Answer | None:
    """What a strategy answered in a run; None where it was not asked."""
    from pyarrow import parquet

    names = ("dataset", "example", "model", "strategy")
    wanted = zip(names, (*key, model, strategy), strict=True)
    filters = [(name, "==", value) for name, value in wanted]
    try:
        rows = parquet.read_table(
            folder / RESULTS, columns=["answer", "outcome"], filters=filters
        ).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{RESULTS} cannot be read: {str(error).splitlines()[0]}") from None
    return Answer(rows[0]["answer"] or "", outcome=rows[0]["outcome"]) if rows else None
