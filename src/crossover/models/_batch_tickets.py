"""What waits for a reply from a batch, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from crossover.models._batch_protocols import Reply
from crossover.models._calls import Patience

if TYPE_CHECKING:
    from crossover.models._batch import Batch


@dataclass(frozen=True, slots=True)
class Settings:
    """When a batch is submitted, and how it is looked after."""

    size: int
    wait: float
    poll: float
    patience: Patience


class Ticket:
    """One request on its way: ``result`` is what came of it once it has ``ended``.

    None then says that its batch is gone (somebody deleted it) and that nothing was paid.
    """

    def __init__(self, batch: Batch, id: str, body: Mapping[str, Any] | None) -> None:
        self.batch = batch
        self.id = id
        self.body = body
        self.held = False
        self.result: Reply | Exception | None = None
        self.ended = Event()

    def end(self, result: Reply | Exception | None) -> None:
        """Hand the result to whoever waits."""
        self.result = result
        self.ended.set()

    def kept(self) -> None:
        """Note that the reply is kept elsewhere, or no use to anybody."""
        self.batch.settle([self])
