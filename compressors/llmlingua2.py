"""Words that a trained classifier keeps, whatever the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval, MaxLen

from crossover.compressors._lingua import TokenPruner, by_classifier
from crossover.roles import Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class LLMLingua2(TokenPruner):
    """Keep the words that a token classifier, distilled from a large model, would keep.

    LLMLingua-2 (Pan et al. 2024) by Microsoft's ``llmlingua``: chunks of up to 512 tokens, the
    words above a percentile of each. The question is not used. ``context_filter`` drops whole
    passages first (of longer ones, chunks).
    """

    model: str = field(
        default="microsoft/llmlingua-2-xlm-roberta-large-meetingbank",
        metadata={"help": "token classifier: hub id, folder or `packaged`"},
    )
    force_tokens: Annotated[tuple[str, ...], MaxLen(100)] = field(
        default=("\n", "?"), metadata={"help": "words and characters that always stay"}
    )
    drop_consecutive: bool = field(
        default=False, metadata={"help": "keep one of several equal forced tokens in a row"}
    )
    token_to_word: Literal["mean", "first"] = field(
        default="mean", metadata={"help": "which of its tokens speak for a word"}
    )
    context_filter: bool = field(
        default=False, metadata={"help": "drop whole passages first where there are several"}
    )
    context_rate: Annotated[float, Interval(gt=0, le=1)] = field(
        default=1.0, metadata={"help": "share of passages it keeps; 1: half way to the words' rate"}
    )
    passes: Annotated[int, Ge(1)] = field(
        default=12, metadata={"help": "most tries of a rate; each text is read but once"}
    )
    version: ClassVar[int] = 1
    ignores_question: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Prune the passages with the classifier; raises ConfigError where there is none."""
        return by_classifier(
            self.pruning,
            passages,
            budget,
            model,
            drop_consecutive=self.drop_consecutive,
            token_to_word=self.token_to_word,
            use_context_level_filter=self.context_filter,
            context_level_rate=self.context_rate,
        )
