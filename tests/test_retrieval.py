from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import catalog, meter
from crossover.errors import ConfigError
from crossover.retrievers import _shelf
from crossover.retrievers._shelf import indexed
from crossover.retrievers._words import words
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.sentences import LONGEST, sentences
from crossover.tokens import PIECE, count_tokens, encoding, pieces
from crossover.types import Document

FAKE = catalog.load(catalog.KINDS["models"], "fake")
MIXED = st.text(st.sampled_from(" ab.é日🙂\n") | st.characters(codec="utf-8"), max_size=500)


@given(MIXED, st.integers(1, 12), st.data())
@settings(max_examples=150, deadline=None)
def test_chunks_have_exactly_the_size_and_overlap_asked(text, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    starts = Tokens()._starts(text)
    chunks = Tokens(size, overlap).chunk(Document("d", text))
    expected = [
        (starts[at], starts[at + size] if at + size < len(starts) else len(text))
        for at in range(0, max(len(starts) - overlap, min(len(starts), 1)), size - overlap)
    ]
    assert [(c.start, c.end) for c in chunks] == [(a, b) for a, b in expected if b > a]


def test_plain_text_chunks_count_as_asked():
    text = "The quick brown fox jumps over the lazy dog. " * 500
    chunks = Tokens(300, 50).chunk(Document("d", text))
    assert {count_tokens(chunk.text) for chunk in chunks[:-1]} == {300}
    for one, other in pairwise(chunks):
        assert count_tokens(text[other.start : one.end]) == 50
    plain = Tokens().chunk(Document("d", text))
    assert all(one.end == other.start for one, other in pairwise(plain))


def test_an_unknown_encoding_is_refused():
    with pytest.raises(ConfigError, match="o200k_base"):
        encoding("p50k_base")


@given(st.integers(0, 3), st.sampled_from(["word ", "x", "日", "\n"]))
@settings(max_examples=12, deadline=None)
def test_pieces_lose_nothing(times, unit):
    text = unit * (times * PIECE // len(unit) + 7)
    cut = pieces(text)
    assert "".join(cut) == text
    assert max(map(len, cut)) <= PIECE


@given(MIXED)
@settings(max_examples=150, deadline=None)
def test_sentences_come_in_order_and_leave_out_only_white_space(text):
    reached = 0
    for start, end in sentences(text):
        assert reached <= start < end <= len(text)
        assert not text[reached:start].strip()
        assert end - start <= LONGEST
        reached = end
    assert not text[reached:].strip()


def test_sentences_know_abbreviations():
    text = "Dr. Smith met Mrs. Jones at 5 p.m. on Main St. in Boston. They spoke."
    assert [text[a:b] for a, b in sentences(text)][-1] == "They spoke."
    assert text[slice(*sentences(text)[0])].startswith("Dr. Smith")


def test_lines_that_are_no_wrapping_are_sentences_of_their_own():
    wrapped = (
        "The mill was built in the year 1820 by a man from the next valley whose\nname was Lind."
    )
    text = (
        f"# The mill\n{wrapped}\n\nRents\n| mill | 1,200 |\n- one\n- two\nBuilt of stone\nand oak."
    )
    found = [text[a:b] for a, b in sentences(text)]
    assert found[:2] == ["# The mill", wrapped]
    assert found[2:6] == ["Rents", "| mill | 1,200 |", "- one", "- two"]


def test_words_not_characters_are_indexed():
    corpus = [
        "quantum physics lecture notes",
        "mutant aqua nutmeg aqua quant mutant",
        "the cat sat on a mat",
        "green apples and pears",
        "blue sky over town",
    ]
    documents = [Document(str(at), text) for at, text in enumerate(corpus)]
    index = Bm25().index(documents, Tokens(), FAKE)
    found = index.search("quantum", 5, FAKE)
    assert found[0].document == "0"
    assert [p.score > 0 for p in found] == [True, False, False, False, False]
    assert all(len(term) > 1 for term in index.engine.idf)


def test_words_are_stemmed_and_stop_words_left_out_unless_alone():
    assert words("The Bridges were built") == ["bridg", "built"]
    assert words("to be or the") == ["to", "be", "or", "the"]
    assert words("") == []


def test_dense_finds_what_shares_no_word():
    texts = ["The physician examined the patient.", "Stock prices fell.", "It rained on the hills."]
    documents = [Document(str(at), text) for at, text in enumerate(texts)]
    index = Dense().index(documents, Tokens(), FAKE)
    found = index.search("doctor in a hospital", 3, FAKE)
    assert found[0].document == "0"
    assert -1.001 <= found[-1].score <= found[0].score <= 1.001


def test_a_passage_longer_than_the_embedder_is_not_cut_off():
    import numpy as np

    filler = "The weather was mild and nothing happened. " * 80
    hidden = filler + "The treasure lies under the old oak tree."
    vectors, tokens = Dense().embed([filler, hidden], "test")
    assert tokens > 2 * 512
    assert float(np.dot(*vectors)) < 0.99999


def test_an_unknown_embedder_is_one_line():
    with pytest.raises(ConfigError, match="no/such-folder") as raised:
        Dense("no/such-folder").embed(["text"], "test")
    assert "\n" not in str(raised.value)


class Counting(Bm25):
    built = 0

    def index(self, documents, chunker, model):
        type(self).built += 1
        meter.current().charge(catalog_usage())
        return super().index(documents, chunker, model)


def catalog_usage():
    from crossover.types import Usage

    return Usage(input_tokens=7, dollars=0.25)


def test_an_index_is_built_once_and_billed_to_everybody_who_searches_it(monkeypatch):
    monkeypatch.setattr(_shelf, "_shelf", type(_shelf._shelf)())
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
