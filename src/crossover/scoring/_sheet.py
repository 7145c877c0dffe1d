"""What every format becomes: examples with their answers, and what the benchmark does with them."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from crossover.datasets.jsonl import lines_of, parsed
from crossover.errors import DataError
from crossover.types import Answer, Example, Question


@dataclass(frozen=True, slots=True)
class Sample:
    """One prediction beside its gold; ``part`` is the part of its file that is averaged apart."""

    example: Example
    answer: Answer
    part: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of predictions: its task, its samples, and the metrics that its benchmark uses.

    The benchmark shows a score as percents with so many ``digits``. ``headline`` are metrics of
    whose means its own figure is the geometric mean.
    """

    task: str
    samples: tuple[Sample, ...]
    metrics: tuple[str, ...]
    digits: int = 2
    headline: tuple[str, ...] = ()


def _text_of_number(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(value) if number else value


def _texts(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _no_answer(value: object) -> object:
    return "" if value is None or value is False else _text_of_number(value)


Text = Annotated[str, BeforeValidator(_text_of_number)]
Texts = Annotated[list[Text], BeforeValidator(_texts)]
# null or false is a call that failed: an empty answer, which scores 0
Prediction = Annotated[str, BeforeValidator(_no_answer)]

Row = TypeVar("Row", bound=BaseModel)


def sample(
    id: object,
    prediction: str,
    golds: Iterable[str],
    *,
    question: str = "",
    group: str = "",
    tags: Mapping[str, str] | None = None,
    part: int = 0,
) -> Sample:
    """Make a sample; an empty prediction is the outcome ``failed:empty``."""
    outcome = "answered" if prediction else "failed:empty"
    example = Example(Question(str(id), question), tuple(golds), group=group, tags=tags or {})
    return Sample(example, Answer(prediction, outcome=outcome), part)


def rows(path: Path, shape: type[Row]) -> Iterator[tuple[int, Row]]:
    """Read the lines of a JSONL file; raises DataError that names file, line and field."""
    for number, line in lines_of(path):
        where = f"{path} line {number}"
        try:
            raw = parsed(line)
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        yield number, checked(raw, shape, where)


def checked(raw: object, shape: type[Row], where: str) -> Row:
    """Check one record; raises DataError that says what was expected."""
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if not first["loc"]:
            raise DataError(f"{where}: expected one JSON object, got {_shown(raw)}") from None
        field = ".".join(map(str, first["loc"]))
        known = shape.model_fields.get(str(first["loc"][0]))
        expected = (known and known.description) or "a text"
        got = "missing" if first["type"] == "missing" else f"got {_shown(first['input'])}"
        raise DataError(f"{where}: {field}: {got}; expected {expected}") from None


def task_of(path: Path, task: str, known: Sequence[str]) -> str:
    """The task that was given, else the longest known one in the file's name, else none.

    Raises DataError for a given task that is not known.
    """
    if task and task not in known:
        raise DataError(f"{path}: no task {task!r}; there is: {', '.join(known)}")
    name = path.name.partition(".")[0]
    found = [one for one in known if re.search(rf"(?<![^\W_]){re.escape(one)}(?![^\W_])", name)]
    return task or max(found, key=len, default="")


def needed_task(path: Path, task: str, known: Sequence[str]) -> str:
    """The task; raises DataError where neither the name nor ``--task`` gives one."""
    found = task_of(path, task, known)
    if not found:
        raise DataError(f"{path}: its name holds no task; give --task: {', '.join(known)}")
    return found


def complete(path: Path, samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """All samples; raises DataError where there are none."""
    found = tuple(samples)
    if not found:
        raise DataError(f"{path}: there are no predictions to score")
    return found


def _shown(value: object) -> str:
    return "null" if value is None else reprlib.repr(value)
