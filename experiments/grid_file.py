"""The keys of a grid's YAML, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from crossover import catalog
from crossover.errors import ConfigError, UnknownName
from crossover.limits import Limits, limits_of


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _limits(value: object) -> object:
    return value if isinstance(value, Limits) else limits_of(value)


Texts = Annotated[list[Any], BeforeValidator(_listed)]


def _keyless(address: str) -> str:
    from crossover.experiments.database import keyless

    if address and keyless(address) != address:
        raise ValueError("holds a password; put it into PGPASSWORD, ~/.pgpass or CROSSOVER_STORE")
    return address


class Budget(BaseModel):
    """The most that the ``run`` and each ``strategy`` of it may take, indexes included.

    Calls, tokens and dollars are those of all sittings, seconds those of this one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Annotated[Limits, BeforeValidator(_limits)] = Limits()
    strategy: Annotated[Limits, BeforeValidator(_limits)] = Limits()

    def __bool__(self) -> bool:
        return bool(self.run or self.strategy)


class GridFile(BaseModel):
    """The keys of a grid; each list holds texts or mappings with ``name`` and options."""

    model_config = ConfigDict(extra="forbid")

    datasets: Annotated[Texts, Field(min_length=1)]
    models: Annotated[Texts, Field(min_length=1)]
    strategies: Annotated[Texts, Field(min_length=1)]
    metrics: Texts = []
    seed: int = 0
    limit: Annotated[int, Field(ge=1)] | None = None
    only: str = ""
    price_as: str = ""
    store: Annotated[str, AfterValidator(_keyless)] = ""
    limits: Annotated[Limits, BeforeValidator(_limits)] = Limits()
    budget: Budget = Budget()
    engine: Any = "local"


def read_keys(path: Path) -> dict[str, Any]:
    """What stands in a YAML file. Raises ConfigError that names file and line."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give the path of a grid in YAML") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        reason = getattr(error, "problem", None) or "not YAML"
        raise ConfigError(f"{path} line {line}: not valid YAML: {reason}") from None
    if not isinstance(found, dict):
        raise ConfigError(
            f"{path}: expected the keys {', '.join(GridFile.model_fields)}; found "
            f"{'nothing' if found is None else type(found).__name__}"
        )
    return {str(key): value for key, value in found.items()}


def checked(given: Mapping[str, Any], source: str) -> GridFile:
    """The keys with their types; raises UnknownName or ConfigError that names the key."""
    for name in given:
        if name not in GridFile.model_fields:
            raise UnknownName(str(name), f"the keys of {source}", GridFile.model_fields)
    try:
        return GridFile(**given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{source}: {place}: {first['msg'].lower()}") from None


def plain(value: Any) -> Any:
    """Keys as YAML has them: components become the texts that name them."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return catalog.spec(value)
