"""Text ⇄ component: one text names one configuration, both ways.

``load`` builds what a text or mapping names, ``expand`` every combination of a sweep, ``spec``
prints a component as the shortest text that builds it again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import lru_cache
from itertools import product
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from crossover import notation
from crossover.errors import ConfigError
from crossover.notation import Call, Value
from crossover.options import Option, validated
from crossover.registry import (
    KINDS,
    METRICS,
    PACKAGES,
    find,
    find_metric,
    name_of,
    names,
    plays,
)
from crossover.roles import Model
from crossover.types import Answer, Example

__all__ = [
    "KINDS",
    "METRICS",
    "PACKAGES",
    "NamedMetric",
    "describe",
    "expand",
    "identity",
    "load",
    "metric",
    "names",
    "options",
    "plays",
    "spec",
]

Role = TypeVar("Role")


@dataclass(frozen=True)
class NamedMetric:
    """A metric with its options: called with an example and an answer, known by its text."""

    text: str
    function: Callable[..., float | None]
    options: tuple[tuple[str, object], ...] = ()

    def __call__(self, example: Example, answer: Answer) -> float | None:
        """Score the answer in 0–1, or None where the metric does not apply."""
        return self.function(example, answer, **dict(self.options))


def load(role: type[Role], source: object, *, dotted: bool = True) -> Role:
    """Build the component that a text or mapping names; a component passes through unchanged.

    Raises ConfigError: unknown name or option, wrong value, missing extra.
    """
    if plays(source, role):
        return cast(Role, source)
    return cast(Role, _build(role, notation.call(source), dotted))


def metric(source: object) -> NamedMetric:
    """Build the metric that a text or mapping names."""
    if isinstance(source, NamedMetric):
        return source
    call = notation.call(source)
    function = find_metric(call.name)
    parameters = list(inspect.signature(function).parameters.values())[2:]
    hints = get_type_hints(function, include_extras=True)
    known = [Option(p.name, hints[p.name], p.default, "") for p in parameters]
    options = validated(call.name, known, dict(call.options))
    text = notation.show(Call(call.name, call.options))
    return NamedMetric(text, function, tuple(options.items()))


def expand(role: type[Role], source: object, *, dotted: bool = True) -> list[Role]:
    """Build one component per combination: in a grid, a list is a sweep."""
    if plays(source, role):
        return [cast(Role, source)]
    return [
        cast(Role, _build(role, call, dotted))
        for call in _sweep(role, notation.call(source), dotted)
    ]


def spec(component: object) -> str:
    """Print a component as the shortest text that builds it again."""
    if isinstance(component, NamedMetric):
        return component.text
    return _text(component, False)


def identity(component: object) -> str:
    """Print a component with every option and version: what stored results are keyed by.

    Options marked ``operational`` (a timeout, a number of threads) change no answer: left out.
    """
    return _text(component, True)


def options(kind: Any, name: str) -> list[Option]:
    """List the options of a component or metric, with type, default and meaning."""
    if kind == METRICS:
        function = find_metric(name)
        parameters = list(inspect.signature(function).parameters.values())[2:]
        hints = get_type_hints(function, include_extras=True)
        return [Option(p.name, hints[p.name], p.default, "") for p in parameters]
    return _options(find(kind, name, dotted=False))


def describe(kind: Any, name: str) -> str:
    """Return the docstring of a component or metric."""
    found = find_metric(name) if kind == METRICS else find(kind, name, dotted=False)
    return inspect.getdoc(found) or ""


@lru_cache(maxsize=4096)
def _text(component: Hashable, full: bool) -> str:
    return notation.show(_tree(component, full))


def _resolve(role: type, call: Call, dotted: bool) -> tuple[type, dict[str, Value]]:
    """Find the class and give every option its name; ``provider:model`` names fill ``name``."""
    name, given = call.name, dict[str, Value](call.options)
    prefix, colon, rest = name.partition(":")
    if role is Model and colon:
        known = prefix in names(Model)
        name = prefix if known else "langchain"
        given = {"name": rest if known else call.name, **given}
    found = find(role, name, dotted)
    if call.first is not None:
        first = next((f.name for f in fields(found) if f.init and f.name not in given), None)
        if first is None:
            raise ConfigError(f"{call.name} takes no option {notation.show(call.first)}")
        given = {first: call.first, **given}
    return found, given


def _build(role: type, call: Call, dotted: bool) -> object:
    found, given = _resolve(role, call, dotted)
    if not dotted:
        _refuse_imports(call.name, found, given)
    known = {option.name: option for option in _options(found)}
    values: dict[str, object] = {}
    for name, value in given.items():
        nested = _role_in(known[name].type) if name in known else None
        values[name] = _nested(nested, value, dotted)
    return found(**validated(call.name, list(known.values()), values))


def _refuse_imports(name: str, found: type, given: Mapping[str, Value]) -> None:
    """Raise ConfigError where an option that is imported names more than its default."""
    for one in fields(found):
        value = given.get(one.name, one.default)
        path = value.name if isinstance(value, Call) else str(value).partition("(")[0]
        if one.metadata.get("imports") and value != one.default and "." in path:
            raise ConfigError(
                f"{name}: {one.name}={path} is code to import, which only a file that you run "
                "may name"
            )


def _nested(role: type | None, value: Value, dotted: bool) -> object:
    """Build the components that an option's value names; other values are as they are."""
    if role and isinstance(value, list):
        return tuple(_nested(role, item, dotted) for item in value)
    if role and isinstance(value, str | Call):
        return _build(role, notation.call(notation.show(value)), dotted)
    return notation.show(value) if isinstance(value, Call) else value


def _sweep(role: type, call: Call, dotted: bool) -> Iterator[Call]:
    found, given = _resolve(role, call, dotted)
    hints = {option.name: option.type for option in _options(found)}
    swept = (tuple(_alternatives(hints.get(name), value, dotted)) for name, value in given.items())
    for values in product(*swept):
        # the first option went without its name and `provider:model` without any: both are in given
        yield Call(call.name.partition("(")[0], _without_name(call, given, values))


def _without_name(
    call: Call, given: Mapping[str, Value], values: tuple[Value, ...]
) -> tuple[tuple[str, Value], ...]:
    implied = "name" if ":" in call.name else None
    pairs = zip(given, values, strict=True)
    return tuple((name, value) for name, value in pairs if name != implied)


def _alternatives(hint: Any, value: Value, dotted: bool) -> Iterator[Value]:
    kinds = (hint, *get_args(hint))
    takes_list = any(get_origin(kind) in (tuple, list) for kind in kinds)
    if isinstance(value, list) and (not takes_list or any(isinstance(v, list) for v in value)):
        for item in value:
            yield from [item] if takes_list else _alternatives(hint, item, dotted)
    elif isinstance(value, Call) and (role := _role_in(hint)):
        yield from _sweep(role, value, dotted)
    else:
        yield value


def _role_in(hint: Any) -> type | None:
    candidates = (hint, *get_args(hint))
    return next((c for c in candidates if isinstance(c, type) and c in PACKAGES), None)


def _options(found: type) -> list[Option]:
    hints = get_type_hints(found, include_extras=True)
    return [
        Option(f.name, hints[f.name], _default(f), str(f.metadata.get("help", "")))
        for f in fields(found)
        if f.init
    ]


def _default(f: Any) -> object:
    return f.default_factory() if f.default_factory is not MISSING else f.default


def _tree(value: Any, full: bool) -> Value:
    if isinstance(value, NamedMetric):
        return value.text
    if is_dataclass(value) and not isinstance(value, type):
        return _component_tree(value, full)
    if isinstance(value, tuple | list):
        return [_tree(item, full) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _component_tree(component: Any, full: bool) -> Call | str:
    prefix = getattr(component, "prefix", None)
    name = name_of(type(component)) if prefix is None else f"{prefix}{component.name}"
    shown = [
        (f.name, _tree(getattr(component, f.name), full))
        for f in fields(component)
        if f.init and not (prefix is not None and f.name == "name")
        if not (full and f.metadata.get("operational"))
        if full or getattr(component, f.name) != _default(f)
    ]
    if full:
        shown.append(("version", getattr(component, "version", 1)))
    return Call(name, tuple(shown)) if shown else name
