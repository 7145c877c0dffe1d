"""Several wordings of the question, searched together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers._rewriting import Rewriting, written
from crossover.roles import Model

INSTRUCTION = (
    "The question below will be searched in a document that may use other words. Write {count} "
    "other wordings of it for the search: same meaning, different vocabulary. Write one per line "
    "and nothing else; do not answer the question."
)


@dataclass(frozen=True, slots=True)
class MultiQuery(Rewriting):
    """Let the model reword the question, search for all wordings and fuse the rankings.

    As LangChain's multi-query retriever, with reciprocal rank fusion as in RAG-Fusion
    (arXiv 2402.03367). The question itself is always searched too. One call a question.
    """

    queries: Annotated[int, Ge(1)] = field(
        default=3, metadata={"help": "wordings besides the question's own"}
    )
    version: ClassVar[int] = 1

    def write(self, question: str, model: Model) -> list[str]:
        """Return the question and what the model wrote."""
        instruction = INSTRUCTION.format(count=self.queries)
        return [question, *written(question, instruction, self.queries, self.max_tokens, model)]
