"""The schema of users' own questions, and a bad record told in one line: field, expected, got."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from string import ascii_uppercase
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictInt,
    StrictStr,
    StringConstraints,
    Tag,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from crossover.errors import DataError
from crossover.types import Form

NULL_MATTERS = ("question", "answers")
EXPECTED: Mapping[str, str] = {
    "": "one JSON object",
    "answers": "a list of texts",
    "documents": "a list of {id, text} objects or file paths",
    "documents[]": "an {id, text} object or a file path",
    "context": "a text or a list of texts",
    "choices": "a list of at least two texts",
    "evidence": "a list of {document, start, end} or {document, text}",
    "evidence[]": "{document, start, end} or {document, text}",
    "evidence[].start": "a count of characters",
    "evidence[].end": "a count of characters",
    "evidence[].grade": "a whole number from 0",
    "tags": "a mapping of names to texts",
    "form": "answer, choice, summary or code",
}


class BadField(DataError):
    """One field of a record that is not what was expected."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(f"{field}: {message}" if field else message)

    def under(self, columns: Mapping[str, str]) -> str:
        """Tell it under the name of the column that the field came from."""
        head = re.split(r"[.\[]", self.field)[0]
        column = columns.get(head, head)
        return str(BadField(column + self.field[len(head) :], self.message))


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "blank")
    return text


def _one_or_many(value: object) -> object:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _number_as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _id_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: item for name, item in value.items() if item is not None}
    return value


def _shape(value: object) -> str | None:
    kinds: Mapping[type, str] = {str: "<path>", dict: "<inline>"}
    return kinds.get(type(value))


Text = Annotated[StrictStr, StringConstraints(min_length=1), AfterValidator(_not_blank)]
Identifier = Annotated[Text, BeforeValidator(_id_as_text)]
TagValue = Annotated[
    StrictStr, StringConstraints(max_length=10_000), BeforeValidator(_number_as_text)
]
Texts = Annotated[list[Text], BeforeValidator(_one_or_many)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Place = Annotated[StrictInt, Field(ge=0)]


class InlineDocument(BaseModel):
    """A document whose text stands in the record itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Identifier
    text: Text
    title: str = ""


class Evidence(BaseModel):
    """Where the answer stands: characters ``start`` to ``end``, or a text that occurs once.

    A ``grade`` alone is how relevant the whole document was judged to be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: Identifier = ""
    start: Place | None = None
    end: Place | None = None
    text: Text | None = None
    grade: Annotated[StrictInt, Field(ge=0)] = 0


class QuestionRecord(BaseModel):
    """One question with its gold side, as users write it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Text
    answers: Texts
    id: Identifier = ""
    documents: list[
        Annotated[
            Annotated[Text, Tag("<path>")] | Annotated[InlineDocument, Tag("<inline>")],
            Discriminator(_shape),
        ]
    ] = []
    context: Texts = []
    choices: Annotated[list[Text], Field(min_length=2)] = []
    evidence: list[Evidence] = []
    group: Identifier = ""
    tags: Annotated[dict[StrictStr, TagValue], BeforeValidator(_without_nulls)] = {}
    form: Form | None = None

    def resolved_form(self) -> Form:
        """Return the form, ``choice`` where there are choices to choose from."""
        return self.form or ("choice" if self.choices else "answer")


def validated(raw: object, letters: bool = False) -> QuestionRecord:
    """Check one raw record; raises BadField for the first thing that is wrong in it.

    With ``letters`` an answer may be a choice's letter.
    """
    if not isinstance(raw, Mapping):
        raise BadField("", f"expected one JSON object, got {reprlib.repr(raw)}")
    given = {k: v for k, v in raw.items() if v is not None or k in NULL_MATTERS}
    try:
        record = QuestionRecord.model_validate(given)
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors(include_url=False)[0]
        raise BadField(*_told(first["loc"], first["type"], first["input"])) from None
    _check_choices(record, letters)
    if record.documents and record.context:
        raise BadField("context", "give documents or context, not both")
    return record


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name is meant, else which there are."""
    known = list(known)
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"there is: {', '.join(known)}"


def _check_choices(record: QuestionRecord, letters: bool) -> None:
    form = record.resolved_form()
    if form == "choice" and not record.choices:
        raise BadField("choices", f"missing; expected {EXPECTED['choices']} for form choice")
    if record.choices and form != "choice":
        raise BadField("form", f"expected choice, as there are choices, got {form!r}")
    if len(set(record.choices)) < len(record.choices):
        raise BadField("choices", "the same choice stands there twice")
    known = [*record.choices, *(ascii_uppercase[: len(record.choices)] if letters else "")]
    for answer in record.answers if record.choices else ():
        if answer not in known:
            raise BadField("answers", f"{reprlib.repr(answer)} is none of the choices")


def _told(location: tuple[str | int, ...], kind: str, value: object) -> tuple[str, str]:
    """Turn a pydantic error into a field and one line."""
    parts = [part for part in location if part not in ("<path>", "<inline>")]
    field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts).lstrip(".")
    pattern = "".join("[]" if isinstance(p, int) else f".{p}" for p in parts).lstrip(".")
    tag = pattern.startswith("tags.")
    expected = "a text or a number" if tag else EXPECTED.get(pattern, "a text")
    if kind == "missing":
        return field, f"missing; expected {expected}{_unanswerable(pattern)}"
    if kind == "extra_forbidden":
        nested: Mapping[str, type[BaseModel]] = {
            "documents[]": InlineDocument,
            "evidence[]": Evidence,
        }
        owner = nested.get(pattern.rpartition(".")[0], QuestionRecord)
        return field, f"no such field; {suggestion(str(parts[-1]), owner.model_fields)}"
    if kind in ("blank", "string_too_short"):
        return field, f"expected {expected} that is not empty{_unanswerable(pattern)}"
    if kind == "string_unicode":
        return field, "holds half a character (an unpaired surrogate)"
    return field, f"expected {expected}, got {_shown(value)}"


def _unanswerable(pattern: str) -> str:
    return "; write [] for a question without an answer" if pattern.startswith("answers") else ""


def _shown(value: object) -> str:
    return "null" if value is None else reprlib.repr(value)
