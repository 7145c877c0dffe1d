"""The sentences that a local model attends to, window after window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.compressors._attention import Attention
from crossover.compressors._attention_sentences import Sliding
from crossover.compressors._keeping import Unit, fill
from crossover.models._huggingface_network import Dtype
from crossover.roles import Compressor, Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class InfiniRetri(Compressor):
    """Slide a window over the text and carry on the sentences most attended to (InfiniRetri).

    After Ye et al. (2025, arXiv 2502.12962) and the package infini-retri: each step reads the
    sentences kept so far, the next window and the question; the last layer's attention from
    question to context, summed over heads and over ``phrase`` neighbours, names the ``top`` tokens,
    and their sentences are kept. In the end they fill the budget, best first; where they leave
    room, so do those that were dropped, by what they scored when last read.
    """

    model: str = field(
        default="Qwen/Qwen2.5-0.5B-Instruct",
        metadata={"help": "folder or hub id of the local model whose attention is read"},
    )
    window: Annotated[int, Ge(16)] = field(
        default=1024, metadata={"help": "tokens of new text in a step"}
    )
    top: Annotated[int, Ge(1)] = field(
        default=300, metadata={"help": "tokens whose sentences are carried on"}
    )
    phrase: Annotated[int, Ge(1)] = field(
        default=8, metadata={"help": "neighbouring tokens whose attention is summed"}
    )
    dtype: Dtype = field(
        default="auto", metadata={"help": "number format of the weights; auto: as they are stored"}
    )
    version: ClassVar[int] = 1

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Read all windows in order and keep the best sentences within the budget."""
        if not any(passage.text.strip() for passage in passages):
            return []
        attention = Attention(self.model, self.dtype)
        sliding = Sliding(attention, query, self.window, self.top, self.phrase)
        ranked = sliding.ranked(passages)
        attention.charge("sentences attended to")
        units = [Unit(*one.place, float(-rank)) for rank, one in enumerate(ranked)]
        return fill(passages, units, budget, model)
