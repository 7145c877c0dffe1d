"""L-Eval's prediction files: ``TASK.pred.jsonl`` with ``gt``, ``evaluation`` and ``MODEL_pred``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from crossover.errors import DataError
from crossover.metrics.leval import EXAMS
from crossover.scoring._sheet import (
    Prediction,
    Sample,
    Sheet,
    Text,
    complete,
    rows,
    sample,
    task_of,
)

TOPICS = "topic_retrieval_longchat"
CLOSED = (*EXAMS, TOPICS)
# questions about the first, second and third topic take turns; their means count alike
POSITIONS = 3
ROUGE = ("leval_rouge(kind=rouge1)", "leval_rouge(kind=rouge2)", "leval_rouge")
METRICS = {
    "exam": ("leval_exam",),
    "f1": ("leval_f1",),
    "rouge": (*ROUGE, "leval_rouge(kind=rougeLsum)"),
}
PREDICTION: TypeAdapter[str] = TypeAdapter(Prediction)


class _Row(BaseModel):
    model_config = ConfigDict(extra="allow")

    gt: Annotated[Text, Field(description="the gold answer, a text")]
    evaluation: Annotated[str, Field(description="exam, f1 or rouge")]
    query: Annotated[str, Field(description="the question, a text")] = ""


def read(path: Path, task: str) -> Sheet:
    """Read the predictions of one task; questions for a judge (LLM, human) are left out.

    Raises DataError, also where all of them are.
    """
    closed = task_of(path, task if task in CLOSED else "", CLOSED)
    task = task or closed or path.name.partition(".")[0]
    found = list(_rows(path))
    kinds = [row.evaluation for row, _ in found if row.evaluation in METRICS]
    if found and not kinds:
        raise DataError(
            f"{path}: its questions are for a judge (evaluation: {found[0][0].evaluation}); "
            f"only {', '.join(METRICS)} are scored here"
        )
    headline = ROUGE if kinds and kinds[-1] == "rouge" else ()
    samples = complete(path, _samples(found, task))
    return Sheet(task, samples, METRICS[kinds[-1]], digits=4, headline=headline)


def _rows(path: Path) -> Iterator[tuple[_Row, str]]:
    key = ""
    for number, row in rows(path, _Row):
        extra = row.model_extra or {}
        key = key or next((name for name in extra if "_pred" in name), "")
        try:
            yield row, PREDICTION.validate_python(extra[key])
        except (KeyError, ValidationError):
            name = key or "MODEL_pred"
            raise DataError(f"{path} line {number}: {name}: expected the answer, a text") from None


def _samples(found: list[tuple[_Row, str]], task: str) -> Iterator[Sample]:
    for place, (row, prediction) in enumerate(found):
        if row.evaluation in METRICS:
            part = place % POSITIONS if task == TOPICS else 0
            yield sample(
                place, prediction, [row.gt], question=row.query, tags={"task": task}, part=part
            )
