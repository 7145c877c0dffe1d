"""MiniLongBench's prediction files: ``TASK.json``, an object of samples, by LongBench's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from crossover.errors import DataError
from crossover.files import existing_file, read_text
from crossover.metrics.longbench import TASKS
from crossover.scoring._sheet import (
    Prediction,
    Sample,
    Sheet,
    Texts,
    checked,
    complete,
    needed_task,
    sample,
)
from crossover.scoring.longbench import tags


class _Classified(BaseModel):
    answers: Annotated[list[str], Field(min_length=1)]
    all_classes: list[str]


class _Row(BaseModel):
    prediction: Annotated[Prediction, Field(description="the model's answer, a text")]
    gold: Annotated[
        _Classified | Texts,
        Field(description="a list of texts, or an object of answers and all_classes"),
    ]


def read(path: Path, task: str) -> Sheet:
    """Read the predictions of one task."""
    task = needed_task(path, task, list(TASKS))
    return Sheet(task, complete(path, _samples(path, task)), (TASKS[task].__name__,))


def content(path: Path) -> object:
    """Read a JSON file; raises DataError."""
    try:
        return json.loads(read_text(existing_file(path)))
    except ValueError as error:
        raise DataError(f"{path}: not valid JSON: {error}") from None


def _samples(path: Path, task: str) -> Iterator[Sample]:
    read = content(path)
    if not isinstance(read, dict | list):
        raise DataError(f"{path}: expected an object of samples, each with prediction and gold")
    named = read.items() if isinstance(read, dict) else enumerate(read)
    for name, raw in named:
        row = checked(raw, _Row, f"{path} sample {name}")
        classified = isinstance(row.gold, _Classified)
        golds = row.gold.answers if isinstance(row.gold, _Classified) else row.gold
        classes = row.gold.all_classes if isinstance(row.gold, _Classified) else None
        if not golds:
            raise DataError(f"{path} sample {name}: gold: expected a gold answer, got none")
        yield sample(name, row.prediction, golds, tags=tags(task, classes if classified else None))
