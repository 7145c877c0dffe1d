"""A coin: what a router must beat at the same cost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Interval

from crossover.decisions import Budget, Decision, Profile
from crossover.roles import Policy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class Chance(Policy):
    """Ask the second strategy for a share of the questions, drawn by seed and question."""

    first: str = field(default="rag", metadata={"help": "asked for the rest"})
    then: str = field(default="full_context", metadata={"help": "asked for the share"})
    share: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.5, metadata={"help": "of the questions that the second answers"}
    )
    seed: int = field(default=0, metadata={"help": "of the draw"})

    @property
    def strategies(self) -> tuple[str, ...]:
        """The first, then the other."""
        return (self.first, self.then)

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Draw; the same question is always drawn alike."""
        drawn = random.Random(f"{self.seed}/{question.id}/{question.text}").random()
        chosen = self.then if drawn < self.share else self.first
        return Decision(chosen, reasons=("drawn by chance",))
