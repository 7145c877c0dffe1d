"""The fields of a published record, told by name where one is missing or of another kind."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from crossover.datasets._records import BadField, suggestion

MISSING: Any = object()
Kind = TypeVar("Kind")


class Fields:
    """One object of a published file; each method raises BadField that names the field."""

    __slots__ = ("place", "raw")

    def __init__(self, raw: object, place: str = "") -> None:
        if not isinstance(raw, Mapping):
            raise BadField(place.rstrip("."), f"expected an object, got {reprlib.repr(raw)}")
        self.raw: Mapping[str, Any] = raw
        self.place = place

    def __contains__(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.raw.get(name) is not None

    def get(self, name: str, default: Any = MISSING) -> Any:
        """The value as it stands; a null is one that is missing."""
        value = self.raw.get(name)
        if value is not None:
            return value
        if default is MISSING:
            there = "is null" if name in self.raw else f"missing; {suggestion(name, self.raw)}"
            raise BadField(self.place + name, there)
        return default

    def text(self, name: str, default: Any = MISSING) -> str:
        """A text; a number counts as one."""
        value = self.get(name, default)
        if _is_number(value):
            return str(value)
        return self._checked(name, value, str, "a text")

    def whole(self, name: str, default: Any = MISSING) -> int:
        """A whole number, or a text of one."""
        value = self.get(name, default)
        if isinstance(value, str) and value.strip().lstrip("-").isdigit():
            return int(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return self._checked(name, value, int, "a whole number")

    def flag(self, name: str, default: Any = MISSING) -> bool:
        """True or false, or 1 or 0."""
        value = self.get(name, default)
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        return self._checked(name, value, bool, "true or false")

    def texts(self, name: str, default: Any = MISSING) -> list[str]:
        """A list of texts, numbers among them as texts; one of them alone is a list of one."""
        value = self.get(name, default)
        found = value if isinstance(value, list | tuple) else [value]
        wrong = next((v for v in found if not (isinstance(v, str) or _is_number(v))), None)
        if wrong is not None:
            raise BadField(
                self.place + name, f"expected a list of texts, got {reprlib.repr(value)}"
            )
        return [str(one) for one in found]

    def pairs(self, name: str) -> list[list[str]]:
        """A list of pairs of texts."""
        value = self.get(name)
        pairs: list[Any] = value if isinstance(value, list) else [None]
        if all(_is_pair(one) for one in pairs):
            return pairs
        raise BadField(
            self.place + name, f"expected a list of pairs of texts, got {reprlib.repr(value)}"
        )

    def inside(self, name: str) -> Fields:
        """An object within; a text of JSON is read."""
        return Fields(self.read(name), f"{self.place}{name}.")

    def each(self, name: str, default: Any = MISSING) -> Iterator[Fields]:
        """The objects of a list; a text of JSON is read."""
        found = self.read(name, default)
        if not isinstance(found, list | tuple):
            raise BadField(
                self.place + name, f"expected a list of objects, got {reprlib.repr(found)}"
            )
        for at, one in enumerate(found):
            yield Fields(one, f"{self.place}{name}[{at}].")

    def bad(self, name: str, problem: str) -> BadField:
        """The error of a field whose value makes no sense."""
        return BadField(self.place + name, problem)

    def read(self, name: str, default: Any = MISSING) -> Any:
        """The value; a text is read as JSON."""
        value = self.get(name, default)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise BadField(self.place + name, "expected JSON in a text") from None

    def _checked(self, name: str, value: Any, kind: type[Kind], words: str) -> Kind:
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise BadField(self.place + name, f"expected {words}, got {reprlib.repr(value)}")
        return value


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
