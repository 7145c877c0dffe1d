"""Which words are worth keeping for a reader whose question is not known yet.

No large model is here to shorten texts by way of example. What people asked stands in: words of an
answer are worth keeping, and so are the words of the text that a question on it repeats, or their
stems. Most words that could be asked about were not, so that a word without a label is no proof of
anything: the labels rank kinds of words, they do not measure one.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossover.experiments.pruning.texts import Asked
from crossover.experiments.reader.items import Place
from crossover.retrievers._words import STOP_WORDS, WORD, words


def worth(asked: Asked) -> list[Place]:
    """Where a text's answers stand, and the words that its questions share with it."""
    places = [place for item in asked.items for place in item.spans]
    sought = {stem for item in asked.items for stem in words(item.question)}
    for match in WORD.finditer(asked.text):
        word = match.group().lower()
        if word not in STOP_WORDS and not sought.isdisjoint(words(word)):
            places.append(match.span())
    return sorted(set(places))


def labels(offsets: Sequence[Place], places: Sequence[Place]) -> list[int]:
    """For every token, 1 where it lies in one of the places, which come in their order."""
    marked = bytearray(max((end for _, end in (*offsets, *places)), default=0))
    for start, end in places:
        marked[start:end] = b"\1" * (end - start)
    return [int(any(marked[start:end])) for start, end in offsets]
