"""InfiniteBench's prediction files: ``preds_TASK.jsonl``, ``prediction`` and ``ground_truth``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, Field

from crossover.metrics.infinitebench import TASKS
from crossover.scoring._sheet import Prediction, Sheet, complete, needed_task, rows, sample

Number = int | float
Truth = str | Number | list[str | Number] | list[list[int]]
# a ground truth that is one text where its scorer expects a list is read letter by letter there
LISTS = (
    "longbook_qa_eng",
    "longbook_qa_chn",
    "longbook_choice_eng",
    "longdialogue_qa_eng",
    "code_debug",
)
# the folder of the model whose prompt makes it repeat the first value of math_calc
REPEATS = "gpt4"


class _Row(BaseModel):
    prediction: Annotated[
        Prediction,
        Field(
            validation_alias=AliasChoices("prediction", "pred"),
            description="the model's answer, a text",
        ),
    ]
    ground_truth: Annotated[
        Truth,
        Field(
            validation_alias=AliasChoices("ground_truth", "label"),
            description="a text, a number or a list of them",
        ),
    ]
    id: str | int | None = None


def read(path: Path, task: str) -> Sheet:
    """Read the predictions of one of InfiniteBench's tasks."""
    task = needed_task(path, task, list(TASKS))
    samples = (
        sample(
            number if row.id is None else row.id,
            row.prediction,
            golds(row.ground_truth, task),
            tags={"task": task},
        )
        for number, row in rows(path, _Row)
    )
    return Sheet(task, complete(path, samples), (_metric(path, task),))


def golds(truth: Truth, task: str) -> list[str]:
    """The texts that InfiniteBench's metrics read of a ground truth."""
    if task == "math_calc":
        nested = isinstance(truth, list) and truth and isinstance(truth[0], list)
        return [json.dumps(truth[0] if nested and isinstance(truth, list) else truth)]
    if isinstance(truth, str) and task in LISTS:
        return list(truth)
    entries = truth if isinstance(truth, list) else [truth]
    return [entry if isinstance(entry, str) else repr(entry) for entry in entries]


def _metric(path: Path, task: str) -> str:
    repeats = task == "math_calc" and path.resolve().parent.name == REPEATS
    return TASKS[task].__name__ + ("(skip_first=true)" if repeats else "")
