"""What users plug in by import path: embeddings without a model, stores, functions, retrievers."""

import zlib

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

SIZE = 64


def hashed(text):
    """A unit vector from the words of a text: the same in every process."""
    vector = np.full(SIZE, 1e-3)
    for word in text.lower().split():
        vector[zlib.crc32(word.strip(".,?").encode()) % SIZE] += 1
    return (vector / np.linalg.norm(vector)).tolist()


class Hashed(Embeddings):
    """Embeddings without a model; counts the passages that it was given."""

    passages = 0

    def embed_documents(self, texts):
        type(self).passages += len(texts)
        return [hashed(text) for text in texts]

    def embed_query(self, text):
        return hashed(text)


class Distances(InMemoryVectorStore):
    """A store whose scores are distances."""

    def similarity_search_with_score(self, query, k=4, **options):
        found = super().similarity_search_with_score(query, k, **options)
        return [(document, 1 - score) for document, score in found]


class Scoreless(InMemoryVectorStore):
    """A store that has no scores."""

    def similarity_search_with_score(self, query, k=4, **options):
        raise NotImplementedError

    def similarity_search(self, query, k=4, **options):
        return [document for document, _ in super().similarity_search_with_score(query, k)]


class Down(InMemoryVectorStore):
    """A store that cannot be reached when it is searched."""

    def similarity_search_with_score(self, query, k=4, **options):
        raise ConnectionError("connection refused\nby the server")


class Held(BaseRetriever):
    """A retriever over texts of its own, as it finds them."""

    texts: list[str]

    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(text) for text in self.texts]


def held(texts):
    return Held(texts=texts)


def first_chunks(documents, how_many=1):
    return Held(texts=[d.page_content for d in documents[:how_many]])


def stored(documents, embedding):
    return InMemoryVectorStore.from_documents(documents, embedding).as_retriever()


def needing(region):
    return held([region])


def nothing():
    return {"not": "a retriever"}


def breaking():
    raise RuntimeError("no disk")


class Unfit(VectorStore):
    """A store whose constructor refuses."""

    @classmethod
    def from_texts(cls, texts, embedding, metadatas=None, **options):
        raise ValueError("dimension must be\n  positive")

    def similarity_search(self, query, k=4, **options):
        return []


instance = Held(texts=["Its bridge was built by Ada Varn in 1902."])
