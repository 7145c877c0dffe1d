"""LongBench's prediction files: ``TASK.jsonl`` with ``pred``, ``answers`` and ``all_classes``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from crossover.metrics.longbench import TASKS
from crossover.scoring._sheet import Prediction, Sheet, Texts, complete, needed_task, rows, sample


class _Row(BaseModel):
    pred: Annotated[Prediction, Field(description="the model's answer, a text")]
    answers: Annotated[Texts, Field(description="a list of texts", min_length=1)]
    all_classes: Annotated[list[str] | None, Field(description="a list of texts, or null")] = None


def read(path: Path, task: str) -> Sheet:
    """Read the predictions of one of LongBench's tasks."""
    task = needed_task(path, task, list(TASKS))
    samples = (
        sample(number, row.pred, row.answers, tags=tags(task, row.all_classes))
        for number, row in rows(path, _Row)
    )
    return Sheet(task, complete(path, samples), (_metric(task),))


def tags(task: str, classes: list[str] | None) -> dict[str, str]:
    """The tags that LongBench's metrics read."""
    return {"task": task, "classes": "\n".join(classes or ())}


def _metric(task: str) -> str:
    return TASKS[task].__name__
