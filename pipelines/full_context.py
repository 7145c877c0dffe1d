"""Long context: the whole documents in the prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.pipelines._fitting import Overflow, fit
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question

# instruction, delimiters and chat template around the documents
OVERHEAD = 200


@dataclass(frozen=True, slots=True)
class FullContext(Strategy):
    """Show the model everything; what exceeds its window is cut as told, and said so."""

    overflow: Overflow = field(
        default="middle", metadata={"help": "what to cut when the window overflows, or fail"}
    )
    window: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "tokens to use at most; none: the model's own window"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    version: ClassVar[int] = 1

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the whole documents; raises WindowError where they may not be cut."""
        window = min(self.window or model.window, model.window)
        asked = sum(map(model.count, (question.text, *question.choices)))
        room = window - self.max_tokens - OVERHEAD - asked
        passages, cut = fit(question.documents, room, self.overflow, model)
        return ask(question, model, passages, FROM_PASSAGES, self.max_tokens, cut)
