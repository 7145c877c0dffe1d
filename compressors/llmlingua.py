"""Tokens that a small language model does not expect, by LLMLingua."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.compressors._lingua import Pruning, by_perplexity
from crossover.compressors._lingua_places import Forced
from crossover.roles import Compressor, Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class LLMLingua(Compressor):
    """Drop the tokens that a small language model finds predictable; the question is not used.

    LLMLingua (Jiang et al. 2023) by Microsoft's ``llmlingua`` with its defaults: passages by
    perplexity first, then tokens in windows. It may miss the budget; a text that no token budget
    reaches is returned as near as it comes. Windows are evened out, so that short texts and the
    last window are compressed too, which the library leaves whole.
    """

    model: str = field(
        default="NousResearch/Llama-2-7b-hf",
        metadata={"help": "causal language model: hub id, folder or `packaged`"},
    )
    iterative_size: Annotated[int, Ge(10)] = field(
        default=200, metadata={"help": "most tokens of a window"}
    )
    context_filter: bool = field(
        default=True, metadata={"help": "drop whole passages first where there are several"}
    )
    context_budget: Annotated[int, Ge(0)] = field(
        default=100, metadata={"help": "tokens above the target that whole passages may have"}
    )
    force_tokens: tuple[str, ...] = field(
        default=(), metadata={"help": "words and characters that always stay"}
    )
    force_reserve_digit: bool = field(default=False, metadata={"help": "keep every number"})
    force_negations: bool = field(default=False, metadata={"help": "keep not, no, never, …"})
    force_names: bool = field(default=False, metadata={"help": "keep what looks like a name"})
    passes: Annotated[int, Ge(1)] = field(
        default=4, metadata={"help": "most runs to come within 5 % of the budget"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1
    ignores_question: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Prune the passages with the small model; raises ConfigError where there is none."""
        forced = Forced(
            self.force_tokens, self.force_reserve_digit, self.force_negations, self.force_names
        )
        return by_perplexity(
            Pruning(self.model, forced, self.passes, self.threads),
            "",
            passages,
            budget,
            model,
            iterative_size=self.iterative_size,
            use_context_level_filter=self.context_filter,
            context_budget=f"+{self.context_budget}",
            rank_method="llmlingua",
        )
