"""What a visitor may ask with: models and strategies by their texts, and why others may not be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from crossover import catalog
from crossover.errors import ConfigError, CrossoverError
from crossover.experiments import _tables
from crossover.experiments.viewing.allowed import Allowed
from crossover.roles import Model, Strategy

READER = "reader"
STARTED_WITH = ("full_context", "rag")
# one plays published answers, the other needs an app of somebody's own
LEFT_OUT = ("external", "replay")


@dataclass(frozen=True)
class Offer:
    """Texts that may be chosen, and a line on each that may not."""

    texts: tuple[str, ...]
    refused: tuple[str, ...] = field(default=())


def models(known: Iterable[str], allowed: Allowed) -> Offer:
    """A run's models that can be asked here, then the packaged reader."""
    return _offer("models", Model, dict.fromkeys([*known, READER]), allowed)


def strategies(known: Iterable[str], allowed: Allowed) -> Offer:
    """A run's strategies, then those of the catalog with their defaults."""
    run = [text for text in known if text.partition("(")[0] not in LEFT_OUT]
    usual = [*STARTED_WITH, *catalog.names(Strategy)]
    listed = [text for text in usual if text not in LEFT_OUT]
    own = _offer("strategies", Strategy, dict.fromkeys(run), allowed)
    more = _offer("strategies", Strategy, dict.fromkeys(listed), allowed)
    # one that needs options has no text to be offered by: that is no news
    return Offer(tuple(dict.fromkeys([*own.texts, *more.texts])), own.refused)


def checked_model(text: str) -> Model:
    """Build a model that can be asked now; raises ConfigError where a key or package is missing."""
    model = catalog.load(Model, text, dotted=False)
    check = getattr(model, "check", None)
    if check:
        check()
    return model


def _offer(key: str, role: Any, texts: Iterable[str], allowed: Allowed) -> Offer:
    found, refused = [], []
    for text in texts:
        try:
            allowed.check({key: [text]})
            if hasattr(catalog.load(role, text, dotted=False), "prediction"):
                raise ConfigError("it only plays published answers")
        except CrossoverError as error:
            refused.append(f"{_tables.name(text, 80)}: {_tables.name(error, 200)}")
        else:
            found.append(text)
    return Offer(tuple(found), tuple(refused))
