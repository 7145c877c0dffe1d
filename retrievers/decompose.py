"""The question's parts, searched one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers._rewriting import Rewriting, written
from crossover.roles import Model

INSTRUCTION = (
    "Which separate facts would one have to look up to answer the question below? Write at most "
    "{count} short questions, each about one of these facts and understandable by itself, one per "
    "line and nothing else. If the question asks for a single fact, repeat it unchanged."
)


@dataclass(frozen=True, slots=True)
class Decompose(Rewriting):
    """Let the model take the question apart, search for every part and fuse the rankings.

    Decomposition as in self-ask (Press et al. 2022, arXiv 2210.03350), but all parts at once: no
    part waits for another's answer. The question itself is always searched too. One call a
    question; rankings are fused by reciprocal rank.
    """

    questions: Annotated[int, Ge(1)] = field(
        default=3, metadata={"help": "parts at most, besides the question itself"}
    )
    version: ClassVar[int] = 1

    def write(self, question: str, model: Model) -> list[str]:
        """Return the question and what the model wrote."""
        instruction = INSTRUCTION.format(count=self.questions)
        return [question, *written(question, instruction, self.questions, self.max_tokens, model)]
