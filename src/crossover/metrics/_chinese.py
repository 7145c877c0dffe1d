"""Chinese words as LongBench and LV-Eval cut and clean them."""

from __future__ import annotations

import string
from importlib.util import find_spec

from crossover.errors import MissingExtra
from crossover.metrics._benchmarks import f1

# ranges of code points; the scorers leave out 〈, 《 and the full-width full stop
CHINESE_PUNCTUATION = (
    (0x2013, 0x2014),
    (0x2018, 0x2019),
    (0x201B, 0x201F),
    (0x2026, 0x2027),
    (0x3001, 0x3003),
    (0x300B, 0x3011),
    (0x3014, 0x301F),
    (0x3030, 0x3030),
    (0x303E, 0x303F),
    (0xFE4F, 0xFE4F),
    (0xFF01, 0xFF0D),
    (0xFF0F, 0xFF0F),
    (0xFF1A, 0xFF20),
    (0xFF3B, 0xFF40),
    (0xFF5B, 0xFF64),
)
DROPPED = dict.fromkeys(
    [*map(ord, string.punctuation), *(c for a, b in CHINESE_PUNCTUATION for c in range(a, b + 1))]
)


def bare(text: str) -> str:
    """Lower case without ASCII and Chinese punctuation and without any space."""
    return "".join(text.lower().translate(DROPPED).split())


def cut(text: str) -> list[str]:
    """Words, spaces and marks as jieba's precise mode cuts them. Raises MissingExtra."""
    if find_spec("jieba") is None:
        raise MissingExtra("jieba", "rag", "scoring Chinese answers")
    from crossover.retrievers._words import jieba_tokenizer

    return list(jieba_tokenizer().cut(text))


def words(text: str) -> list[str]:
    """The cleaned words; what cleaning leaves nothing of is no word."""
    return [word for word in map(bare, cut(text)) if word]


def words_f1(text: str, gold: str) -> float:
    """F1 of the words, repeated ones counted."""
    return f1(words(text), words(gold))
