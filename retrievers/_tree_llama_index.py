"""Our embedder and models as LlamaIndex wants them; imported only where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

from crossover import meter
from crossover.retrievers.dense import Dense
from crossover.roles import Model
from crossover.types import Passage, Request, Usage, Wants

BATCH = 512


def nodes_of(passages: Sequence[Passage]) -> list[TextNode]:
    """Turn passages into nodes that know the one before and after in their document.

    A node's id is ``passage`` and its place, from which ``place_of`` leads back: no span can drift.
    """
    nodes = [TextNode(id_=f"passage {at}", text=p.text) for at, p in enumerate(passages)]
    for at in range(1, len(nodes)):
        if passages[at - 1].document == passages[at].document:
            before, after = nodes[at - 1], nodes[at]
            after.relationships[NodeRelationship.PREVIOUS] = RelatedNodeInfo(node_id=before.id_)
            before.relationships[NodeRelationship.NEXT] = RelatedNodeInfo(node_id=after.id_)
    return nodes


def place_of(node_id: str) -> int:
    """Return which passage a node of ``nodes_of`` stands for."""
    return int(node_id.removeprefix("passage "))


class Embedder(BaseEmbedding):
    """The packaged MiniLM, through the dense retriever; no indexed text is embedded twice."""

    _known: dict[str, np.ndarray[Any, Any]] = PrivateAttr(default_factory=dict)

    def __init__(self) -> None:
        super().__init__(model_name="minilm", embed_batch_size=BATCH)

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Unit vectors of texts that are or become indexed, one row each."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors, tokens = Dense().embed(new, "passages embedded")
            meter.current().charge(Usage(input_tokens=tokens))
            self._known.update(zip(new, vectors, strict=True))
        return np.array([self._known[text] for text in texts])

    def size(self) -> int:
        """Bytes of the vectors."""
        return sum(vector.nbytes for vector in self._known.values())

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[*map(float, vector)] for vector in self.vectors(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return [*map(float, Dense().embed([query], "question embedded")[0][0])]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class Asked(CustomLLM):
    """A model of ours: what LlamaIndex asks of it goes as one passage under our instruction."""

    _model: Model = PrivateAttr()
    _request: Request = PrivateAttr()
    _done: int = PrivateAttr(default=0)
    _total: int = PrivateAttr(default=0)

    def __init__(
        self, model: Model, instruction: str, wants: Wants, max_tokens: int, total: int = 0
    ) -> None:
        super().__init__()
        self._model, self._total = model, total
        self._request = Request(instruction, wants=wants, max_tokens=max_tokens)

    @property
    def metadata(self) -> LLMMetadata:
        """The window, within which LlamaIndex cuts what it asks."""
        output = self._request.max_tokens
        # a model whose window holds no more than a reply says so itself
        return LLMMetadata(
            context_window=max(self._model.window, 4 * output), num_output=output, model_name="own"
        )

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Ask the model; it charges itself, and its errors pass through."""
        if self._total:
            meter.working("summaries written", min(self._done, self._total), self._total)
            self._done += 1
        asked = self._request
        if asked.wants == "text":
            request = Request(
                asked.instruction, prompt, wants=asked.wants, max_tokens=asked.max_tokens
            )
        else:
            passage = Passage("", 0, 0, prompt)
            request = Request(
                asked.instruction,
                passages=(passage,),
                wants=asked.wants,
                max_tokens=asked.max_tokens,
            )
        return CompletionResponse(text=self._model.complete(request).text)

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """Yield the whole reply at once."""
        yield self.complete(prompt, formatted, **kwargs)
