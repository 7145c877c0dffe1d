"""How relevant texts are to a question: by any reranker, or by their words alone."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.compressors._selecting import ranked
from crossover.errors import MissingExtra
from crossover.retrievers import _bm25_engines
from crossover.retrievers._words import Words, tokeniser
from crossover.roles import Model, Reranker

# unlike Okapi's, its terms count however many of the few texts have them
PLUS = _bm25_engines.Formula("plus", 1.5, 0.75, 1.0)


def relevance(
    query: str, texts: Sequence[str], reranker: Reranker | None, words: Words, model: Model
) -> list[float]:
    """Score each text from 0 to 1, the best with 1, all alike with 0; by BM25 without reranker."""
    found = [0.0] * len(texts)
    if reranker:
        order = ranked(query, texts, reranker, model)
        lowest = min((score for _, score in order), default=0.0)
        found = [lowest] * len(texts)
        for at, score in order:
            found[at] = score
    elif texts:
        found = bm25(query, texts, words)
    return evenly(found)


def bm25(query: str, texts: Sequence[str], words: Words) -> list[float]:
    """Scores of the texts by BM25+."""
    cut = tokeniser(words)
    corpus = [cut(text) or [""] for text in texts]
    try:
        scores = _bm25_engines.Fast(corpus, PLUS).scores(cut(query))
    except ImportError as error:
        raise MissingExtra(str(error.name), "rag", "this compressor") from None
    return [float(score) for score in scores]


def evenly(scores: Sequence[float]) -> list[float]:
    """Scores from 0 to 1, in the same proportions; all 0 where they are alike."""
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    width = high - low
    # products of floats differ in their last bits between processors
    return [round((score - low) / width, 9) if width else 0.0 for score in scores]
