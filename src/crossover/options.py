"""What a component can be told: its options, validated by pydantic, errors in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Any

from crossover.errors import ConfigError, UnknownName


@dataclass(frozen=True)
class Option:
    """One option: its name, type, default (MISSING where required) and meaning."""

    name: str
    type: Any
    default: object
    help: str

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING


def validated(
    component: str, options: Sequence[Option], given: Mapping[str, object]
) -> dict[str, Any]:
    """Check given values against the options' types; raises ConfigError with one clear line."""
    from pydantic import ConfigDict, ValidationError, create_model

    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            raise UnknownName(name, f"the options of {component}", known)
    for option in options:
        if option.required and option.name not in given:
            raise ConfigError(f"{component} needs the option {option.name}")
    config = ConfigDict(arbitrary_types_allowed=True, coerce_numbers_to_str=True)
    shape: dict[str, Any] = {name: (known[name].type, ...) for name in given}
    model = create_model("Options", __config__=config, **shape)
    try:
        checked = model(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise ConfigError(
            f"{component}: {name}={given[name]!r} does not fit: {first['msg'].lower()}"
        ) from None
    return {name: getattr(checked, name) for name in given}
