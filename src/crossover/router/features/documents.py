"""What the documents tell without a question: how much there is and what kind of text it is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from crossover.errors import DataError
from crossover.types import Document

# characters read of a document's beginning, middle and end each
SAMPLE = 8_000
CHARACTERS_PER_TOKEN = 4.2
WORD = re.compile(r"\w+")
ABSENT = {
    "documents.digits": math.nan,
    "documents.quotes": math.nan,
    "documents.capitals": math.nan,
    "documents.sentence_words": math.nan,
    "documents.line_words": math.nan,
    "documents.word_length": math.nan,
    "documents.variety": math.nan,
}


def document_features(documents: Sequence[Document], tokens: int | None = None) -> dict[str, float]:
    """Length in tokens (``tokens`` where known, else estimated) and the style of the text.

    A document whose text is absent gives what its metadata says; the rest is NaN.
    """
    held = float(tokens) if tokens else sum(estimated_tokens(one) for one in documents)
    found = {"documents.log_tokens": math.log(held) if held > 0 else math.nan}
    texts = [text for text in map(_text, documents) if text]
    if not texts:
        return found | ABSENT
    sampled = [_style(text) for text in map(_sampled, texts)]
    return found | {
        name: sum(style[name] for style in sampled) / len(sampled) for name in sampled[0]
    }


def estimated_tokens(document: Document) -> float:
    """How many tokens a document has: as its metadata says, else by its characters."""
    nominal = document.metadata.get("tokens")
    return float(nominal) if nominal else len(_text(document)) / CHARACTERS_PER_TOKEN


def _text(document: Document) -> str:
    try:
        return document.text
    except DataError:
        return ""


def _sampled(text: str) -> str:
    middle = max(0, len(text) // 2 - SAMPLE // 2)
    if len(text) <= 3 * SAMPLE:
        return text
    return text[:SAMPLE] + text[middle : middle + SAMPLE] + text[-SAMPLE:]


@lru_cache(maxsize=256)
def _style(text: str) -> dict[str, float]:
    words = WORD.findall(text)
    size, count = max(1, len(text)), max(1, len(words))
    return {
        "documents.digits": sum(c.isdigit() for c in text) / size,
        "documents.quotes": sum(c in '"“”' for c in text) / size,
        "documents.capitals": sum(word[0].isupper() for word in words) / count,
        "documents.sentence_words": count / (1 + len(re.findall(r"[.!?]\s", text))),
        "documents.line_words": count / (1 + text.count("\n")),
        "documents.word_length": sum(map(len, words)) / count,
        "documents.variety": len({word.lower() for word in words}) / count,
    }
