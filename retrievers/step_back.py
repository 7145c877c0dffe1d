"""A more general question, searched beside the question itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.retrievers._fusion import CONSTANT
from crossover.retrievers._rewriting import RewrittenIndex, written
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document

INSTRUCTION = (
    "Step back from the question below: write one more general question whose answer would give "
    "the background needed for it (the principle, the period, the whole that it is part of). "
    "Write that question alone, on one line; do not answer it."
)


@dataclass(frozen=True, slots=True)
class StepBack(Retriever):
    """Let the model ask a more general question, search for both and fuse the rankings.

    After step-back prompting (Zheng et al. 2023, arXiv 2310.06117), which retrieves for both
    questions; fusing by reciprocal rank is ours. One call a question.
    """

    retriever: Retriever = field(default=Bm25(), metadata={"help": "what searches"})
    constant: Annotated[int, Ge(0)] = field(
        default=CONSTANT, metadata={"help": "what rank fusion adds to a rank"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=128, metadata={"help": "longest reply, in tokens"}
    )
    version: ClassVar[int] = 1
    composed: ClassVar[bool] = True

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents for the retriever that searches."""
        index = indexed(self.retriever, documents, chunker, model)
        return RewrittenIndex(index, documents, self._write, self.constant)

    def _write(self, question: str, model: Model) -> list[str]:
        return [question, *written(question, INSTRUCTION, 1, self.max_tokens, model)]
