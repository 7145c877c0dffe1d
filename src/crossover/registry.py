"""The folder is the registry: where components stand, and how one is found by its name.

Nothing is imported but the file asked for, so a missing extra hurts nobody else. Packages of
third parties register under the entry-point groups ``crossover.strategies`` and so on; a dotted
path (``my_package.MyRag``) works wherever the caller allows code to be imported.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, cast

from crossover.errors import ConfigError, UnknownName
from crossover.roles import (
    Chunker,
    Compressor,
    Dataset,
    Engine,
    Model,
    Policy,
    Reranker,
    Retriever,
    Selector,
    Strategy,
)

PACKAGES: Mapping[type, str] = {
    Strategy: "crossover.pipelines",
    Retriever: "crossover.retrievers",
    Chunker: "crossover.retrievers.chunkers",
    Reranker: "crossover.retrievers.rerankers",
    Selector: "crossover.retrievers.selectors",
    Compressor: "crossover.compressors",
    Model: "crossover.models",
    Dataset: "crossover.datasets",
    Policy: "crossover.router.policies",
    Engine: "crossover.experiments.engines",
}
# packages of modules that hold several components, each with a ``name``
FAMILIES: Mapping[type, str] = {Dataset: "crossover.datasets.benchmarks"}
METRICS = "crossover.metrics"
KINDS: Mapping[str, Any] = {
    "datasets": Dataset,
    "strategies": Strategy,
    "retrievers": Retriever,
    "chunkers": Chunker,
    "rerankers": Reranker,
    "selectors": Selector,
    "compressors": Compressor,
    "models": Model,
    "policies": Policy,
    "engines": Engine,
    "metrics": METRICS,
}


def names(kind: Any) -> list[str]:
    """Every name of a role (or of METRICS), those of installed third parties included."""
    if kind == METRICS:
        found = [name for module in _modules(METRICS) for name in _metrics_of(module)]
    else:
        found = [module.rpartition(".")[2] for module in _modules(PACKAGES[kind])]
        found += _family(kind)
    return sorted({*found, *(entry.name for entry in entry_points(group=_group(kind)))})


def plays(thing: object, role: type) -> bool:
    """Whether a thing inherits a role; its methods' names alone don't count (``str`` has index)."""
    return role in type(thing).__mro__


def _group(kind: Any) -> str:
    return "crossover." + next(word for word, role in KINDS.items() if role == kind)


def _modules(package: str) -> list[str]:
    try:
        paths = importlib.import_module(package).__path__
    except ModuleNotFoundError:
        return []
    others = {*PACKAGES.values(), *FAMILIES.values()}
    return [
        f"{package}.{info.name}"
        for info in pkgutil.iter_modules(paths)
        if not info.name.startswith("_") and f"{package}.{info.name}" not in others
    ]


@cache
def _family(role: type) -> Mapping[str, type]:
    """The components of a role that stand several in a module, by their names."""
    modules = map(importlib.import_module, _modules(FAMILIES[role]) if role in FAMILIES else ())
    return {
        str(vars(value)["name"]): value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and isinstance(vars(value).get("name"), str)
    }


def _metrics_of(module: str) -> list[str]:
    return list(importlib.import_module(module).__all__)


@cache
def find_metric(name: str) -> Callable[..., float | None]:
    """Return the metric of that name; raises UnknownName."""
    for module in _modules(METRICS):
        if name in _metrics_of(module):
            return cast(Callable[..., float | None], getattr(importlib.import_module(module), name))
    for entry in entry_points(group="crossover.metrics", name=name):
        return cast(Callable[..., float | None], entry.load())
    raise UnknownName(name, METRICS, names(METRICS))


def find(role: type, name: str, dotted: bool) -> type:
    """Return the class of that name; raises UnknownName, or ConfigError for an unfit path."""
    package = PACKAGES[role]
    if f"{package}.{name}" in _modules(package):
        return _class_of(importlib.import_module(f"{package}.{name}"), role)
    if name in _family(role):
        return _family(role)[name]
    for entry in entry_points(group=_group(role), name=name):
        return cast(type, entry.load())
    if dotted and "." in name and (found := _by_path(name, role)):
        return found
    raise UnknownName(name, package, names(role))


def _by_path(path: str, role: type) -> type | None:
    module, _, attribute = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None
    if not (inspect.isclass(found) and is_dataclass(found) and role in found.__mro__):
        raise ConfigError(
            f"{path} is not a dataclass that inherits crossover.roles.{role.__name__}"
        )
    return cast(type, found)


def _class_of(module: Any, role: type) -> type:
    for value in vars(module).values():
        own = inspect.isclass(value) and value.__module__ == module.__name__
        if own and role in value.__mro__ and not value.__name__.startswith("_"):
            return cast(type, value)
    raise ConfigError(f"{module.__name__} defines no {role.__name__}")


def name_of(found: type) -> str:
    """Return the name that finds this class again."""
    package, _, module = found.__module__.rpartition(".")
    if package in PACKAGES.values():
        return module
    if package in FAMILIES.values():
        return str(vars(found)["name"])
    for role in PACKAGES:
        if role in found.__mro__:
            for entry in entry_points(group=_group(role)):
                if entry.value == f"{found.__module__}:{found.__qualname__}":
                    return entry.name
    return f"{found.__module__}.{found.__qualname__}"
