"""Rules on length, window and price that a person can write down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Gt, Interval

from crossover import prices
from crossover.decisions import Budget, Decision, Expected, Profile
from crossover.roles import Policy
from crossover.types import Answer, Question, Usage

# what an answer takes, for the price of a call
ANSWER_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Rules(Policy):
    """Read everything where the documents are short enough for it, else retrieve.

    Short enough: at most ``tokens``, at most ``share`` of the model's window, and with ``dollars``
    at most that price for the input by today's list. What is not known is no reason for the whole.
    """

    whole: str = field(default="full_context", metadata={"help": "where everything is read"})
    parts: str = field(default="rag", metadata={"help": "where it is too much"})
    tokens: Annotated[int, Gt(0)] = field(
        default=32_000, metadata={"help": "most tokens of documents that are read whole"}
    )
    share: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.9, metadata={"help": "most of the model's window that they may take"}
    )
    dollars: Annotated[float, Gt(0)] | None = field(
        default=None, metadata={"help": "most dollars that reading them may cost"}
    )

    @property
    def strategies(self) -> tuple[str, ...]:
        """Parts first: it is the cheaper."""
        return (self.parts, self.whole)

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Apply the rules; the first that speaks against the whole is the reason."""
        dollars = _price(profile)
        against = self._against(profile, dollars, budget)
        expected = {self.whole: Expected(tokens=profile.tokens, dollars=dollars)}
        if against:
            return Decision(self.parts, expected, reasons=(against,))
        return Decision(self.whole, expected, reasons=(f"{profile.tokens:,} tokens fit",))

    def _against(self, profile: Profile, dollars: float | None, budget: Budget) -> str:
        held, room = profile.tokens, self.share * (profile.window or float("inf"))
        if held is None:
            return "how long the documents are is not known"
        if held > self.tokens:
            return f"{held:,} tokens are more than {self.tokens:,}"
        if held > room:
            return f"{held:,} tokens are over {self.share:.0%} of a window of {profile.window:,}"
        if budget.tokens is not None and held > budget.tokens:
            return f"{held:,} tokens exceed the budget of {budget.tokens:,.0f}"
        most = min((d for d in (self.dollars, budget.dollars) if d is not None), default=None)
        if most is not None and dollars is None:
            return f"what {profile.model or 'the model'} costs is not known"
        if most is not None and dollars is not None and dollars > most:
            return f"reading them costs ${dollars:.4f}, more than ${most:.4f}"
        return ""


def _price(profile: Profile) -> float | None:
    if profile.tokens is None or not profile.model:
        return None
    return prices.price(profile.model, Usage(profile.tokens, ANSWER_TOKENS))
