"""Anybody's predictions: a JSONL file with ``prediction`` and ``answers``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field

from crossover.datasets.jsonl import lines_of, parsed
from crossover.errors import DataError
from crossover.scoring._sheet import Prediction, Sample, Sheet, Text, checked, complete, sample

FIELDS = ("prediction", "answers", "question", "choices", "group", "id", "tags")
# what a field may also be called
PREDICTION = ("prediction", "pred", "output", "response")
ANSWERS = ("answers", "answer", "gold", "golds", "ground_truth", "references", "reference")
METRICS = ("exact_match", "f1_squad", "substring_match", "answer_recall")


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [] if value is None else [value]


class _Row(BaseModel):
    prediction: Annotated[
        Prediction,
        Field(validation_alias=AliasChoices(*PREDICTION), description="the model's answer, a text"),
    ]
    answers: Annotated[
        list[Text],
        BeforeValidator(_listed),
        Field(
            validation_alias=AliasChoices(*ANSWERS),
            description="a text or a list of texts, [] for a question without an answer",
        ),
    ]
    question: Annotated[str, Field(description="a text")] = ""
    choices: Annotated[list[str], Field(description="a list of texts")] = []
    group: Annotated[Text, Field(description="the document's name, a text")] = ""
    id: Annotated[Text, Field(description="a text")] = ""
    tags: Annotated[dict[str, Text], Field(description="an object of texts")] = {}


def read(path: Path, task: str, fields: Mapping[str, str] | None = None) -> Sheet:
    """Read predictions; ``fields`` names those that are called something else in the file.

    Scored are choices where every question has some, else exact match, F1, substring match and
    recall; abstention too where questions have no answer. Raises DataError.
    """
    samples = complete(path, _samples(path, task, fields or {}))
    if all(one.example.question.choices for one in samples):
        return Sheet(task, samples, ("choice_accuracy",))
    unanswerable = any(not one.example.answers for one in samples)
    return Sheet(task, samples, (*METRICS, *(("abstention",) if unanswerable else ())))


def _samples(path: Path, task: str, fields: Mapping[str, str]) -> Iterator[Sample]:
    for number, line in lines_of(path):
        where = f"{path} line {number}"
        try:
            raw = parsed(line)
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        row = checked(_renamed(raw, fields, where), _Row, where)
        one = sample(
            row.id or number,
            row.prediction,
            row.answers,
            question=row.question,
            group=row.group,
            tags={**({"task": task} if task else {}), **row.tags},
        )
        yield _with_choices(one, row.choices) if row.choices else one


def _with_choices(one: Sample, choices: list[str]) -> Sample:
    question = replace(one.example.question, form="choice", choices=tuple(choices))
    return replace(one, example=replace(one.example, question=question))


def _renamed(raw: object, fields: Mapping[str, str], where: str) -> object:
    if not isinstance(raw, dict) or not fields:
        return raw
    for theirs in fields.values():
        if theirs not in raw:
            raise DataError(f"{where}: {theirs}: missing; there is: {', '.join(raw)}")
    renamed = {ours: raw[theirs] for ours, theirs in fields.items()}
    return {name: value for name, value in raw.items() if name not in fields.values()} | renamed
