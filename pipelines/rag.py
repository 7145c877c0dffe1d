"""Retrieval-augmented generation: only the passages that fit the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval

from crossover import meter
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.pipelines._compressing import compressed
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.selectors.top import Top
from crossover.roles import Chunker, Compressor, Model, Reranker, Retriever, Retrieving, Selector
from crossover.types import Answer, Document, Passage, Question

Order = Literal["document", "score", "reverse", "ends_first"]


@dataclass(frozen=True, slots=True)
class Rag(Retrieving):
    """Cut the documents into chunks, retrieve the best for the question, answer from them.

    ``order``: by position in the documents (as in OP-RAG, arXiv 2409.01666), best first, best
    last, or best at both ends and worst in the middle (against "lost in the middle").
    """

    retriever: Retriever = field(default=Bm25(), metadata={"help": "how passages are found"})
    k: Annotated[int, Ge(1)] = field(default=8, metadata={"help": "passages shown to the model"})
    order: Order = field(default="document", metadata={"help": "order of the passages"})
    chunker: Chunker = field(default=Tokens(), metadata={"help": "how documents are cut"})
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    reranker: Reranker | None = field(
        default=None, metadata={"help": "how found passages are ordered anew"}
    )
    selector: Selector = field(
        default=Top(), metadata={"help": "how many and which of them are shown"}
    )
    candidates: Annotated[int, Ge(1)] | None = field(
        default=None,
        metadata={"help": "passages found for reranker and selector [k, with either 4 k]"},
    )
    compressor: Compressor | None = field(
        default=None, metadata={"help": "how the passages shown are shortened"}
    )
    rate: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.5, metadata={"help": "share of their tokens that the compressor keeps"}
    )
    version: ClassVar[int] = 2

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the passages that are found."""
        return self.answer_from(self.retrieve(question, model), question, model)

    def answer_from(self, found: Sequence[Passage], question: Question, model: Model) -> Answer:
        """Answer from passages that come best first: order, compress, ask."""
        passages = ordered(found, self.order, question.documents)
        if not self.compressor:
            return ask(question, model, passages, FROM_PASSAGES, self.max_tokens)
        kept, done = compressed(self.compressor, question.text, passages, self.rate, model)
        answer = ask(question, model, kept, FROM_PASSAGES, self.max_tokens)
        return replace(answer, compression=done)

    def retrieve(self, question: Question, model: Model) -> list[Passage]:
        """Find passages, rerank, select and widen them; best first."""
        index = indexed(self.retriever, question.documents, self.chunker, model)
        chooses = self.reranker is not None or self.selector != Top()
        candidates = self.candidates or (4 * self.k if chooses else self.k)
        found = index.search(question.text, candidates, model)
        if self.reranker and not meter.current().planning:
            found = self.reranker.rerank(question.text, found, model)
        chosen = self.selector.select(question.text, found, self.k, model)
        return self.chunker.widen(chosen, question.documents)


def ordered(found: Sequence[Passage], order: Order, documents: Sequence[Document]) -> list[Passage]:
    """Order passages that come best first."""
    if order == "document":
        places = {document.id: at for at, document in enumerate(documents)}
        return sorted(found, key=lambda passage: (places[passage.document], passage.start))
    if order == "reverse":
        return list(reversed(found))
    if order == "ends_first":
        return [*found[::2], *reversed(found[1::2])]
    return list(found)
