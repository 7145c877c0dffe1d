"""How the relevance of passages to a question falls off, best passage first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.profiles.searched import (
    counted_words,
    frequencies,
    idf,
    indexed,
    terms,
)
from crossover.retrievers._words import words
from crossover.types import Passage, Question

if TYPE_CHECKING:
    from crossover.profiles.searched import Numbers

# relevance is sharpened: BM25's many small scores would add up to more than its few high ones
SPREAD_POWER, READING_POWER = 2, 4
FIFTH = 4


@dataclass(frozen=True, slots=True)
class Curve:
    """Scores (0 or more), highest first, and how many characters each passage has.

    ``missing`` and ``absent`` are the shares of the question's words, weighed by rarity, that the
    best passage and all passages lack. Where nothing scores, everything would have to be read.
    """

    scores: Numbers
    lengths: Numbers
    missing: float
    absent: float

    def spread(self) -> float:
        """Entropy of the squared scores as a share of what it could be; 0 for a single passage."""
        import numpy as np

        if not self._found():
            return 1.0
        if len(self.scores) == 1:
            return 0.0
        mass = self._mass(SPREAD_POWER)
        mass = mass[mass > 0]
        return float(np.clip(-(mass * np.log(mass)).sum() / np.log(len(self.scores)), 0.0, 1.0))

    def reading(self) -> float:
        """Share of the characters that is read until half of the sharpened score is seen."""
        import numpy as np

        if not self._found():
            return 1.0
        last = int(np.searchsorted(np.cumsum(self._mass(READING_POWER)), 0.5))
        return float(min(self.lengths[: last + 1].sum() / self.lengths.sum(), 1.0))

    def gap(self) -> float:
        """How far the fifth score lies below the first, as a share of it; 0 where none scores."""
        if not self._found():
            return 0.0
        fifth = self.scores[FIFTH] if len(self.scores) > FIFTH else 0.0
        return float(1 - fifth / self.scores[0])

    def _found(self) -> bool:
        return len(self.scores) > 0 and bool(self.scores[0] > 0)

    def _mass(self, power: int) -> Numbers:
        # of shares of the best: high powers of tiny scores would vanish
        sharpened: Numbers = (self.scores / self.scores[0]) ** power
        mass: Numbers = sharpened / sharpened.sum()
        return mass


def of_documents(question: Question) -> Curve:
    """Search a question's documents by BM25; raises DataError where one cannot be loaded."""
    found = indexed(question.documents)
    order, scores = found.order(question)
    ranked = [found.passages[at] for at in order]
    return _curve(question, ranked, scores, found.frequencies)


def given(question: Question, passages: Sequence[Passage]) -> Curve:
    """Take passages that a retriever scored; scores below 0 count as 0."""
    import numpy as np

    ranked = sorted(passages, key=lambda passage: -passage.score)
    scores = np.maximum(np.array([passage.score for passage in ranked], dtype="float64"), 0.0)
    return _curve(question, ranked, scores, frequencies(counted_words(ranked)))


def _curve(
    question: Question, ranked: Sequence[Passage], scores: Numbers, stands: Mapping[str, int]
) -> Curve:
    import numpy as np

    lengths = np.array([len(passage.text) for passage in ranked], dtype="float64")
    weights = {term: idf(stands.get(term, 0), len(ranked)) for term in terms(question)}
    best = set(words(ranked[0].text)) if ranked else set()
    missing = _share(weights, [term for term in weights if term not in best])
    absent = _share(weights, [term for term in weights if term not in stands])
    return Curve(scores, lengths, missing, absent)


def _share(weights: Mapping[str, float], some: Sequence[str]) -> float:
    total = sum(weights.values())
    return min(sum(weights[term] for term in some) / total, 1.0) if total else 1.0
