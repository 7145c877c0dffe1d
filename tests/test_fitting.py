"""Whole documents in a window that is too small: what stands near the ends is kept."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover import load_model
from crossover.pipelines import _fitting
from crossover.types import Document

TEXTS = st.lists(st.text("ab .\n", min_size=1, max_size=400), min_size=1, max_size=5)


def by_counting_all(documents, room, overflow, model):
    """The places of the pieces that fit, found by cutting and counting everything."""
    pieces = [(at, piece) for at, d in enumerate(documents) for piece in _fitting.PIECE.chunk(d)]
    shares = {"middle": (room // 2, room - room // 2), "tail": (room, 0), "head": (0, room)}
    kept = set()
    for left, order in zip(shares[overflow], (pieces, pieces[::-1]), strict=True):
        for at, piece in order:
            left -= model.count(piece.text)
            if left < 0:
                break
            kept.add((at, piece.start))
    return [piece for at, piece in pieces if (at, piece.start) in kept]


@given(TEXTS, st.integers(0, 400), st.sampled_from(["middle", "tail", "head"]))
def test_what_is_kept_is_what_counting_everything_would_keep(texts, room, overflow):
    model = load_model("fake")
    documents = [Document(f"d{at}", text) for at, text in enumerate(texts)]
    with patch.object(_fitting, "PIECE", _fitting.Tokens(size=7)):
        found = _fitting._kept(documents, room, overflow, model)
        assert found == by_counting_all(documents, room, overflow, model)


@pytest.mark.parametrize("overflow", ["middle", "tail", "head"])
def test_of_a_large_corpus_only_the_ends_are_cut(overflow):
    model = load_model("fake")
    documents = [Document(f"d{at:03}", f"page {at} " * 150) for at in range(200)]
    cut = []
    chunk = _fitting.Tokens.chunk

    def counted(self, document):
        cut.append(document.id)
        return chunk(self, document)

    with patch.object(_fitting.Tokens, "chunk", counted):
        passages, said = _fitting.fit(documents, 1000, overflow, model)
    assert len(cut) <= 8
    assert "cut at the" in said
    assert sum(model.count(one.text) for one in passages) <= 1000
