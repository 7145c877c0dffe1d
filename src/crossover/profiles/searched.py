"""A context as its words see it: passages, and how a question's scores lie over them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crossover.retrievers._bm25_engines import Engine, Fast, Formula
from crossover.retrievers._words import words
from crossover.types import Document, Passage, Question

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

PASSAGE_WORDS = 150
# a run without white space (an address, a script that has none) counts as several words
WORD = re.compile(r"\S{1,24}")
OKAPI = Formula("okapi", 1.5, 0.75, 0.5)
KEPT = 16


@dataclass(frozen=True, slots=True)
class Indexed:
    """Passages of documents in order, with how many of them hold each word."""

    passages: tuple[Passage, ...]
    frequencies: Counter[str]
    engine: Engine | None

    def order(self, question: Question) -> tuple[list[int], Numbers]:
        """Where the passages stand in BM25's order, best first, and their scores in it."""
        import numpy as np

        if self.engine is None:
            return [], np.zeros(0)
        # Okapi's floor can be negative: a word that stands everywhere says nothing here
        scores = np.maximum(self.engine.scores(terms(question)), 0.0)
        places = np.argsort(-scores, kind="stable")
        return places.tolist(), scores[places]


def terms(question: Question) -> list[str]:
    """The question's different words, stemmed, stop words left out."""
    return list(dict.fromkeys(words(question.text)))


@lru_cache(maxsize=KEPT)
def indexed(documents: tuple[Document, ...]) -> Indexed:
    """Cut and index documents, once for all questions on them; raises DataError."""
    passages = tuple(passage for document in documents for passage in _cut(document))
    counted = counted_words(passages)
    engine = Fast([found or [""] for found in counted], OKAPI) if counted else None
    return Indexed(passages, frequencies(counted), engine)


def counted_words(passages: Sequence[Passage]) -> list[list[str]]:
    """Tokenise every passage as BM25 does."""
    return [words(passage.text) for passage in passages]


def frequencies(counted: Sequence[Sequence[str]]) -> Counter[str]:
    """In how many passages each word stands."""
    return Counter(word for found in counted for word in set(found))


def idf(frequency: int, passages: int) -> float:
    """Lucene's inverse document frequency, which is never negative."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def _cut(document: Document) -> list[Passage]:
    text = document.text
    starts = [0, *(m.start() for m in WORD.finditer(text))][PASSAGE_WORDS + 1 :: PASSAGE_WORDS]
    cuts = [0, *starts, len(text)] if text.strip() else [0]
    return [Passage(document.id, start, end, text[start:end]) for start, end in pairwise(cuts)]
