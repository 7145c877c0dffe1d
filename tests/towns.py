"""Documents that stores and retrievers of other libraries are tried on, and what they must find."""

from functools import cache
from itertools import pairwise

import numpy as np
from plugged_in import hashed

from crossover import catalog
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Model, Retriever
from crossover.types import Document

FAKE = catalog.load(Model, "fake(reply=Ada Varn)")
TOWN = Document(
    "town",
    "Ostrel lies on the river Mir. Its bridge was built by Ada Varn in 1902. "
    + "The market opens on Mondays and sells mostly cheese. " * 20
    + "The mayor of Ostrel is Belo Trask.",
)
HARBOUR = Document("harbour", "The harbour of Quill has nine cranes. " + "Gulls cry. " * 90)
TOWNS = (TOWN, HARBOUR)
CHUNKS = Tokens(40)
LANGCHAIN = "embeddings=plugged_in.Hashed, embedding_price=0"
LLAMA = "embeddings=plugged_in_llama_index.HashedEmbedding, embedding_price=0"


def built(text, documents=TOWNS):
    return catalog.load(Retriever, text).index(documents, CHUNKS, FAKE)


def searched(text, query="Who is the mayor of Ostrel?", k=4, documents=TOWNS):
    found = built(text, documents).search(query, k, FAKE)
    texts = {document.id: document.text for document in documents}
    assert all(texts[p.document][p.start : p.end] == p.text for p in found)
    assert all(a.score >= b.score for a, b in pairwise(found))
    return found


@cache
def _vectors(documents, chunker):
    chunks = [chunk for document in documents for chunk in chunker.chunk(document)]
    places = {(chunk.document, chunk.start): at for at, chunk in enumerate(chunks)}
    return places, np.array([hashed(chunk.text) for chunk in chunks])


def as_exact(found, query, k, documents=TOWNS, chunker=CHUNKS):
    """Whether these are the k of highest cosine; those of the same cosine may change places."""
    places, vectors = _vectors(documents, chunker)
    scores = vectors @ np.array(hashed(query))
    reached = [scores[places[p.document, p.start]] for p in found]
    assert len({(p.document, p.start) for p in found}) == len(found) == min(k, len(scores))
    return np.allclose(reached, np.sort(scores)[::-1][:k], atol=1e-5)


MANY = tuple(
    Document(
        f"diary-{year}",
        " ".join(
            f"On day {day} of {year} the ship {year * 7 + day} sailed from port {day * 31 % 977}."
            for day in range(1, 366)
        ),
    )
    for year in range(1900, 1908)
)


QUERIES = ["the ship 13500 sailed", "day 77 of 1904", "port 31"]
