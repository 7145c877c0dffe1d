"""Apps of other people's by import path: how one is found and built."""

from __future__ import annotations

import inspect
from threading import Lock

from crossover.errors import ConfigError, UnknownName
from crossover.outside import ASKING, method_of
from crossover.retrievers._imported import called, imported, kind, read_options

LIVE = "live:"
_live: dict[str, object] = {}
_apps: dict[tuple[str, str], object] = {}
_building = Lock()


def lend(thing: object, name: str) -> str:
    """Keep a live object for this process; return the target that stands for it."""
    if not name.isidentifier():
        raise ConfigError(f"external: {name!r} is no name like my_app for what is wrapped")
    if method_of(thing, ASKING) is None:
        raise ConfigError(f"external: {kind(thing)} can be neither called, invoked nor queried")
    _live[name] = thing
    return f"{LIVE}{name}"


def app_at(target: str, options: str) -> object:
    """What a target names: built once per process where it is a class or takes no question."""
    if target.startswith(LIVE):
        name = target.removeprefix(LIVE)
        if name not in _live:
            raise UnknownName(name, "what crossover.pipelines.external.wrap was given", _live)
        return _live[name]
    with _building:
        if (target, options) not in _apps:
            _apps[target, options] = _built(target, options)
        return _apps[target, options]


def _built(target: str, options: str) -> object:
    found = imported(target, "external")
    given = read_options(options, "external", {})
    if inspect.isclass(found) or given or _takes_nothing(found):
        return called(found, target, given)
    return found


def _takes_nothing(found: object) -> bool:
    try:
        return inspect.isroutine(found) and not inspect.signature(found).parameters
    except ValueError:
        return False
