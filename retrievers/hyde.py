"""A passage that the model invents, searched instead of the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.abstention import abstains
from crossover.retrievers._rewriting import AveragedIndex, Rewriting, said
from crossover.retrievers._shelf import indexed
from crossover.retrievers.dense import Dense
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Completion, Document, Request

INSTRUCTION = (
    "Write a short passage, as it might stand in the document, that answers the question below. "
    "Invent names, numbers and details where you do not know them. Write the passage alone."
)


@dataclass(frozen=True, slots=True)
class Hyde(Rewriting):
    """Let the model invent passages that would answer, and search for what resembles them.

    HyDE (Gao et al. 2022, arXiv 2212.10496): embeddings of the invented passages and of the
    question are averaged and searched once; a retriever other than ``dense`` searches for each, and
    the rankings are fused by reciprocal rank. The authors invent 8 passages of at most 512
    tokens at temperature 0.7; one here, for its cost. One call a passage.
    """

    retriever: Retriever = field(default=Dense(), metadata={"help": "what searches"})
    passages: Annotated[int, Ge(1)] = field(
        default=1, metadata={"help": "passages invented; the paper's number is 8"}
    )
    temperature: Annotated[float, Ge(0)] = field(
        default=0.7, metadata={"help": "how freely they are invented"}
    )
    seed: int = field(default=0, metadata={"help": "seed of the first passage; the next's is + 1"})
    max_tokens: Annotated[int, Ge(1)] = field(
        default=512, metadata={"help": "longest passage, in tokens"}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents for the retriever that searches."""
        index = indexed(self.retriever, documents, chunker, model)
        return AveragedIndex(index, documents, self.write, self.constant)

    def write(self, question: str, model: Model) -> list[str]:
        """Return the question and the invented passages."""
        requests = [
            Request(
                INSTRUCTION,
                question,
                wants="text",
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                seed=self.seed + number,
            )
            for number in range(self.passages)
        ]
        replies = model.complete_many(requests)
        invented = [" ".join(reply.text.split()) for reply in replies if _invents(reply)]
        return [question, *said(invented, [reply.text for reply in replies])]


def _invents(reply: Completion) -> bool:
    return bool(reply.text.strip()) and not reply.declined and not abstains(reply.text)
