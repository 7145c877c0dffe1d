"""The texts that questions are asked with: packaged YAML, any text in it can be replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

import yaml
from pydantic import BaseModel, ValidationError

from crossover.errors import ConfigError, UnknownName
from crossover.files import existing_file, read_text


class _File(BaseModel):
    """A file of texts: raise its version whenever one of them changes."""

    version: int
    texts: dict[str, str]


@dataclass(frozen=True)
class Wordings:
    """Texts by name, with values to fill in at ``$name``."""

    texts: Mapping[str, str]

    def say(self, name: str, **values: object) -> str:
        """One text with its values; no value is read for names to fill in again."""
        return Template(self.texts[name]).safe_substitute(values).strip()

    @property
    def digest(self) -> str:
        """What stands for all of them in a key."""
        content = "\n".join(f"{name}={self.texts[name]}" for name in sorted(self.texts))
        return hashlib.sha256(content.encode()).hexdigest()


def wordings(name: str, replaced: Path | None = None) -> Wordings:
    """The packaged texts of ``prompts`` or ``templates``, some replaced by a file's (name: text).

    Raises DataError for a file that cannot be read, ConfigError for one with other content.
    """
    packaged = _packaged(name).texts
    return Wordings({**packaged, **_given(replaced, name, packaged)})


@cache
def _packaged(name: str) -> _File:
    source = files("crossover.experiments.making").joinpath(f"{name}.yaml")
    return _File(**yaml.safe_load(source.read_text(encoding="utf-8")))


def _given(path: Path | None, kind: str, known: Mapping[str, str]) -> dict[str, str]:
    if path is None:
        return {}
    try:
        found = yaml.safe_load(read_text(existing_file(path)))
        given = _File(version=0, texts=found or {}).texts
    except (yaml.YAMLError, ValidationError):
        raise ConfigError(f"{path}: expected YAML that maps names of texts to texts") from None
    for name, text in given.items():
        if name not in known:
            raise UnknownName(name, f"the {kind}", known)
        if not text.strip():
            raise ConfigError(f"{path}: the text {name} is empty")
    return given
