"""Vector stores and retrievers of LangChain's and LlamaIndex's, plugged in by import path."""

import gc
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from plugged_in import Hashed
from towns import (
    CHUNKS,
    FAKE,
    HARBOUR,
    LANGCHAIN,
    LLAMA,
    MANY,
    QUERIES,
    TOWN,
    TOWNS,
    as_exact,
    built,
    searched,
)

from crossover import catalog, meter
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Retriever, Strategy
from crossover.types import Document

DOCS = Path(__file__).parents[1] / "docs" / "ecosystem.md"


def _code():
    """The LanceDB file that the docs show."""
    return next(
        c for c in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if "Lance" in c
    )


STORES = {
    "LangChain's store": f"langchain({LANGCHAIN}, batch=7)",
    "LangChain's Qdrant": (
        "langchain(langchain_qdrant.QdrantVectorStore, options=dict(location=:memory:, "
        f"collection_name=towns), {LANGCHAIN}, batch=7)"
    ),
    "a store of distances": f"langchain(plugged_in.Distances, {LANGCHAIN})",
    "a store without scores": f"langchain(plugged_in.Scoreless, {LANGCHAIN})",
    "a function over documents": f"langchain(plugged_in.stored, {LANGCHAIN})",
    "LlamaIndex's index": f"llama_index({LLAMA}, batch=7)",
    "LlamaIndex's vector store": (
        f"llama_index(llama_index.core.vector_stores.SimpleVectorStore, {LLAMA}, batch=7)"
    ),
    "a function over nodes": f"llama_index(plugged_in_llama_index.retriever, {LLAMA})",
    "a function giving an index": f"llama_index(plugged_in_llama_index.index, {LLAMA})",
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("k", [1, 4, 500])
def test_a_store_finds_what_an_exact_search_finds(store, k):
    query = "Who is the mayor of Ostrel?"
    found = searched(STORES[store], query, k)
    assert "Belo Trask" in found[0].text
    assert as_exact(found, query, k)


@pytest.mark.parametrize("store", STORES)
def test_a_store_copes_with_no_documents_empty_ones_and_empty_queries(store):
    index = built(STORES[store], (Document("empty", ""),))
    assert index.search("Who?", 3, FAKE) == []
    assert index.size() == 0
    assert searched(STORES[store], "Who?", documents=()) == []
    assert len(searched(STORES[store], "", 2)) == 2


def test_scores_of_a_distance_are_negated_whatever_k_is():
    alike, distant = (
        searched(f"langchain({path}, {LANGCHAIN})")
        for path in ("langchain_core.vectorstores.InMemoryVectorStore", "plugged_in.Distances")
    )
    assert [p.score for p in distant] == pytest.approx([p.score - 1 for p in alike])
    one = searched(f"langchain(plugged_in.Distances, {LANGCHAIN})", k=1)
    assert one[0].score == distant[0].score < 0


def test_embeddings_of_others_are_charged_at_the_price_that_is_given():
    bills = []
    for price in ("", ", embedding_price=0.5"):
        with meter.metered() as bill:
            searched(f"langchain(embeddings=plugged_in.Hashed{price})", "Who?")
        bills.append(bill.usage)
    assert bills[0].dollars is None
    assert bills[1].input_tokens > sum(len(d.text.split()) for d in TOWNS)
    assert bills[1].dollars == pytest.approx(bills[1].input_tokens * 0.5 / 1e6)
    assert bills[1].compute_seconds > 0


def test_adding_says_how_far_it_has_come_and_can_be_stopped():
    said = []
    with meter.watched(lambda *what: said.append(what)):
        searched(f"langchain({LANGCHAIN}, batch=5)")
        searched(f"llama_index({LLAMA}, batch=5)")
    count = len(CHUNKS.chunk(TOWN)) + len(CHUNKS.chunk(HARBOUR))
    assert said[0] == ("passages added", 5, count)
    assert said.count(("passages added", 5, count)) == 2

    def stop(*what):
        meter.stop()

    with pytest.raises(KeyboardInterrupt), meter.watched(stop):
        searched(f"langchain({LANGCHAIN}, batch=5)")


@pytest.fixture
def folder(tmp_path):
    """A folder for stores that wait for the disk at every step: in memory where that can be."""
    shared = Path("/dev/shm")
    if not shared.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=shared) as made:
        yield Path(made)


def test_qdrant_holds_thousands_of_passages_on_disk_and_opens_again(folder):
    pytest.importorskip("langchain_qdrant", reason="needs langchain-qdrant")
    chunker = Tokens(24)
    options = f'options=dict(collection_name=diaries, path="{folder}/{{documents}}")'
    filled = catalog.load(
        Retriever, f"langchain(langchain_qdrant.QdrantVectorStore, {options}, {LANGCHAIN})"
    )
    index = filled.index(MANY, chunker, FAKE)
    count = sum(len(chunker.chunk(document)) for document in MANY)
    assert count > 2000
    for query in QUERIES:
        assert as_exact(index.search(query, 5, FAKE), query, 5, MANY, chunker)
    del index
    gc.collect()
    opened = catalog.load(
        Retriever,
        "langchain(langchain_qdrant.QdrantVectorStore.from_existing_collection, "
        f"{options}, {LANGCHAIN})",
    )
    embedded = Hashed.passages
    again = opened.index(MANY, chunker, FAKE)
    assert Hashed.passages - embedded <= 1  # Qdrant asks for one vector to check the dimensions
    for query in QUERIES:
        assert as_exact(again.search(query, 5, FAKE), query, 5, MANY, chunker)
    del again
    gc.collect()
    # filling the same collection again replaces its passages instead of doubling them
    twice = filled.index(MANY[:1], chunker, FAKE)
    assert len(twice.search("ship", 10_000, FAKE)) == len(chunker.chunk(MANY[0]))


SECOND_PROCESS = """
import sys
sys.path[:0] = sys.argv[1:3]
from crossover import catalog
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Retriever
from plugged_in import Hashed
from towns import FAKE, MANY
retriever = catalog.load(Retriever, sys.argv[3])
found = retriever.index(MANY, Tokens(24), FAKE).search("the ship 13500 sailed", 5, FAKE)
assert Hashed.passages == 0, Hashed.passages
print([(p.document, p.start, p.end) for p in found])
"""


def test_lancedb_by_the_function_in_the_docs_opens_again_in_another_process(
    folder, tmp_path, monkeypatch
):
    pytest.importorskip("lancedb", reason="needs lancedb")
    (tmp_path / "my_lance.py").write_text(_code())
    monkeypatch.syspath_prepend(tmp_path)
    chunker = Tokens(24)
    options = f'options=dict(folder="{folder}/{{documents}}"), {LANGCHAIN}'
    index = catalog.load(Retriever, f"langchain(my_lance.filled, {options})").index(
        MANY, chunker, FAKE
    )
    found = index.search("the ship 13500 sailed", 5, FAKE)
    assert as_exact(found, "the ship 13500 sailed", 5, MANY, chunker)
    assert index.size() == sum(len(chunker.chunk(d)) for d in MANY) * 64 * 4
    text = f"langchain(my_lance.opened, {options})"
    done = subprocess.run(
        [sys.executable, "-c", SECOND_PROCESS, str(tmp_path), str(Path(__file__).parent), text],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([(p.document, p.start, p.end) for p in found])


def test_the_retrievers_in_the_docs_can_be_loaded():
    blocks = [yaml.safe_load(b) for b in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.S)]
    strategies = [s for block in blocks for s in block.get("strategies", ())]
    retrievers = [r for block in blocks for r in block.get("retriever", ())]
    assert len(strategies) >= 2
    assert len(retrievers) >= 4
    for text in retrievers:
        loaded = catalog.load(Retriever, text)
        assert catalog.load(Retriever, catalog.spec(loaded)) == loaded
    named = catalog.load(Strategy, strategies[1]).retriever
    assert named.options == "dict(collection_name=passages, path=qdrant/{documents})"
