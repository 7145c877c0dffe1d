"""Tokens that the question makes likely, in the documents that make the question likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval

from crossover.compressors import _lingua_loading as loading
from crossover.compressors._lingua import TokenPruner, by_perplexity
from crossover.roles import Model
from crossover.types import Passage

WITHOUT_QUESTION = "What do the documents say?"


@dataclass(frozen=True, slots=True)
class LongLLMLingua(TokenPruner):
    """Rank documents by how likely they make the question, then prune their tokens against it.

    LongLLMLingua (Jiang et al. 2024) by Microsoft's ``llmlingua`` with its published settings:
    best documents first, dynamic ratios, contrastive token scores. A passage longer than
    ``document_tokens`` is cut into documents between sentences. It may miss the budget.
    """

    document_tokens: Annotated[int, Ge(20)] = field(
        default=400, metadata={"help": "most tokens of a document; half the window at most"}
    )
    reorder: Literal["sort", "original", "two_stage"] = field(
        default="sort", metadata={"help": "order of documents: best first, or as they stood"}
    )
    dynamic_ratio: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.3, metadata={"help": "how much more of the best documents is kept; 0: the same"}
    )
    condition_compare: bool = field(
        default=True, metadata={"help": "score tokens with against without the question"}
    )
    condition: Literal["after", "before"] = field(
        default="after", metadata={"help": "rank by the question after, or the document after it"}
    )
    iterative_size: Annotated[int, Ge(10)] = field(
        default=200, metadata={"help": "most tokens of a window"}
    )
    context_budget: Annotated[int, Ge(0)] = field(
        default=100, metadata={"help": "tokens above the target that whole documents may have"}
    )
    version: ClassVar[int] = 1

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Prune the passages for the question; raises ConfigError where there is no small model."""
        compare = "_condition" if self.condition_compare else ""
        return by_perplexity(
            self.pruning,
            query if query.strip() else WITHOUT_QUESTION,
            passages,
            budget,
            model,
            self.document_tokens,
            iterative_size=self.iterative_size,
            condition_in_question=self.condition + compare,
            reorder_context=self.reorder,
            dynamic_context_compression_ratio=self.dynamic_ratio,
            condition_compare=self.condition_compare,
            context_budget=f"+{self.context_budget}",
            rank_method="longllmlingua",
        )

    def recover(self, answer: str, source: Sequence[Passage], kept: Sequence[Passage]) -> str:
        """Put the source's words for those of an answer that pruning has cut short.

        The paper's subsequence recovery, for what a model wrote on the ``kept`` passages of
        ``source``.
        """
        if not answer.split():
            return answer
        texts = ["\n\n".join(p.text for p in passages) for passages in (source, kept)]
        pruner = loading.causal(self.model)
        with loading.running:
            return str(pruner.recover(*texts, " ".join(answer.split())))
