"""Always the same strategy: what every router is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crossover.decisions import Budget, Decision, Profile
from crossover.roles import Policy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class Fixed(Policy):
    """Ask one strategy, whatever the question."""

    strategy: str = field(default="rag", metadata={"help": "the strategy that answers"})

    @property
    def strategies(self) -> tuple[str, ...]:
        """The one strategy."""
        return (self.strategy,)

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Name it."""
        return Decision(self.strategy, reasons=("it is the only one",))
