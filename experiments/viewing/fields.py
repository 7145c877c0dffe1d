"""The options of a component as fields of a form: what kind of value each takes, within what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from crossover import catalog
from crossover.catalog import METRICS, PACKAGES
from crossover.options import Option
from crossover.registry import find

Kind: TypeAlias = Literal["flag", "whole", "number", "choice", "text", "path", "component"]
# keys come from the environment by their providers' own names, and clients are not set up here
CLOSED = re.compile(
    r"^key(_|$)|(api|access)_?key|token$|secret|password|authorization|^parameters$", re.IGNORECASE
)


@dataclass(frozen=True)
class Field:
    """One option of a form.

    ``many`` takes a list; ``optional`` may be left empty. ``choices`` are the values of a choice,
    ``low`` and ``high`` the bounds of a number, ``role`` what a component must be, ``path`` which
    paths fit: file, folder, any, or hub for an id of the Hugging Face hub beside them.
    """

    name: str
    kind: Kind
    default: Any
    required: bool
    help: str
    optional: bool = False
    many: bool = False
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    role: type | None = None
    path: str = ""


@cache
def fields_of(kind: Any, name: str) -> tuple[Field, ...]:
    """The options of a component or metric that a form may offer; raises UnknownName."""
    shut = closed(kind, name)
    options = [option for option in catalog.options(kind, name) if option.name not in shut]
    return tuple(_field(option, _path(kind, name, option.name)) for option in options)


@cache
def offered(kind: Any) -> tuple[str, ...]:
    """The names of a kind that a form may offer: those that are something without code."""
    return tuple(name for name in catalog.names(kind) if not _is_code(kind, name))


@cache
def closed(kind: Any, name: str) -> frozenset[str]:
    """The options that only a file of the user's own may set: keys, clients' set-up, and code.

    Where an option is imported, the others in words are what the imported is called with.
    """
    options = catalog.options(kind, name)
    shut = {option.name for option in options if CLOSED.search(option.name)}
    if imported(kind, name):
        shut |= {option.name for option in options if _read(option.type)[0] == "text"}
    return frozenset(shut)


@cache
def imported(kind: Any, name: str) -> frozenset[str]:
    """The options whose value is code to import."""
    return frozenset(option for option, marks in _marks(kind, name).items() if "imports" in marks)


def _is_code(kind: Any, name: str) -> bool:
    options = (one for one in catalog.options(kind, name) if one.name in imported(kind, name))
    return any(option.required or not option.default for option in options)


def _marks(kind: Any, name: str) -> dict[str, Mapping[str, Any]]:
    found = fields(find(kind, name, dotted=False)) if kind != METRICS else ()
    return {field.name: field.metadata for field in found}


def _path(kind: Any, name: str, option: str) -> str:
    if kind == METRICS:
        return "file" if option == "file" else ""
    return str(_marks(kind, name).get(option, {}).get("path", ""))


def _field(option: Option, path: str) -> Field:
    kind, inner, many, optional = _read(option.type)
    role = inner if kind == "component" else None
    low, high = _bounds(option.type)
    return Field(
        option.name,
        "path" if path else kind,
        None if option.required else option.default,
        option.required,
        option.help,
        optional,
        many,
        get_args(inner) if kind == "choice" else (),
        low,
        high,
        role,
        path,
    )


def _read(hint: Any) -> tuple[Kind, Any, bool, bool]:
    """The kind of a type with what is left of it, whether it takes many, and None."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _read(inner[0])
    if origin in (Union, UnionType) and NoneType in inner and len(inner) == 2:
        kind, rest, many, _ = _read(next(one for one in inner if one is not NoneType))
        return kind, rest, many, True
    if origin in (tuple, list):
        kind, rest, _, _ = _read(inner[0])
        return kind, rest, True, False
    if origin is Literal:
        return "choice", hint, False, False
    if isinstance(hint, type) and hint in PACKAGES:
        return "component", hint, False, False
    plain: Mapping[Any, Kind] = {bool: "flag", int: "whole", float: "number"}
    return plain.get(hint, "text"), hint, False, False


def _bounds(hint: Any) -> tuple[float | None, float | None]:
    limits = [*_limits(hint)]
    lows = [getattr(one, name, None) for one in limits for name in ("ge", "gt")]
    highs = [getattr(one, name, None) for one in limits for name in ("le", "lt")]
    low = max((one for one in lows if one is not None), default=None)
    return low, min((one for one in highs if one is not None), default=None)


def _limits(hint: Any) -> Iterator[Any]:
    """Every limit that a type's annotations hold, those that pydantic wraps included."""
    if get_origin(hint) is Annotated:
        for one in hint.__metadata__:
            yield from getattr(one, "metadata", None) or [one]
    for inner in get_args(hint):
        if not isinstance(inner, str):
            yield from _limits(inner)
