"""A strategy with a model of its own: what makes models arms of one comparison, and of a router."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from crossover import meter
from crossover.models._planned import Planned
from crossover.pipelines.rag import Rag
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class WithModel(Strategy):
    """Ask a strategy with its own model, whichever model the grid asks.

    ``with_model(strategy=rag, model=openai:gpt-4o)`` beside ``rag`` compares a dearer model with
    the grid's on the same questions; ``crossover router fit --over-models`` makes such strategies
    of a grid of several models.
    """

    strategy: Strategy = field(default=Rag(), metadata={"help": "what is asked"})
    model: Model | None = field(default=None, metadata={"help": "who answers [the grid's model]"})
    version: ClassVar[int] = 1

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer as the strategy does with that model."""
        asked = self.model or model
        # a dry run has made sure that the grid's model is not asked, and knows of no other
        if self.model is not None and meter.current().planning:
            asked = Planned(self.model)
        return self.strategy.answer(question, asked)
