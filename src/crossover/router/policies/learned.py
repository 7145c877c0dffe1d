"""What a router file says: expected quality against expected cost, before or after an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.decisions import Budget, Decision, Profile
from crossover.errors import ConfigError
from crossover.roles import Policy
from crossover.types import Answer, Question

if TYPE_CHECKING:
    from crossover.router.artefact import Artefact


@dataclass(frozen=True, slots=True)
class Learned(Policy):
    """Choose what is expected to be worth most: quality less what tokens, dollars, seconds cost.

    A cascade asks the cheapest strategy first and decides by its answer whether it stands; a
    router fitted with ``policy=before`` decides at once. Where texts are missing, it decides by the
    question alone. A strategy that would break the budget is left out.
    """

    file: str = field(default="", metadata={"help": "a router file", "path": "file"})
    # options are read by their types: the artefact's would import numpy
    _held: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, artefact: Artefact) -> Learned:
        """The policy of an artefact in memory."""
        made = cls()
        made._held.append(artefact)
        return made

    @property
    def artefact(self) -> Artefact:
        """What was learned."""
        from crossover.router.artefact import Artefact

        if not self._held:
            if not self.file:
                raise ConfigError("learned takes a router's file: learned(file=router.json)")
            self._held.append(Artefact.load(Path(self.file).expanduser()))
        held: Artefact = self._held[0]
        return held

    @property
    def strategies(self) -> tuple[str, ...]:
        """Those that it was fitted on, the cheapest first."""
        return self.artefact.strategies

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Weigh every strategy; after the first answer, also keeping it."""
        from crossover.router.weighing import decide

        return decide(self.artefact, question, profile, budget, answers_so_far)
