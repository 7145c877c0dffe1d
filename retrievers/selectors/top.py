"""The k best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crossover.roles import Model, Selector
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Top(Selector):
    """The k best passages."""

    version: ClassVar[int] = 1

    def select(self, query: str, found: Sequence[Passage], k: int, model: Model) -> list[Passage]:
        """Return the first k."""
        return list(found[:k])
