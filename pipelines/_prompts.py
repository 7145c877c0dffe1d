"""The prompts of strategies: one YAML file each, with a version; any of them can be replaced.

    strategies:
      - name: chain_of_agents
        prompts: {worker: "Read the passages … $words words …"}

``$name`` in a prompt stands for what its strategy fills in; the file shows which names there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator

from crossover import notation
from crossover.errors import ConfigError, UnknownName


def _canonical(given: object) -> object:
    """What replaces prompts, as one text: a mapping in YAML, ``dict(worker="…")`` in a text."""
    if isinstance(given, Mapping):
        given = notation.show(notation.Call("dict", tuple(given.items()))) if given else ""
    return given


Overrides = Annotated[str, BeforeValidator(_canonical)]
"""An option's type: the prompts that replace those of the file, by their names."""


class _File(BaseModel):
    """A file of prompts: raise its version whenever a prompt changes."""

    version: int
    prompts: dict[str, str]


@cache
def _file(strategy: str) -> _File:
    source = files("crossover.pipelines").joinpath("prompts", f"{strategy}.yaml")
    return _File(**yaml.safe_load(source.read_text(encoding="utf-8")))


@cache
def _replaced(strategy: str, overrides: str) -> Mapping[str, str]:
    """The prompts that replace the file's; raises ConfigError for what it doesn't hold."""
    if not overrides:
        return {}
    call = notation.call(overrides)
    for name, text in call.options:
        if name not in _file(strategy).prompts:
            raise UnknownName(name, f"the prompts of {strategy}", _file(strategy).prompts)
        if not isinstance(text, str) or not text.strip():
            raise ConfigError(f"{strategy}: the prompt {name} must be a text")
    if call.first is not None or not call.options:
        raise ConfigError(f'{strategy}: prompts={overrides!r}: write dict(NAME="…", …)')
    return {name: str(text) for name, text in call.options}


def check(strategy: str, overrides: str) -> None:
    """Raise ConfigError where the overrides name no prompt of the strategy or a wrong one."""
    _replaced(strategy, overrides)


def version(strategy: str) -> int:
    """The version of the strategy's file of prompts."""
    return _file(strategy).version


def prompt(strategy: str, name: str, overrides: str = "", **values: Any) -> str:
    """One prompt with its values filled in."""
    text = _replaced(strategy, overrides).get(name) or _file(strategy).prompts[name]
    return Template(text).safe_substitute(values).strip()
