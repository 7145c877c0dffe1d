"""Components as forms: a widget for every option that the catalog lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st

from crossover import catalog, notation
from crossover.catalog import KINDS
from crossover.errors import ConfigError
from crossover.experiments.viewing import files
from crossover.experiments.viewing.composing import Chosen
from crossover.experiments.viewing.fields import Field, fields_of, offered
from crossover.registry import name_of

ACROSS = 3
MOST_OF_ONE = 8
NONE = "none"
MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~:])")
KEPT: Final = "session"


@dataclass(frozen=True)
class Form:
    """One component's options; ``key`` begins the keys of its widgets.

    ``folders`` are those whose files may be chosen.
    """

    kind: Any
    name: str
    key: str
    folders: tuple[Path, ...] = ()
    given: object = None

    def drawn(self) -> Chosen:
        """Draw it and say what is chosen: what must be said above, the rest where it is opened."""
        known = [_with_default(one, self.given) for one in fields_of(self.kind, self.name)]
        told = self._values([one for one in known if one.required])
        rest = [one for one in known if not one.required]
        if rest:
            with st.expander("Options"):
                told |= self._values(rest)
        return Chosen(self.name, told)

    def _inside(self) -> Chosen:
        """Draw it within the options of another."""
        known = [_with_default(one, self.given) for one in fields_of(self.kind, self.name)]
        return Chosen(self.name, self._values(known))

    def _values(self, fields: Sequence[Field]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        plain = [field for field in fields if field.kind != "component"]
        columns = st.columns(ACROSS) if plain else []
        for place, field in enumerate(plain):
            with columns[place % ACROSS]:
                told[field.name] = self._value(field)
        for field in fields:
            if field.kind == "component":
                told[field.name] = self._components(field) if field.many else self._nested(field)
        # what is empty goes unsaid: the component tells what it needs
        return {name: value for name, value in told.items() if value is not _UNSAID}

    def _value(self, field: Field) -> Any:
        if field.kind == "path":
            return self._path(field)
        if field.many:
            return _many(field, f"{self.key}.{field.name}")
        return WIDGETS[field.kind](field, f"{self.key}.{field.name}")

    def _path(self, field: Field) -> Any:
        """Choose what lies in the folders; an id of the hub may be written instead."""
        there = files.choices(self.folders, field.path)
        free = field.path == "hub"
        chosen = st.selectbox(
            _label(field),
            list(there),
            index=None,
            key=_set(f"{self.key}.{field.name}", None),
            help=_help(field),
            accept_new_options=free,
            placeholder="choose, or write an id" if free else "choose",
            persist_state=KEPT,
        )
        if chosen is None:
            return _UNSAID
        return str(there[chosen]) if chosen in there else chosen

    def _nested(self, field: Field, number: int | None = None) -> Any:
        """Choose a component and, where one is chosen, its options."""
        part = "" if number is None else f".{number}"
        key = f"{self.key}.{field.name}{part}"
        start = field.default[number] if number is not None else field.default
        names = offered(field.role)
        known = name_of(type(start)) if is_dataclass(start) else None
        label = _label(field) if number is None else f"{_label(field)} {number + 1}"
        # what must be chosen begins empty: it would be one that needs another, without end
        chosen = st.selectbox(
            label,
            [NONE, *names] if field.optional else names,
            index=None,
            key=_set(key, known or (NONE if field.optional else None)),
            help=_help(field),
            placeholder="choose",
            persist_state=KEPT,
        )
        if chosen is None or (chosen == NONE and field.optional):
            return None if field.optional else _UNSAID
        given = start if chosen == known else None
        form = Form(field.role, chosen, f"{key}.{chosen}", self.folders, given)
        if not fields_of(field.role, chosen):
            return Chosen(chosen)
        with st.container(border=True):
            return form._inside()

    def _components(self, field: Field) -> list[Chosen]:
        """Choose several components."""
        starts = tuple(field.default or ())
        count = st.number_input(
            f"{_label(field)}: how many",
            1,
            MOST_OF_ONE,
            key=_set(f"{self.key}.{field.name}.count", max(1, len(starts))),
            help=_help(field),
            persist_state=KEPT,
        )
        filled = (*starts, *(None for _ in range(MOST_OF_ONE - len(starts))))
        padded = replace(field, default=filled)
        found = [self._nested(padded, number) for number in range(int(count))]
        return [one for one in found if one is not _UNSAID]


_UNSAID = object()


@cache
def text_of(kind: str, name: str) -> str:
    """The first line that describes a component."""
    described = catalog.describe(KINDS[kind], name).splitlines()
    return described[0] if described else ""


def _with_default(field: Field, given: object) -> Field:
    """The field with the value that a default of its owner has."""
    return field if given is None else replace(field, default=getattr(given, field.name))


def _set(key: str, value: Any) -> str:
    """Have a widget begin with a value; its own is kept from then on."""
    st.session_state.setdefault(key, value)
    return key


def _label(field: Field) -> str:
    return MARKUP.sub(r"\\\1", field.name.replace("_", " "))


def _help(field: Field) -> str | None:
    """The meaning of an option, never read as Markdown."""
    return MARKUP.sub(r"\\\1", field.help) or None


def _flag(field: Field, key: str) -> Any:
    if field.optional:
        said = {None: NONE, True: "yes", False: "no"}
        return st.selectbox(
            _label(field),
            list(said),
            format_func=said.__getitem__,
            key=_set(key, field.default),
            help=_help(field),
            persist_state=KEPT,
        )
    return st.checkbox(
        _label(field), key=_set(key, bool(field.default)), help=_help(field), persist_state=KEPT
    )


def _number(field: Field, key: str) -> Any:
    kind: Callable[[Any], Any] = int if field.kind == "whole" else float
    low, high = (None if one is None else kind(one) for one in (field.low, field.high))
    default = None if field.default is None else kind(field.default)
    found = st.number_input(
        _label(field),
        low,
        high,
        value=None,
        step=1 if field.kind == "whole" else 0.1,
        format="%d" if field.kind == "whole" else "%g",
        key=_set(key, default),
        help=_help(field),
        placeholder=NONE if field.optional else "a number",
        persist_state=KEPT,
    )
    return _UNSAID if found is None and not field.optional else found


def _choice(field: Field, key: str) -> Any:
    return st.selectbox(
        _label(field),
        [None, *field.choices] if field.optional else list(field.choices),
        format_func=lambda value: NONE if value in (None, "") else str(value),
        key=_set(key, field.default if not field.required else field.choices[0]),
        help=_help(field),
        persist_state=KEPT,
    )


def _text(field: Field, key: str) -> Any:
    default = None if field.default is None else str(field.default)
    found = st.text_input(
        _label(field), value=None, key=_set(key, default), help=_help(field), persist_state=KEPT
    )
    return _UNSAID if not found and field.required else found or (None if field.optional else "")


def _many(field: Field, key: str) -> Any:
    """Several values: ticked where they are known, added where they are words, else written."""
    default = list(field.default or ())
    if field.kind in ("choice", "text"):
        return st.multiselect(
            _label(field),
            list(field.choices) or list(dict.fromkeys(default)),
            key=_set(key, default),
            help=_help(field),
            accept_new_options=field.kind == "text",
            format_func=str,
            persist_state=KEPT,
        )
    shown = st.text_input(
        _label(field),
        key=_set(key, ", ".join(map(str, default))),
        help=_help(field),
        placeholder="numbers with commas",
        persist_state=KEPT,
    )
    found = notation.parse(f"[{shown}]")
    if not isinstance(found, list) or not all(isinstance(one, int | float) for one in found):
        raise ConfigError(f"{field.name}: write numbers with commas between them, not {shown!r}")
    return found


WIDGETS: Mapping[str, Callable[[Field, str], Any]] = {
    "flag": _flag,
    "whole": _number,
    "number": _number,
    "choice": _choice,
    "text": _text,
}
