"""A model that stands before another: everything but the reply is the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from crossover import meter
from crossover.registry import plays
from crossover.roles import Compressor, Model, Strategy
from crossover.types import Completion, Request, Usage

Component = TypeVar("Component")


def at_once(model: Model) -> int:
    """How many calls at once a model takes; more than its ``concurrency`` where they only wait."""
    return int(getattr(model, "at_once", getattr(model, "concurrency", 1)))


class Wrapped(Model):
    """Passes on window, counts and configuration; what inherits it decides about replies."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __repr__(self) -> str:
        return repr(self.model)

    @property
    def window(self) -> int:
        """The window of the model behind it."""
        return self.model.window

    @property
    def concurrency(self) -> int:
        """How many calls at once the model behind it takes."""
        return at_once(self.model)

    @property
    def writes(self) -> bool:
        """Whether the model behind it writes, or only quotes."""
        return bool(getattr(self.model, "writes", True))

    def count(self, text: str) -> int:
        """Count as the model behind it does."""
        return self.model.count(text)

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text."""
        return self.model.count_many(texts)

    def dollars(self, usage: Usage) -> float | None:
        """Price as the model behind it does; what runs in this process is billed nothing."""
        price = getattr(self.model, "dollars", None)
        return price(usage) if price else 0.0

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Reply to each, side by side as far as the model behind it goes."""
        return meter.side_by_side(self.complete, requests, self.concurrency)

    def stream(self, request: Request) -> Iterator[str]:
        """Reply in one piece."""
        yield self.complete(request).text


def with_models(component: Component, wrap: Callable[[Model], Model]) -> Component:
    """The component with the models among its options wrapped, in compressors and strategies too.

    A retriever's models stay as they are: what they are asked for is an index that many share.
    """
    if not is_dataclass(component) or isinstance(component, type):
        return component
    old = {option.name: getattr(component, option.name) for option in fields(component)}
    new: dict[str, Any] = {name: _wrapped(value, wrap) for name, value in old.items()}
    changed = {name: value for name, value in new.items() if value is not old[name]}
    return replace(component, **changed) if changed else component


def _wrapped(value: Any, wrap: Callable[[Model], Model]) -> Any:
    if plays(value, Model):
        return wrap(value)
    if plays(value, Compressor) or plays(value, Strategy):
        return with_models(value, wrap)
    if isinstance(value, tuple) and value:
        new = tuple(_wrapped(one, wrap) for one in value)
        return new if any(a is not b for a, b in zip(new, value, strict=True)) else value
    return value
