"""Indexes that questions share: built once, billed to all, apart where a model shaped them."""

from dataclasses import dataclass

import pytest
from kept_indexes import CHUNKER, DOCUMENTS, FAKE, ask, forget

from crossover import catalog, meter
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.roles import Model, Retriever
from crossover.types import Document, Request, Usage


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of its own, and a shelf with nothing on it."""
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    forget(monkeypatch)
    return tmp_path / "cache"


@dataclass(frozen=True, slots=True)
class Told(Retriever):
    """Asks the model what to index."""

    kept: bool = True

    def index(self, documents, chunker, model):
        said = model.complete(Request("Summarise.")).text
        return Bm25().index([Document("d", said)], chunker, model)


def test_an_index_that_a_model_had_a_hand_in_is_that_models(monkeypatch):
    for reply in ("bridge", "harbour", "bridge"):
        model = catalog.load(Model, f"fake(reply={reply})")
        with meter.metered() as bill:
            found = indexed(Told(), DOCUMENTS, CHUNKER, model).search("x", 1, model)
        assert found[0].text == reply
        assert bill.indexing.calls == 1
        assert bill.usage.calls == 0


@dataclass(frozen=True, slots=True)
class Outer(Retriever):
    """Searches an index of another retriever."""

    inner: Retriever = Dense()

    def index(self, documents, chunker, model):
        return indexed(self.inner, documents, chunker, model)


def test_an_index_within_an_index_is_part_of_its_cost():
    _, alone = ask()
    _, around = ask(Outer())
    assert around.indexing.input_tokens == alone.indexing.input_tokens
    assert around.indexing.compute_seconds >= alone.indexing.compute_seconds


class Counting(Bm25):
    built = 0

    def index(self, documents, chunker, model):
        type(self).built += 1
        meter.current().charge(Usage(input_tokens=7, dollars=0.25))
        return super().index(documents, chunker, model)


def test_an_index_is_built_once_and_billed_to_everybody_who_searches_it():
    document = Document("d", "The bridge. " * 50)
    bills = []
    for _ in range(3):
        with meter.metered() as bill:
            indexed(Counting(), (document,), Tokens(), FAKE)
        bills.append(bill)
    assert Counting.built == 1
    assert {bill.indexing.dollars for bill in bills} == {0.25}
    assert {bill.indexing.input_tokens for bill in bills} == {7}
    assert all(bill.usage.dollars == 0 for bill in bills)
    with meter.metered(planning=True) as bill:
        first = indexed(Counting(), (document,), Tokens(10), FAKE).search("bridge", 3, FAKE)
    assert len(first) == 3
    assert Counting.built == 1
