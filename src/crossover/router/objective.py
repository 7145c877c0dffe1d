"""What a router aims at: quality against cost, the best in a budget, or cheap and good enough."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossover import notation
from crossover.errors import ConfigError

Unit = Literal["tokens", "dollars", "seconds"]
Kind = Literal["tradeoff", "budget", "at_least"]
UNITS: tuple[Unit, ...] = ("tokens", "dollars", "seconds")


class Objective(BaseModel):
    """One of three aims.

    ``tradeoff``: quality (0–1) less ``dollar`` for every dollar, ``second`` for every second and
    ``token`` for every million tokens. ``budget``: the best quality whose mean cost is at most
    ``share`` of always asking the dearest strategy, or at most ``most`` of ``unit`` a question.
    ``at_least``: the cheapest with at least ``share`` of the best fixed strategy's quality.
    ``unit`` is what is saved: dollars where every answer has a price, else tokens.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = "budget"
    share: Annotated[float, Field(gt=0, le=2)] = 0.5
    most: Annotated[float, Field(gt=0)] | None = None
    unit: Unit | None = None
    dollar: Annotated[float, Field(ge=0)] = 0.0
    second: Annotated[float, Field(ge=0)] = 0.0
    token: Annotated[float, Field(ge=0)] = 0.0

    @property
    def text(self) -> str:
        """The text that ``objective`` reads."""
        given = self.model_dump(exclude_defaults=True, exclude={"kind"})
        inside = ", ".join(f"{name}={value}" for name, value in given.items())
        return f"{self.kind}({inside})"


def objective(given: object) -> Objective:
    """Read ``budget(0.5)``, ``at_least(0.98)``, ``tradeoff(dollar=10)``; raises ConfigError."""
    if isinstance(given, Objective):
        return given
    call = notation.call(given)
    options = dict(call.options)
    if call.first is not None:
        options["share"] = call.first
    try:
        return Objective.model_validate({"kind": call.name, **options})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "objective"
        raise ConfigError(
            f"objective {given}: {where}: {first['msg']}; "
            "there are budget(0.5), at_least(0.98) and tradeoff(dollar=10, second=0.01)"
        ) from None
