"""LaRA's prediction files: ``ARM_LENGTH_TYPE_TASK.jsonl`` with answers and ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from crossover.datasets.lara import UNANSWERABLE
from crossover.errors import DataError
from crossover.scoring._sheet import Prediction, Sheet, complete, rows, sample, task_of

TASKS = ("location", "reasoning", "comp", UNANSWERABLE)


class _Row(BaseModel):
    file: Annotated[str, Field(description="the document's name, a text")]
    level: Annotated[str, Field(description=f"the task: {', '.join(TASKS)}")]
    question: Annotated[str, Field(description="a text")]
    ground_truth: Annotated[str, Field(description="the gold answer, a text")]
    prediction: Annotated[Prediction, Field(description="a text, or false where the call failed")]


def read(path: Path, task: str) -> Sheet:
    """Read predictions with their documents; those of the task hallu have no gold answer."""
    named = task_of(path, task, TASKS)
    samples = (
        sample(
            number,
            row.prediction,
            () if _level(path, number, row) == UNANSWERABLE else (row.ground_truth,),
            question=row.question,
            group=row.file,
            tags={"task": row.level},
        )
        for number, row in rows(path, _Row)
    )
    found = complete(path, samples)
    return Sheet(named or found[0].example.tags["task"], found, ("answer_recall",))


def _level(path: Path, number: int, row: _Row) -> str:
    if row.level not in TASKS:
        raise DataError(
            f"{path} line {number}: level: got {row.level!r}; expected {', '.join(TASKS)}"
        )
    return row.level
