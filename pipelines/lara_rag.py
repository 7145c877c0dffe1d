"""LaRA's published RAG arm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.sentence import Sentence
from crossover.retrievers.dense import Dense
from crossover.retrievers.rerankers.reader import ReaderReranker
from crossover.roles import Chunker, Model, Reranker, Retriever, Retrieving
from crossover.types import Answer, Passage, Question


@dataclass(frozen=True, slots=True)
class LaraRag(Retrieving):
    """The RAG of LaRA (Li et al., ICML 2025): 2 dense and 3 BM25 passages, in a reranker's order.

    Chunks of 600 tokens with 100 of overlap, as published; a passage that both find is shown once.
    Different by default: the packaged embedder and reranker instead of gte-enzh-emb-large-v1.5
    (which cuts chunks off at 512 tokens) and gte-rerank-large-v1.5; our tokens, sentences and BM25
    instead of LlamaIndex's; and our prompt, which shows passages as every strategy's does.
    """

    dense: Retriever = field(default=Dense(), metadata={"help": "the embedder's search"})
    sparse: Retriever = field(default=Bm25(), metadata={"help": "the word search"})
    dense_passages: Annotated[int, Ge(1)] = field(default=2, metadata={"help": "found by `dense`"})
    sparse_passages: Annotated[int, Ge(1)] = field(
        default=3, metadata={"help": "found by `sparse`"}
    )
    reranker: Reranker = field(
        default=ReaderReranker(weight=1.0), metadata={"help": "orders what both have found"}
    )
    chunker: Chunker = field(
        default=Sentence(size=600, overlap=100), metadata={"help": "how documents are cut"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    version: ClassVar[int] = 1

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the passages that are found, the reranker's best first."""
        passages = self.retrieve(question, model)
        return ask(question, model, passages, FROM_PASSAGES, self.max_tokens)

    def retrieve(self, question: Question, model: Model) -> list[Passage]:
        """Find passages both ways and order them; best first."""
        dense, sparse = (
            indexed(retriever, question.documents, self.chunker, model)
            for retriever in (self.dense, self.sparse)
        )
        if meter.current().planning:
            together = self.dense_passages + self.sparse_passages
            return sparse.search(question.text, together, model)
        found = dense.search(question.text, self.dense_passages, model)
        places = {(passage.document, passage.start, passage.end) for passage in found}
        for passage in sparse.search(question.text, self.sparse_passages, model):
            if (passage.document, passage.start, passage.end) not in places:
                found.append(passage)
        ranked = self.reranker.rerank(question.text, found, model)
        return self.chunker.widen(ranked, question.documents)
