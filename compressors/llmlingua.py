"""Tokens that a small language model does not expect, by LLMLingua."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.compressors._lingua import TokenPruner, by_perplexity
from crossover.roles import Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class LLMLingua(TokenPruner):
    """Drop the tokens that a small language model finds predictable; the question is not used.

    LLMLingua (Jiang et al. 2023) by Microsoft's ``llmlingua`` with its defaults: passages by
    perplexity first, then tokens in windows. It may miss the budget; a text that no token budget
    reaches is returned as near as it comes. Windows are evened out, so that short texts and the
    last window are compressed too, which the library leaves whole.
    """

    iterative_size: Annotated[int, Ge(10)] = field(
        default=200, metadata={"help": "most tokens of a window"}
    )
    context_filter: bool = field(
        default=True, metadata={"help": "drop whole passages first where there are several"}
    )
    context_budget: Annotated[int, Ge(0)] = field(
        default=100, metadata={"help": "tokens above the target that whole passages may have"}
    )
    version: ClassVar[int] = 1
    ignores_question: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Prune the passages with the small model; raises ConfigError where there is none."""
        return by_perplexity(
            self.pruning,
            "",
            passages,
            budget,
            model,
            iterative_size=self.iterative_size,
            use_context_level_filter=self.context_filter,
            context_budget=f"+{self.context_budget}",
            rank_method="llmlingua",
        )
