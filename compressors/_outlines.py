"""The outline that a model draws of numbered sentences: read leniently, checked, and numbered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import AliasChoices, BaseModel, Field, ValidationError, field_validator

from crossover.replies import structures

RANGE = re.compile(r"(\d{1,9})(?:\s*(?:[-–—:]|to)\s*(\d{1,9}))?")


class _Aspect(BaseModel):
    """An aspect as a model writes it."""

    name: str = Field(validation_alias=AliasChoices("name", "aspect", "AspectName", "title"))
    sentences: list[tuple[int, int]] = Field(
        [], validation_alias=AliasChoices("sentences", "SentenceRange", "sentence_range", "range")
    )
    aspects: list[_Aspect] = Field(
        [], validation_alias=AliasChoices("aspects", "SubAspects", "sub_aspects", "subaspects")
    )

    @field_validator("sentences", mode="before")
    @classmethod
    def _ranges(cls, value: object) -> list[tuple[int, int]]:
        if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value):
            return [(value[0], value[1])]
        parts = value if isinstance(value, list) else [value]
        if any(isinstance(part, list) for part in parts):
            return [each for part in parts for each in cls._ranges(part)]
        found = RANGE.findall(", ".join(str(part) for part in parts))
        return [(int(first), int(last or first)) for first, last in found]

    @field_validator("aspects", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return value or []


class _Reply(BaseModel):
    """A whole outline as a model writes it."""

    scope: str = Field("", validation_alias=AliasChoices("scope", "Scope"))
    aspects: list[_Aspect] = Field(validation_alias=AliasChoices("aspects", "Aspects"))


@dataclass(frozen=True, slots=True)
class Aspect:
    """A heading: its number (``2.1``), its name and the number of the aspect above it."""

    number: str
    name: str
    above: str = ""


@dataclass(slots=True)
class Structure:
    """The scope, the aspects by their numbers, and which of them each sentence stands under."""

    scope: str = ""
    aspects: dict[str, Aspect] = field(default_factory=dict)
    of: dict[int, str] = field(default_factory=dict)


def read(reply: str, count: int) -> Structure | None:
    """Read the outline of ``count`` sentences, numbered from 1; None where there is none.

    A sentence that several aspects name stands under the deepest, else the first of them.
    """
    found = next(_outlines(reply), None)
    if found is None:
        return None
    outline = Structure(" ".join(found.scope.split()))
    depths = dict[int, int]()
    for depth, aspect, ranges in _flat(found.aspects, ""):
        outline.aspects[aspect.number] = aspect
        for first, last in ranges:
            for number in range(max(1, first), min(last, count) + 1):
                if depth > depths.get(number, 0):
                    depths[number], outline.of[number] = depth, aspect.number
    return outline if outline.of else None


def _flat(
    aspects: Sequence[_Aspect], above: str
) -> Iterator[tuple[int, Aspect, list[tuple[int, int]]]]:
    for at, one in enumerate(aspects, 1):
        number = f"{above}.{at}" if above else str(at)
        name = " ".join(one.name.split())
        yield number.count(".") + 1, Aspect(number, name, above), one.sentences
        yield from _flat(one.aspects, number)


def _outlines(reply: str) -> Iterator[_Reply]:
    """What can be read as an outline: a whole one, or a list of aspects alone."""
    for value in structures(reply):
        try:
            yield _Reply.model_validate({"aspects": value} if isinstance(value, list) else value)
        except ValidationError:
            continue
