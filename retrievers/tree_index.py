"""LlamaIndex's TreeIndex: summaries of neighbours, and of these again, searched from the top."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from annotated_types import Ge

from crossover import meter
from crossover.errors import DamagedIndex, MissingExtra
from crossover.retrievers._passages import Passages
from crossover.retrievers.dense import Dense
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage

if TYPE_CHECKING:
    from llama_index.core import TreeIndex as LlamaTree
    from llama_index.core.schema import NodeWithScore, QueryBundle

    from crossover.retrievers._tree_llama_index import Asked

SUMMARISE = "Summarise the passages in a few sentences; keep names, dates and figures."
CHOOSE = "Choose by number. Reply with ANSWER: and the numbers alone, best first."
ONE = (
    "Question: {query_str}\nSummaries 1 to {num_chunks}:\n{context_list}\n"
    "Which one most likely leads to the answer? Reply with ANSWER: and its number."
)
SEVERAL = (
    "Question: {query_str}\nSummaries 1 to {num_chunks}:\n{context_list}\nWhich lead to the "
    "answer? Reply with ANSWER: and at most {branching_factor} numbers, best first, with commas."
)
CHOICE_TOKENS = 64


@dataclass(frozen=True, slots=True)
class TreeIndex(Retriever):
    """LlamaIndex's TreeIndex: the model summarises ``children`` passages in a row, and so on up.

    A search goes down from the top along the ``branches`` best nodes of each level and returns the
    passages it comes to, never summaries. LlamaIndex's default is one branch, which finds one
    passage; here it is k, but no fewer than ``children``.
    It chooses by embedding (MiniLM), or asks the model at each level, which costs a call each and
    needs one that writes freely. Summaries are billed when the index is built.
    """

    children: Annotated[int, Ge(2)] = field(
        default=10, metadata={"help": "nodes that one summary covers"}
    )
    choose: Literal["embedding", "model"] = field(
        default="embedding", metadata={"help": "what chooses the way down"}
    )
    branches: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "nodes followed at each level [k, at least `children`]"}
    )
    summary_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest summary, in tokens"}
    )
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Have the model summarise level by level."""
        try:
            from llama_index.core import TreeIndex as LlamaTree
        except ImportError:
            raise MissingExtra("llama-index-core", "rag", "tree_index") from None
        from llama_index.core.prompts import PromptTemplate

        from crossover.retrievers._tree_llama_index import nodes_of

        passages = Passages.cut(documents, chunker)
        tree = LlamaTree(
            nodes_of(passages),
            llm=self._writer(model, len(passages)),
            summary_template=PromptTemplate("{context_str}"),
            num_children=self.children,
        )
        return TreeIndexed(self, passages, tree)

    def load(
        self, folder: Path, documents: Sequence[Document], chunker: Chunker, model: Model
    ) -> Index:
        """Open the index that was saved in a folder: no summary is written again."""
        from llama_index.core import StorageContext, load_index_from_storage

        passages = Passages.load(folder, documents)
        try:
            kept = StorageContext.from_defaults(persist_dir=str(folder))
            tree = load_index_from_storage(kept, llm=self._writer(model, 0))
        except (OSError, ValueError, KeyError) as error:
            raise DamagedIndex(f"the tree in {folder} cannot be read: {error}") from None
        # what embedding cost is part of what the index did
        with meter.metered():
            return TreeIndexed(self, passages, cast("LlamaTree", tree))

    def fingerprint(self) -> str:
        """What indexes depend on beside the options and the model."""
        return Dense().fingerprint()

    def _writer(self, model: Model, passages: int) -> Asked:
        from crossover.retrievers._tree_llama_index import Asked

        total = self._summaries(passages)
        return Asked(model, SUMMARISE, "summary", self.summary_tokens, total)

    def _summaries(self, nodes: int) -> int:
        """How many summaries a tree over so many passages has."""
        above = -(-nodes // self.children)
        return above + self._summaries(above) if nodes > self.children else 0


class TreeIndexed(Index):
    """Passages, and LlamaIndex's tree over them."""

    def __init__(self, options: TreeIndex, passages: Passages, tree: LlamaTree) -> None:
        from crossover.retrievers._tree_llama_index import Embedder

        self.options, self.passages, self.tree = options, passages, tree
        self.embedder = Embedder()
        # summaries are compared with every question: embedded now, all at once
        self.embedder.vectors([node.get_content() for node in tree.docstore.docs.values()])

    def size(self) -> int:
        """Bytes of the vectors of passages and summaries."""
        return self.embedder.size()

    def save(self, folder: Path) -> None:
        """Write the tree into a folder, as LlamaIndex does (JSON)."""
        self.passages.save(folder)
        self.tree.storage_context.persist(str(folder))

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the passages at the ends of the ways down, best first."""
        import numpy as np
        from llama_index.core.schema import QueryBundle

        from crossover.retrievers._tree_llama_index import place_of

        if not len(self.passages):
            return []
        question = self.embedder.get_query_embedding(query)
        asked = QueryBundle(query, embedding=question)
        branches = self.options.branches or max(k, self.options.children)
        found = self._ways_down(asked, branches, model)
        places = [place_of(node.node.node_id) for node in found]
        vectors = self.embedder.vectors([self.passages[at].text for at in places])
        scores = (vectors @ np.array(question)).round(6) if places else []
        best = sorted(zip(places, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
        return [replace(self.passages[at], score=float(score)) for at, score in best[:k]]

    def _ways_down(self, asked: QueryBundle, branches: int, model: Model) -> list[NodeWithScore]:
        from llama_index.core.indices.tree.select_leaf_embedding_retriever import (
            TreeSelectLeafEmbeddingRetriever,
        )
        from llama_index.core.indices.tree.select_leaf_retriever import TreeSelectLeafRetriever
        from llama_index.core.prompts import PromptTemplate

        from crossover.retrievers._tree_llama_index import Asked

        if self.options.choose == "embedding":
            return TreeSelectLeafEmbeddingRetriever(
                self.tree, embed_model=self.embedder, child_branch_factor=branches
            ).retrieve(asked)
        # the tree holds the model that wrote it; choosing is another request, maybe of another
        tree = copy.copy(self.tree)
        tree._llm = Asked(model, CHOOSE, "text", CHOICE_TOKENS)
        return TreeSelectLeafRetriever(
            tree,
            query_template=PromptTemplate(ONE),
            query_template_multiple=PromptTemplate(SEVERAL),
            child_branch_factor=branches,
        ).retrieve(asked)
