"""As many passages as a number of tokens allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.roles import Model, Selector
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Budget(Selector):
    """The best passages, one after the other, until the next one would exceed the budget.

    Counted are the passages' texts, in the answering model's tokens. The best passage is shown
    whatever its length, and never more than ``k`` are: set ``k`` (and with it ``candidates``) high.
    """

    tokens: Annotated[int, Ge(1)] = field(
        default=2000, metadata={"help": "of the answering model, for all passages together"}
    )
    version: ClassVar[int] = 1

    def select(self, query: str, found: Sequence[Passage], k: int, model: Model) -> list[Passage]:
        """Return the best that fit, at most k."""
        chosen: list[Passage] = []
        left = self.tokens
        for passage in found[:k]:
            left -= model.count(passage.text)
            if chosen and left < 0:
                break
            chosen.append(passage)
        return chosen
