"""The prompts of judges: a packaged YAML file per mode, any of its texts can be replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

import yaml
from pydantic import BaseModel, ValidationError

from crossover.errors import ConfigError, UnknownName
from crossover.files import existing_file, read_text

TAGS = re.compile(
    r"<(?=/?(question|reference|candidate|answer|checklist|graded-example)\b)", re.IGNORECASE
)


class _File(BaseModel):
    """A file of prompts: raise its version whenever a prompt changes."""

    version: int
    prompts: dict[str, str]


@cache
def _file(mode: str) -> _File:
    source = files("crossover.judging").joinpath("prompts", f"{mode}.yaml")
    return _File(**yaml.safe_load(source.read_text(encoding="utf-8")))


def version(mode: str) -> int:
    """The version of the mode's packaged prompts."""
    return _file(mode).version


def overrides(mode: str, path: Path | None) -> dict[str, str]:
    """The prompts of a user's YAML file (name: text) that replace the packaged ones of a mode.

    Raises DataError for a file that cannot be read, ConfigError for one with other content.
    """
    if path is None:
        return {}
    try:
        found = yaml.safe_load(read_text(existing_file(path)))
        given = _File(version=0, prompts=found or {}).prompts
    except (yaml.YAMLError, ValidationError):
        raise ConfigError(f"{path}: expected YAML that maps names of prompts to texts") from None
    for name, text in given.items():
        if name not in _file(mode).prompts:
            raise UnknownName(name, f"the prompts of {mode}", _file(mode).prompts)
        if not text.strip():
            raise ConfigError(f"{path}: the prompt {name} is empty")
    return given


def prompt(mode: str, name: str, replaced: Mapping[str, str], **values: object) -> str:
    """One prompt with its values filled in; no value can open or close one of our tags."""
    text = replaced.get(name) or _file(mode).prompts[name]
    return Template(text).safe_substitute(values)


def material(text: str) -> str:
    """A text from outside as it stands between tags: it cannot end them early."""
    return TAGS.sub("&lt;", text.strip())
