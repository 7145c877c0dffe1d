"""What a word search finds: whether what is asked for is there, and in how many places."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from itertools import pairwise

from crossover.errors import DataError
from crossover.normalise import STOP_WORDS, stem
from crossover.types import Document

WORD = re.compile(r"\w+")
# words of a window, and how many windows are about what retrieval shows a model
WINDOW, STEP, SHOWN = 200, 100, 15
K1, B = 1.5, 0.75
NAMES = (
    "known", "rarest_known", "unknown_weight", "best", "shown", "gain", "first_gap", "level",
    "entropy", "spread", "pairs", "pairs_shown", "names_known", "windows",
)  # fmt: skip
Terms = Sequence[str]


@lru_cache(maxsize=4096)
def terms(text: str) -> tuple[str, ...]:
    """The stemmed content words of a text, in order."""
    found = [word for word in WORD.findall(text.lower()) if word not in STOP_WORDS]
    return tuple(stem(word) for word in found)


@dataclass(frozen=True)
class Evidence:
    """Documents as overlapping windows of words, searched by BM25.

    ``postings`` are the windows that hold a term and how often; ``pairs`` the neighbouring terms.
    """

    postings: dict[str, list[tuple[int, int]]]
    sizes: list[int]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Evidence | None:
        """Read documents; None where no text is there."""
        try:
            texts = [document.text for document in documents]
        except DataError:
            return None
        return _read(tuple(texts))

    def weight(self, term: str) -> float:
        """How rare a term is: its inverse document frequency; the most for one that is absent."""
        held = len(self.postings.get(term, ()))
        return math.log(1 + (len(self.sizes) - held + 0.5) / (held + 0.5))

    def ranked(self, asked: Iterable[str], most: int) -> list[tuple[float, int]]:
        """The best windows for terms as (score, window), best first."""
        mean = sum(self.sizes) / len(self.sizes)
        scores: dict[int, float] = {}
        for term in set(asked):
            weight = self.weight(term)
            for window, count in self.postings.get(term, ()):
                normal = K1 * (1 - B + B * self.sizes[window] / mean)
                gain = weight * count * (K1 + 1) / (count + normal)
                scores[window] = scores.get(window, 0.0) + gain
        best = nsmallest(most, scores.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(score, window) for window, score in best]

    def holding(self, windows: Iterable[int], asked: Iterable[str]) -> set[str]:
        """Which of the terms stand in any of these windows."""
        wanted = set(windows)
        return {t for t in set(asked) if any(w in wanted for w, _ in self.postings.get(t, ()))}

    def share(self, held: Iterable[str], asked: Iterable[str]) -> float:
        """How much of what is asked is held, rare terms weighing more; NaN for nothing asked."""
        whole = sum(map(self.weight, set(asked)))
        return sum(map(self.weight, set(held) & set(asked))) / whole if whole else math.nan


# a server must not hold the words of all documents that it ever saw
@lru_cache(maxsize=16)
def _read(texts: tuple[str, ...]) -> Evidence | None:
    postings: dict[str, list[tuple[int, int]]] = {}
    sizes: list[int] = []
    pairs: set[tuple[str, str]] = set()
    for text in texts:
        words = [_term(word.lower()) for word in WORD.findall(text)]
        pairs.update(pairwise(word for word in words if word))
        for at in range(0, max(1, len(words) - STEP) if words else 0, STEP):
            counts = Counter(word for word in words[at : at + WINDOW] if word)
            for term, count in counts.items():
                postings.setdefault(term, []).append((len(sizes), count))
            sizes.append(counts.total())
    return Evidence(postings, sizes, frozenset(pairs)) if sizes else None


def _term(word: str) -> str:
    return "" if word in STOP_WORDS else stem(word)


def retrieval_features(question: str, evidence: Evidence | None) -> dict[str, float]:
    """How much of the question the documents, the best window and all shown ones hold, and where.

    Shares are of the question's words, weighed by rarity; NaN where there is no text.
    """
    asked = terms(question)
    if evidence is None or not asked:
        return {f"retrieval.{name}": math.nan for name in NAMES}
    ranked = evidence.ranked(asked, 4 * SHOWN)
    shown = [window for _, window in ranked[:SHOWN]]
    known = [term for term in asked if term in evidence.postings]
    held = evidence.holding(shown, asked)
    neighbours = set(pairwise(asked))
    names = {stem(w.lower()) for w in re.findall(r"(?<!^)\b[A-Z]\w+", question)}
    best = evidence.share(evidence.holding(shown[:1], asked), asked)
    values = (
        evidence.share(known, asked),
        min(len(evidence.postings.get(term, ())) for term in asked) / len(evidence.sizes),
        sum(evidence.weight(term) for term in set(asked) - set(known)),
        best,
        evidence.share(held, asked),
        evidence.share(held, asked) - best,
        *_curve([score for score, _ in ranked], sum(map(evidence.weight, set(asked)))),
        _spread(shown, len(evidence.sizes)),
        len(neighbours & evidence.pairs) / max(1, len(neighbours)),
        math.log(max(1, sum(evidence.weight(term) for term in asked))),
        evidence.share(names & set(evidence.postings), names),
        math.log(len(evidence.sizes)),
    )
    return {f"retrieval.{name}": value for name, value in zip(NAMES, values, strict=True)}


def _curve(scores: Sequence[float], most: float) -> tuple[float, float, float]:
    """How far the best stands out, how high it is, and how even the scores are."""
    if not scores:
        return 0.0, 0.0, 1.0
    fifth = scores[min(len(scores) - 1, SHOWN // 3)]
    total = sum(scores)
    entropy = -sum(s / total * math.log(s / total) for s in scores if s > 0)
    even = entropy / math.log(len(scores)) if len(scores) > 1 else 0.0
    return (scores[0] - fifth) / scores[0], scores[0] / most if most else 0.0, even


def _spread(windows: Sequence[int], count: int) -> float:
    """How far apart the best windows stand, as a share of the text (mean absolute deviation)."""
    if not windows:
        return math.nan
    middle = sum(windows) / len(windows)
    return sum(abs(window - middle) for window in windows) / len(windows) / count
