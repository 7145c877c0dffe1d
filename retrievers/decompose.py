"""The question's parts, searched one by one."""

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
    "Which separate facts would one have to look up to answer the question below? Write at most "
    "{count} short questions, each about one of these facts and understandable by itself, one per "
    "line and nothing else. If the question asks for a single fact, repeat it unchanged."
)


@dataclass(frozen=True, slots=True)
class Decompose(Retriever):
    """Let the model take the question apart, search for every part and fuse the rankings.

    Decomposition as in self-ask (Press et al. 2022, arXiv 2210.03350), but all parts at once: no
    part waits for another's answer. The question itself is always searched too. One call a
    question; rankings are fused by reciprocal rank.
    """

    retriever: Retriever = field(default=Bm25(), metadata={"help": "what searches"})
    questions: Annotated[int, Ge(1)] = field(
        default=3, metadata={"help": "parts at most, besides the question itself"}
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
        instruction = INSTRUCTION.format(count=self.questions)
        return [question, *written(question, instruction, self.questions, self.max_tokens, model)]
