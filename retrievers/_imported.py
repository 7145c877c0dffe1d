"""What an import path in a configuration names, and calling it with what it takes."""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from crossover import notation
from crossover.errors import ConfigError, CrossoverError, ProviderError, UnknownName
from crossover.notation import Call

# what libraries raise for a wrong option; anything else is the store's or the network's failure
MISTAKES = (TypeError, ValueError, ImportError, AttributeError, LookupError)
Given: TypeAlias = tuple[str, dict[str, Any]]
SECRET = re.compile(r"(api|access)[-_]?key|token$|secret|password|authorization", re.IGNORECASE)


def imported(path: str, needed_by: str) -> Any:
    """Import what a path like ``package.module.Class.method`` names.

    Raises ConfigError in one line: no such module, an import that fails inside it, no such name.
    """
    module, names = _module(path, needed_by)
    found: Any = module
    for name in names:
        if not hasattr(found, name):
            where = getattr(found, "__qualname__", found.__name__)
            raise UnknownName(name, f"{where}, which {needed_by} is to use", _public(found))
        found = getattr(found, name)
    return found


def called(
    function: Callable[..., Any], path: str, options: Mapping[str, Any], **offered: Any
) -> Any:
    """Call with the options, and with those things on offer that it has parameters for.

    Raises ConfigError in one line where an option is unknown, missing or refused.
    """
    taken = {name: value for name, value in offered.items() if name in _parameters(function)}
    given = {**taken, **options}
    try:
        inspect.signature(function).bind(**given)
    except TypeError as error:
        takes = ", ".join(_parameters(function)) or "nothing"
        raise ConfigError(f"{path}: {error}; it takes {takes}") from None
    except ValueError:
        pass  # a compiled function tells nothing about its parameters
    with failures_named(path, MISTAKES):
        return function(**given)


def takes(function: Callable[..., Any], *names: str) -> bool:
    """Whether a function or class has a parameter of one of these names."""
    return any(name in _parameters(function) for name in names)


@contextmanager
def failures_named(path: str, mistakes: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn what a library raises into one line: ProviderError, or ConfigError for mistakes."""
    try:
        yield
    except CrossoverError:
        raise
    except mistakes as error:
        raise ConfigError(f"{path}: {line(error)}") from error
    # stores fail in as many ways as there are clients, and each of them means no passages
    except Exception as error:
        raise ProviderError("retriever", f"{path}: {line(error)}") from error


def read_call(text: str, option: str, names: Mapping[str, str] | None = None) -> Given:
    """Read ``path(option=value, …)`` as a path and plain options.

    A value ``$NAME`` stands for that environment variable and ``{name}`` inside a value for one of
    ``names``; both stay as they are where no names are given. Raises ConfigError where a key or
    password is written out: options are stored and printed.
    """
    call = notation.call(text)
    if call.first is not None:
        raise ConfigError(f"{option}: {notation.show(call.first)} has no name in {text}")
    return call.name, {name: _plain(name, value, option, names) for name, value in call.options}


def read_options(
    text: str, needed_by: str, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Read the option ``options``, which is empty or ``dict(name=value, …)``."""
    if not text:
        return {}
    name, options = read_call(text, f"{needed_by}: options", names)
    if name != "dict":
        raise ConfigError(f"{needed_by}: options must be dict(name=value, …), not {text}")
    return options


def kind(thing: object) -> str:
    """Name what something is, for a message."""
    return f"a {type(thing).__name__}"


def line(error: Exception) -> str:
    """Put an error into one short line."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= 300 else f"{said[:300]} …"


def without_telemetry() -> None:
    """Ask libraries that report home unless told otherwise to let it be."""
    for name, value in (
        ("ANONYMIZED_TELEMETRY", "False"),
        ("DO_NOT_TRACK", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ):
        os.environ.setdefault(name, value)


def _module(path: str, needed_by: str) -> tuple[ModuleType, list[str]]:
    parts = path.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ConfigError(f"{needed_by}: {path!r} is no import path like package.module.Name")
    without_telemetry()
    for end in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:end])
        try:
            return importlib.import_module(name), parts[end:]
        except ModuleNotFoundError as error:
            if not _is_part(error.name, name):
                raise ConfigError(
                    f"{needed_by}: {path} needs the module {error.name}, which is not installed"
                ) from None
        # a module of the user's own may fail in any way while it is imported
        except Exception as error:
            raise ConfigError(f"{needed_by}: {name} cannot be imported: {line(error)}") from error
    raise ConfigError(
        f"{needed_by}: there is no module {parts[0]} for {path}; is its package installed?"
    )


def _is_part(missing: str | None, name: str) -> bool:
    return missing is not None and (name == missing or name.startswith(f"{missing}."))


def _public(found: Any) -> list[str]:
    return [name for name in dir(found) if not name.startswith("_")]


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        known = inspect.signature(function).parameters.values()
    except ValueError:
        return []
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [parameter.name for parameter in known if parameter.kind not in kinds]


def _plain(name: str, value: notation.Value, option: str, names: Mapping[str, str] | None) -> Any:
    if isinstance(value, list):
        return [_plain(name, item, option, names) for item in value]
    if isinstance(value, Call):
        return {key: _plain(key, item, option, names) for key, item in value.options}
    if not isinstance(value, str):
        return value
    if value.startswith("$"):
        return value if names is None else _from_environment(value[1:], option)
    if SECRET.search(name) or _has_password(value):
        raise ConfigError(
            f"{option} holds {name}: options are stored and printed, so put it into an environment "
            f"variable and write {name}=$NAME_OF_THE_VARIABLE"
        )
    for placeholder, meaning in (names or {}).items():
        value = value.replace(f"{{{placeholder}}}", meaning)
    return value


def _from_environment(name: str, option: str) -> str:
    if name not in os.environ:
        raise ConfigError(f"{option} needs {name} in the environment")
    return os.environ[name]


def _has_password(value: str) -> bool:
    try:
        return bool(urlsplit(value).password)
    except ValueError:
        return False
