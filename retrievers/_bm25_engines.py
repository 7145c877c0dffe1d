"""BM25's formulas in two engines that give the same scores: rank-bm25, and bm25s for speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sys import getsizeof
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from bm25s import BM25

    Scores = np.ndarray[Any, np.dtype[np.float64]]

Variant = Literal["okapi", "l", "plus"]
# rank-bm25's floor for terms in more than half of the passages: this share of the mean idf
EPSILON = 0.25


@dataclass(frozen=True, slots=True)
class Formula:
    """A variant of BM25 with its parameters."""

    variant: Variant
    k1: float
    b: float
    delta: float


class Engine(Protocol):
    """Scores all passages of a corpus for a query."""

    def scores(self, query: Sequence[str]) -> Scores:
        """Score every passage, in order; a term that is asked twice counts twice."""

    def size(self) -> int:
        """Bytes of what the scores are computed from."""


class Reference(Engine):
    """rank-bm25 as published on PyPI, but for L, where it has a factor that the paper has not."""

    def __init__(self, corpus: Sequence[Sequence[str]], formula: Formula) -> None:
        import rank_bm25

        self.formula = formula
        given: dict[str, float] = {"k1": formula.k1, "b": formula.b}
        if formula.variant == "okapi":
            self.bm25 = rank_bm25.BM25Okapi(corpus, epsilon=EPSILON, **given)
        else:
            library = {"plus": rank_bm25.BM25Plus, "l": rank_bm25.BM25L}[formula.variant]
            self.bm25 = library(corpus, delta=formula.delta, **given)

    def scores(self, query: Sequence[str]) -> Scores:
        """Score as the library does; L by the formula of the paper."""
        found: Scores = (
            self._l(query) if self.formula.variant == "l" else self.bm25.get_scores(query)
        )
        return found

    def _l(self, query: Sequence[str]) -> Scores:
        import numpy as np

        k1, delta = self.formula.k1, self.formula.delta
        lengths = np.array(self.bm25.doc_len) / self.bm25.avgdl
        found = np.zeros(len(lengths))
        for term in query:
            counts = np.array([counts.get(term, 0) for counts in self.bm25.doc_freqs])
            normal = counts / (1 - self.formula.b + self.formula.b * lengths)
            gain = (k1 + 1) * (normal + delta) / (k1 + normal + delta)
            found += self.bm25.idf.get(term, 0) * np.where(counts > 0, gain, 0.0)
        return found

    def size(self) -> int:
        """Bytes of the word counts."""
        return sum(getsizeof(counts) for counts in self.bm25.doc_freqs)


class Fast(Engine):
    """bm25s: every term's contribution to every passage computed beforehand, in float64.

    Okapi is its ``lucene`` with each term weighed by rank-bm25's idf instead; L is its ``bm25l``
    without the score that it gives to passages in which a term does not stand.
    """

    def __init__(self, corpus: Sequence[Sequence[str]], formula: Formula) -> None:
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in text] for text in corpus]
        method = {"okapi": "lucene", "l": "bm25l", "plus": "bm25+"}[formula.variant]
        self.bm25 = _built(ids, len(vocabulary), formula, method)
        self.vocabulary = vocabulary
        if formula.variant == "okapi":
            self._as_okapi(len(corpus), formula.k1)
        elif formula.variant == "l":
            self._as_published()

    def _as_okapi(self, passages: int, k1: float) -> None:
        import numpy as np

        frequencies = np.diff(self.bm25.scores["indptr"])
        factors = (k1 + 1) * _okapi_for_lucene(frequencies, passages)
        self.bm25.scores["data"] *= np.repeat(factors, frequencies)

    def _as_published(self) -> None:
        import numpy as np

        frequencies = np.diff(self.bm25.scores["indptr"])
        self.bm25.scores["data"] += np.repeat(self.bm25.nonoccurrence_array, frequencies)
        self.bm25.nonoccurrence_array = None

    def scores(self, query: Sequence[str]) -> Scores:
        """Add up the contributions of the terms that the corpus has."""
        known = [self.vocabulary[term] for term in query if term in self.vocabulary]
        found: Scores = self.bm25.get_scores_from_ids(known)
        return found

    def size(self) -> int:
        """Bytes of the contributions and of where they stand."""
        arrays = (self.bm25.scores[name] for name in ("data", "indices", "indptr"))
        return int(sum(array.nbytes for array in arrays))


def _built(ids: list[list[int]], terms: int, formula: Formula, method: str) -> BM25:
    from bm25s import BM25

    found = BM25(
        k1=formula.k1, b=formula.b, delta=formula.delta, method=method, dtype="float64"
    )  # fmt: skip
    found.scores = found.build_index_from_ids(range(terms), ids, show_progress=False)
    return found


def _okapi_for_lucene(frequencies: Any, passages: int) -> Any:
    """What each term's weight in Lucene's formula must be multiplied by to be rank-bm25's."""
    import numpy as np

    okapi = np.log(passages - frequencies + 0.5) - np.log(frequencies + 0.5)
    # added up one after the other, as the library does
    mean = np.cumsum(okapi)[-1] / len(okapi)
    okapi = np.where(okapi < 0, EPSILON * mean, okapi)
    # rounded as bm25s rounds it, so that it cancels out
    return okapi / np.log(1 + (passages - frequencies + 0.5) / (frequencies + 0.5))


def best(scores: Scores, k: int) -> list[int]:
    """Where the k highest scores stand, best first; ties in order."""
    import numpy as np

    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        above, level = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
        places = np.concatenate([above, level[: k - len(above)]])
    else:
        places = np.arange(len(scores))
    return [int(at) for at in places[np.lexsort((places, -scores[places]))]]
