"""Graded examples of the user's own: one JSON object per line, checked field by field.

Fields: ``question``; ``gold`` (a text or a list of texts, ``answers`` means the same); ``answer``
with ``label`` (0 or 1, true or false, or points), or ``answer_a`` and ``answer_b`` with ``label``
(``a``, ``b`` or ``tie``); where wanted ``rationale`` (why that label) and ``group`` (the document).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
)

from crossover.datasets.jsonl import lines_of, parsed
from crossover.errors import DataError
from crossover.files import existing_file

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Labelled(BaseModel):
    """One graded answer, or one comparison of two."""

    model_config = {"frozen": True, "populate_by_name": True}

    question: Text
    gold: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), validation_alias=AliasChoices("gold", "golds", "answers")
    )
    answer: str | None = None
    answer_a: str | None = None
    answer_b: str | None = None
    label: bool | int | float | str | None = None
    rationale: str = ""
    group: str = Field(default="", validation_alias=AliasChoices("group", "document"))

    @property
    def texts(self) -> tuple[str, ...]:
        """The answer, or the two that are compared."""
        both = (self.answer_a, self.answer_b)
        return tuple(text for text in (self.answer, *both) if text is not None)

    def grade(self, points: int) -> int | None:
        """The label of one answer as points; raises ValueError where it is none."""
        word = str(self.label).strip().lower()
        if points == 1 and word in ("correct", "incorrect", "true", "false"):
            return int(word in ("correct", "true"))
        if self.label is None:
            return None
        value = float(word)
        if not value.is_integer() or not 0 <= value <= points:
            raise ValueError(word)
        return int(value)

    def winner(self) -> float | None:
        """1 where ``answer_a`` is better, 0 where ``answer_b`` is, 0.5 for a tie."""
        if self.label is None:
            return None
        word = str(self.label).strip().lower().removeprefix("answer_")
        return {"a": 1.0, "b": 0.0, "tie": 0.5}[word]


def read_labelled(
    path: Path, pairs: bool, points: int = 1, complete: bool = True
) -> list[Labelled]:
    """Read a file of graded examples, of ``pairs`` or of single answers.

    Where it must be ``complete``, every record needs its label. Raises DataError that names file,
    line and field.
    """
    path = existing_file(path)
    found = [_record(line, f"{path} line {number}") for number, line in lines_of(path)]
    for number, each in enumerate(found, 1):
        _check(each, pairs, points, complete, f"{path} record {number}")
    return found


def chosen(examples: Sequence[Labelled], count: int, seed: int, question: str) -> list[Labelled]:
    """Draw examples for a question: by the seed alone, so that prompts share their beginning.

    Examples on the very question are left out: they would give its verdict away.
    """
    drawn = random.Random(f"shots {seed}").sample(list(examples), len(examples))
    return [each for each in drawn if each.question != question.strip()][:count]


def _record(line: bytes, place: str) -> Labelled:
    try:
        return Labelled.model_validate(parsed(line))
    except DataError as error:
        raise DataError(f"{place}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the record"
        raise DataError(f"{place}: {name}: {first['msg'].lower()}") from None


def _check(each: Labelled, pairs: bool, points: int, complete: bool, place: str) -> None:
    if pairs and (each.answer_a is None or each.answer_b is None):
        raise DataError(f"{place}: to compare two answers it needs answer_a and answer_b")
    if not pairs and each.answer is None:
        raise DataError(f"{place}: it needs the field answer")
    if complete and each.label is None:
        raise DataError(f"{place}: it needs the field label")
    wanted = "a, b or tie" if pairs else f"a whole number from 0 to {points}"
    try:
        _ = each.winner() if pairs else each.grade(points)
    except (KeyError, ValueError):
        hint = "" if pairs else "; --points N says how many points there are"
        raise DataError(f"{place}: label: expected {wanted}, got {each.label!r}{hint}") from None
