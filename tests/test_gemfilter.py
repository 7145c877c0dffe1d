"""GemFilter on tiny models with random weights: mechanics, never quality."""

import pytest
from attention_models import tiny
from attention_texts import FAKE, NEEDLE, QUESTION, TOWN, whole

from crossover.compressors._attention import Attention
from crossover.compressors._attention_tokens import Tokens, widened
from crossover.compressors._keeping import Unit
from crossover.compressors.gemfilter import GemFilter
from crossover.errors import WindowError
from crossover.models.huggingface import HuggingFace


def _peaked(wanted):
    """A stand-in for ``look`` that finds the tokens of ``wanted``, and what it was asked for."""
    import torch

    asked = []
    goal = Attention(tiny("llama")).encode(f" {wanted}")[0]

    def look(self, ids, layer, take):
        asked.append(list(ids))
        found = torch.zeros(len(ids))
        for at in range(len(ids)):
            if ids[at : at + len(goal)] == goal:
                found[at : at + len(goal)] = 1.0
        return found

    return look, asked


def test_filtering_keeps_the_best_tokens_of_all_pieces_in_their_order(monkeypatch):
    look, asked = _peaked(NEEDLE)
    monkeypatch.setattr(Attention, "look", look)
    attention = Attention(tiny("llama"))
    filtering = GemFilter(tiny("llama"), window=100, kernel=1)
    [kept] = filtering.compress(QUESTION, [whole(TOWN)], FAKE.count(NEEDLE), FAKE)
    assert kept.text == NEEDLE
    assert TOWN[kept.start : kept.end] == NEEDLE
    first, between, question = attention.framed(QUESTION)
    after = [*between, *question]
    assert len(asked) > 3
    assert all(ids[: len(first)] == first and ids[-len(after) :] == after for ids in asked)
    pieces = [ids[len(first) : -len(after)] for ids in asked]
    assert [token for piece in pieces for token in piece] == attention.encode(TOWN)[0]
    assert max(map(len, pieces)) <= 100 < sum(map(len, pieces))
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


def test_pieces_fit_the_window_with_the_question(monkeypatch):
    look, asked = _peaked(NEEDLE)
    monkeypatch.setattr(Attention, "look", look)
    folder = tiny("llama", max_position_embeddings=150)
    GemFilter(folder).compress(QUESTION, [whole(TOWN)], 20, FAKE)
    assert max(map(len, asked)) <= 150
    with pytest.raises(WindowError, match="the question leaves none of its window of 150 tokens"):
        GemFilter(folder).compress("Who? " * 200, [whole(TOWN)], 20, FAKE)


def test_neighbours_are_averaged(monkeypatch):
    import torch

    at = 40
    monkeypatch.setattr(Attention, "look", lambda self, ids, *_: torch.eye(len(ids))[at + 1])
    text = " ".join(f"w{n}" for n in range(60))
    attention = Attention(tiny("llama"))
    places = Tokens.of([whole(text)], attention).places
    filtering = GemFilter(tiny("llama"), kernel=5)
    kept = filtering.compress("", [whole(text)], 5, HuggingFace(tiny("llama")))
    shown = {(p.start, p.end) for p in kept[0].pieces}
    # the beginning token comes first, so place 41 of the input is token 40 of the text
    expected = {place[1:] for place in places[at - 2 : at + 3] if place}
    assert all(any(a <= s and e <= b for a, b in shown) for s, e in expected)
    assert len(kept[0].text) <= 16


def test_whole_words_can_be_kept(monkeypatch):
    text = "In 1902 Ada Varn spent 14,000 crowns, not 41,000. " + "字" * 60
    words = widened([whole(text)], [Unit(0, 24, 26, 2.0), Unit(0, 26, 27, 3.0)])
    assert words == [Unit(0, 23, 29, 3.0)]
    assert text[23:29] == "14,000"
    long = text.index("字")
    assert widened([whole(text)], [Unit(0, long, long + 1, 1.0)])[0].end == long + 1
    kept = GemFilter(tiny("llama"), unit="word").compress(QUESTION, [whole(TOWN)], 40, FAKE)
    for piece in kept[0].pieces:
        assert TOWN[piece.start - 1].isspace() or piece.start == 0
        assert piece.end == len(TOWN) or TOWN[piece.end].isspace()
