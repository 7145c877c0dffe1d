"""The control: what the model knows without reading anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.pipelines._answering import FROM_MEMORY, ask
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class ClosedBook(Strategy):
    """Ask the question alone: no document is shown."""

    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    version: ClassVar[int] = 1

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the model's memory."""
        return ask(question, model, (), FROM_MEMORY, self.max_tokens)
