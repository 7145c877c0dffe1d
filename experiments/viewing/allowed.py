"""What a run that is started from the dashboard may name.

A grid's file is its user's own and may import code. A visitor's grid names components that the
catalog lists, files within chosen folders, and servers of this machine or of the operator's list.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crossover import catalog, notation
from crossover.catalog import KINDS, METRICS
from crossover.errors import ConfigError
from crossover.experiments.grid_file import GridFile
from crossover.experiments.viewing.fields import CLOSED, closed, fields_of
from crossover.models._failures import shortened
from crossover.notation import Call, Value
from crossover.roles import Model

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
ADDRESSES = frozenset(("base_url", "url"))
ROOTED = re.compile(r"[/~\\]|[a-z]:[\\/]", re.IGNORECASE)
# what follows a model's provider: huggingface:FOLDER
PROVIDED = re.compile(r"^[\w-]+:(\S.*)$")
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
# what a list of lists may multiply to, and how deep a component may hold others
MOST_COMBINATIONS = 500
DEEPEST = 12


@dataclass(frozen=True)
class Allowed:
    """The folders whose files may be named, and the servers beyond this machine's own."""

    folders: tuple[Path, ...] = ()
    servers: tuple[str, ...] = ()

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise ConfigError, one line that names it, for what a visitor's grid may not name."""
        try:
            for key, value in given.items():
                for one in value if isinstance(value, list) else [value]:
                    self._entry(key, one)
        except (ValueError, OverflowError, RecursionError) as error:
            raise ConfigError(f"the grid cannot be read: {_line(error)}") from None

    def _entry(self, key: str, one: Any) -> None:
        if key in KINDS and key in GridFile.model_fields:
            _shallow(str(one))
            call = notation.call(one)
            self._call(call)
            _build(key, call, one)
        elif isinstance(one, str):
            self._text(key, one, free=True)

    def _call(self, call: Call) -> None:
        if DOTTED.fullmatch(call.name):
            raise _code(call.name)
        self._text("model", call.name.partition(":")[2], free=True)
        for names, value in _given(call):
            if shut := sorted(names & _known(call.name).shut):
                raise _refused(call.name, shut[0])
            self._value(call.name, names, value)

    def _value(self, component: str, names: frozenset[str], value: Value) -> None:
        if isinstance(value, Call):
            self._call(value)
        elif isinstance(value, list):
            for one in value:
                self._value(component, names, one)
        elif isinstance(value, str):
            known, where = _known(component), f"{component}: {min(names, default='it')}"
            if known.measures and "file" not in names and DOTTED.fullmatch(_head(value)):
                raise _code(f"{where}={value}")
            if value and names & ADDRESSES:
                self._server(where, value)
            self._text(where, value, free=bool(names & known.texts))

    def _text(self, where: str, text: str, *, free: bool) -> None:
        """Check a text that may be a path, an address, or a component in words.

        One that is not ``free`` is a choice or a name: nothing of that name is looked for here.
        """
        text = text.strip()
        if ADDRESS.match(text):
            self._server(where, text)
        elif any(self._leads_outside(one, free) for one in (text, *PROVIDED.findall(text))):
            places = ", ".join(map(str, self.folders)) or "none"
            raise ConfigError(
                f"{where}={shortened(text)} lies outside of the folders whose files may be read: "
                f"{places}"
            )
        if "(" in text:
            _shallow(text)
            self._embedded(text)

    def _embedded(self, text: str) -> None:
        try:
            value = notation.parse(text)
        except ConfigError:
            # a sentence with brackets, not a component
            return
        if isinstance(value, Call | list):
            self._value("", frozenset(), value)

    def _server(self, where: str, address: str) -> None:
        try:
            parts = urlsplit(address)
            host, web = parts.hostname or "", parts.scheme in ("http", "https")
        except ValueError:
            host, web = "", False
        if not web or not (_is_here(host) or self._is_listed(address)):
            raise ConfigError(
                f"{where}={shortened(address)} is neither on this machine nor among the addresses "
                "that --server lists"
            )

    def _is_listed(self, address: str) -> bool:
        return address.rstrip("/") in {server.rstrip("/") for server in self.servers}

    def _leads_outside(self, text: str, free: bool) -> bool:
        if not text:
            return False
        try:
            rooted = ROOTED.match(text) or ".." in PurePath(text).parts
            named = rooted or (free and Path(text).exists())
            return bool(named) and not self.holds(Path(text).expanduser())
        except (OSError, RuntimeError):
            # too long for a path, or in the home of nobody
            return bool(ROOTED.match(text))

    def holds(self, path: Path) -> bool:
        """Whether a path, and all that it holds, lies in the folders when links are followed."""
        roots = [folder.resolve() for folder in self.folders]
        return all(
            any(found.is_relative_to(root) for root in roots)
            for found in (path.resolve(), *_links(path.resolve()))
        )


class _Known(NamedTuple):
    """What is known of a name, whatever it may stand for: its options in order by what it is."""

    orders: tuple[tuple[str, ...], ...]
    shut: frozenset[str]
    texts: frozenset[str]
    measures: bool


@lru_cache(maxsize=1024)
def _known(name: str) -> _Known:
    base = _base(name)
    every = [Model] if ":" in name else KINDS.values()
    kinds = [kind for kind in every if base in catalog.names(kind)]
    orders = tuple(tuple(one.name for one in catalog.options(kind, base)) for kind in kinds)
    fields = [field for kind in kinds for field in fields_of(kind, base)]
    texts = frozenset(field.name for field in fields if field.kind in ("text", "path"))
    shut = frozenset(option for kind in kinds for option in closed(kind, base))
    return _Known(orders, shut, texts, METRICS in kinds)


def _base(name: str) -> str:
    """The catalog's name of a component; a provider's model is LangChain's."""
    prefix, colon, _ = name.partition(":")
    return "langchain" if colon and prefix not in catalog.names(Model) else prefix


def _given(call: Call) -> Iterator[tuple[frozenset[str], Value]]:
    """What a component is told, each with what it would be called; the first goes unnamed."""
    given = {name for name, _ in call.options} | ({"name"} if ":" in call.name else set())
    if call.first is not None:
        orders = _known(call.name).orders
        implied = (next((one for one in order if one not in given), "") for order in orders)
        yield frozenset(implied), call.first
    for name, value in call.options:
        yield frozenset((name,)), value


def _links(folder: Path) -> list[Path]:
    """Where the links below a folder lead."""
    found = []
    for place, folders, files in os.walk(folder):
        entries = (Path(place, name) for name in (*folders, *files))
        found += [entry.resolve() for entry in entries if entry.is_symlink()]
    return found


def _build(key: str, call: Call, one: Any) -> None:
    """Build what an entry names without importing anything but the catalog's own."""
    if _combinations(call) > MOST_COMBINATIONS:
        raise ConfigError(f"{call.name}: its lists make more than {MOST_COMBINATIONS} combinations")
    if key == "metrics":
        catalog.metric(one)
    else:
        catalog.expand(KINDS[key], one, dotted=False)


def _combinations(value: Value) -> int:
    """How many components lists make at most; counting ends where there are far too many."""
    if isinstance(value, list):
        return min(sum(map(_combinations, value)), MOST_COMBINATIONS + 1)
    found = 1
    if isinstance(value, Call):
        for option in (value.first, *(option for _, option in value.options)):
            found = min(found * max(_combinations(option), 1), MOST_COMBINATIONS + 1)
    return found


def _shallow(text: str) -> None:
    """Raise ConfigError where brackets in brackets would exhaust whoever reads them."""
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise ConfigError(f"{text[:40]}… holds brackets in more than {DEEPEST} others")


def _head(text: str) -> str:
    return text.partition("(")[0].strip()


def _code(what: str) -> ConfigError:
    return ConfigError(f"{what} is code to import, which only a file that you run may name")


def _refused(component: str, option: str) -> ConfigError:
    if CLOSED.search(option):
        why = "keys and clients are set up in the environment and in files that you run"
    else:
        why = "it names code or an app of one's own, which only a file that you run may"
    return ConfigError(f"{component}: {option} cannot be given here: {why}")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
