"""A model that stands before another: everything but the reply is the other's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossover import meter
from crossover.roles import Model
from crossover.types import Completion, Request


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

    def count(self, text: str) -> int:
        """Count as the model behind it does."""
        return self.model.count(text)

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Reply to each, side by side as far as the model behind it goes."""
        return meter.side_by_side(self.complete, requests, getattr(self.model, "concurrency", 1))

    def stream(self, request: Request) -> Iterator[str]:
        """Reply in one piece."""
        yield self.complete(request).text
