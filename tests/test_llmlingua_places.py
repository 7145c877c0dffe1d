"""Places of what token pruning keeps, and how runs are fitted to a budget."""

import random
import re

import pytest
from lingua_texts import FAKE, LONG, counted, whole

from crossover.compressors._lingua_budget import Fitting
from crossover.compressors._lingua_places import (
    Part,
    Pruned,
    Text,
    assembled,
    concatenated,
    placed,
)
from crossover.types import Passage, Piece

pytest.importorskip("llmlingua", reason="the extra compress is not installed")


def test_words_are_placed_whatever_a_tokenizer_made_of_them():
    texts = ["🙂 Ａda's  Café, ŒUVRE\n", "no 橋 (x)"]
    words = ["ada", "'", "s", "▁", "cafe", ",", "œuvre", "\n", "no", "(", "x", ")"]
    found = placed(words, texts)
    shown = [texts[p.text][p.start : p.end] if p else None for p in found]
    assert shown[:5] == ["🙂 Ａda", "'", "s", None, "Café"]
    assert shown[5:] == [",", "ŒUVRE", None, "no 橋", "(", "x", ")"]


def test_tokens_are_joined_as_they_stood():
    passage = Passage("d", 100, 120, "Ada built\nit in 1902")
    kept = concatenated(passage, [(0, 3), (3, 6), (9, 10), (13, 15), (15, 17), (18, 20)])
    assert kept.text == "Ada bu\n n 1902"[:0] + kept.text
    assert (kept.start, kept.end) == (100, 120)
    apart = concatenated(Passage("d", 0, 9, "12 to 345"), [(0, 2), (6, 7), (8, 9)])
    assert apart.text == "12 35"
    assert apart.kept == (Piece(0, 0, 2), Piece(3, 6, 7), Piece(4, 8, 9))
    assert concatenated(Passage("d", 0, 3, "abc"), [(0, 2), (1, 3)]).text == "abc"
    assert concatenated(Passage("d", 0, 3, " b "), [(0, 3)]).text.strip() == "b"


def test_texts_of_one_passage_are_one_again():
    passages = [whole("One two three four"), whole("Five", "e")]
    texts = [Text(0, 0, "One two "), Text(0, 8, "three four"), Text(1, 0, "Five")]
    parts = (Part(0, 0, 3), Part(1, 0, 5), Part(2, 0, 4))
    found = assembled(passages, texts, Pruned((0, 1, 2), parts), concatenated)
    assert [one.text for one in found] == ["One three", "Five"]
    found = assembled(passages, texts, Pruned((1, 2, 0), parts), concatenated)
    assert [one.text for one in found] == ["three", "Five", "One"]


@pytest.mark.parametrize("steps", [5, 40])
def test_what_coarse_runs_leave_is_filled_from_the_longer_one(steps):
    """A pruner that knows but a few rates, like one that counts in percentiles."""
    passage = whole(" ".join(f"w{number}" for number in range(400)))
    places = [match.span() for match in re.finditer(r"\S+", passage.text)]
    ranks = random.Random(0).sample(range(400), 400)

    def prune(share):
        limit = int(share * steps) / steps * 400
        kept = (place for place, rank in zip(places, ranks, strict=True) if rank < limit)
        return Pruned((0,), tuple(Part(0, *place) for place in kept))

    fitting = Fitting(prune, [passage], [Text(0, 0, passage.text)], concatenated, FAKE)
    for budget in (90, 210, 333):
        assert 0.95 * budget <= counted(fitting.fit(budget, 6)) <= budget


def test_a_budget_out_of_reach_is_missed_and_not_hidden():
    passage = whole(LONG)

    def prune(share):
        return Pruned((0,), (Part(0, 0, len(LONG) // 2),))

    fitting = Fitting(prune, [passage], [Text(0, 0, LONG)], concatenated, FAKE)
    assert counted(fitting.fit(10, 3)) > 10
