"""Several wordings of the question, searched together."""

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
    "The question below will be searched in a document that may use other words. Write {count} "
    "other wordings of it for the search: same meaning, different vocabulary. Write one per line "
    "and nothing else; do not answer the question."
)


@dataclass(frozen=True, slots=True)
class MultiQuery(Retriever):
    """Let the model reword the question, search for all wordings and fuse the rankings.

    As LangChain's multi-query retriever, with reciprocal rank fusion as in RAG-Fusion
    (arXiv 2402.03367). The question itself is always searched too. One call a question.
    """

    retriever: Retriever = field(default=Bm25(), metadata={"help": "what searches"})
    queries: Annotated[int, Ge(1)] = field(
        default=3, metadata={"help": "wordings besides the question's own"}
    )
    constant: Annotated[int, Ge(0)] = field(
        default=CONSTANT, metadata={"help": "what rank fusion adds to a rank"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest reply, in tokens"}
    )
    version: ClassVar[int] = 1
    composed: ClassVar[bool] = True

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents for the retriever that searches."""
        index = indexed(self.retriever, documents, chunker, model)
        return RewrittenIndex(index, documents, self._write, self.constant)

    def _write(self, question: str, model: Model) -> list[str]:
        instruction = INSTRUCTION.format(count=self.queries)
        return [question, *written(question, instruction, self.queries, self.max_tokens, model)]
