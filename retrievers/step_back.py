"""A more general question, searched beside the question itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers._rewriting import Rewriting, written
from crossover.roles import Model

INSTRUCTION = (
    "Step back from the question below: write one more general question whose answer would give "
    "the background needed for it (the principle, the period, the whole that it is part of). "
    "Write that question alone, on one line; do not answer it."
)


@dataclass(frozen=True, slots=True)
class StepBack(Rewriting):
    """Let the model ask a more general question, search for both and fuse the rankings.

    After step-back prompting (Zheng et al. 2023, arXiv 2310.06117), which retrieves for both
    questions; fusing by reciprocal rank is ours. One call a question.
    """

    max_tokens: Annotated[int, Ge(1)] = field(
        default=128, metadata={"help": "longest reply, in tokens"}
    )
    version: ClassVar[int] = 1

    def write(self, question: str, model: Model) -> list[str]:
        """Return the question and what the model wrote."""
        return [question, *written(question, INSTRUCTION, 1, self.max_tokens, model)]
