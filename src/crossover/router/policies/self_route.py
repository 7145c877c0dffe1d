"""Keep what the first strategy answers, and ask the second where it declines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crossover.abstention import abstains
from crossover.decisions import Budget, Decision, Profile
from crossover.roles import Policy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class SelfRoute(Policy):
    """Escalate an answer that declines (Self-Route, Li et al. 2024); both passes are billed.

    On questions without an answer declining is right, and escalating costs quality: measure before
    you use it. The strategy ``self_route`` also tells the model that it may decline.
    """

    first: str = field(default="rag", metadata={"help": "asked first"})
    then: str = field(default="full_context", metadata={"help": "asked where that declines"})

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
        """Look at the last answer, if there is one."""
        if not answers_so_far:
            return Decision(self.first, reasons=("it is asked first",), final=False)
        last = answers_so_far[-1]
        if last.outcome == "declined" or abstains(last.text):
            return Decision(self.then, reasons=("the first answer declines",))
        return Decision(self.first, reasons=("the first answer stands",), keep=True)
