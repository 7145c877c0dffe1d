"""The same for LlamaIndex, which is imported only where it is used."""

from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from plugged_in import hashed


class HashedEmbedding(BaseEmbedding):
    def _get_query_embedding(self, query):
        return hashed(query)

    async def _aget_query_embedding(self, query):
        return hashed(query)

    def _get_text_embedding(self, text):
        return hashed(text)


class HeldNodes(BaseRetriever):
    def __init__(self, texts):
        super().__init__()
        self.texts = texts

    def _retrieve(self, query_bundle):
        return [NodeWithScore(node=TextNode(text=text)) for text in self.texts]


def retriever(nodes, embed_model):
    return VectorStoreIndex(nodes, embed_model=embed_model).as_retriever(similarity_top_k=1)


def index(nodes, embed_model):
    return VectorStoreIndex(nodes, embed_model=embed_model)


def held(texts):
    return HeldNodes(texts)
