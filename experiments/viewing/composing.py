"""A grid from the choices of a form, and from text that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from crossover import catalog, notation
from crossover.catalog import METRICS
from crossover.errors import ConfigError
from crossover.experiments.grid_file import GridFile
from crossover.notation import Call, Value

MOST_CHARACTERS = 100_000
MOST_PARTS = 5_000
DEEPEST = 20


@dataclass(frozen=True)
class Chosen:
    """A component as a form holds it: its name, and its options by theirs."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


def text_of(kind: Any, chosen: Chosen) -> str:
    """The shortest text of what was chosen; raises ConfigError for a value that does not fit."""
    text = notation.show(_tree(chosen))
    if kind == METRICS:
        return catalog.metric(text).text
    return catalog.spec(catalog.load(kind, text, dotted=False))


def written(grid: Mapping[str, Any]) -> str:
    """A grid as YAML, without the keys that say nothing."""
    said = {key: value for key, value in grid.items() if value not in (None, "", [], {})}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=10_000)


def read(text: str) -> dict[str, Any]:
    """The keys of a grid in YAML; raises ConfigError, one line, for what is none or too much.

    Neither tags nor aliases are read: a grid needs none, and a few lines of them fill a machine.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(
            f"the grid has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read"
        )
    try:
        _check_parts(text)
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        reason = " ".join(str(getattr(error, "problem", None) or "not YAML").split())
        raise ConfigError(f"line {line}: not valid YAML: {reason}") from None
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"the grid cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"expected the keys {', '.join(GridFile.model_fields)}")
    return {str(key): value for key, value in found.items()}


def _check_parts(text: str) -> None:
    """Look at the pieces before anything is built of them."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader), 1):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"line {line}: *{event.anchor} is an alias; write it out")
        if tag := getattr(event, "tag", None):
            raise ConfigError(f"line {line}: the tag {tag} is not read here; leave it out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or count > MOST_PARTS:
            raise ConfigError(f"line {line}: the grid is too large or too deep")


def _tree(value: Any) -> Value:
    if isinstance(value, Chosen):
        options = tuple((name, _tree(option)) for name, option in value.options.items())
        return Call(value.name, options)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_tree(one) for one in value]
    found: Value = value
    return found
