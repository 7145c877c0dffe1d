"""BLEU of one text: by the words of WMT's mteval-v13a, and Chinese by its characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, log

LONGEST = 4
MARKS = str.maketrans({mark: f" {mark} " for mark in '{|}~[\\]^_` !"#$%&()*+:;<=>?@/'})
ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
# full stop and comma not after, or not before, a digit; a dash after one
SPACED = (
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
# code points that sacreBLEU's Chinese tokeniser sets apart; the first two ranges are as its
# comparison of texts makes them
CHINESE = (
    *((0x2001, 0x2A6D), (0x2F81, 0x2FA1), (0x3400, 0x4DB5), (0x4E00, 0x9FBB)),
    *((0xF900, 0xFA2D), (0xFA30, 0xFA6A), (0xFA70, 0xFAD9), (0xFF00, 0xFFEF)),
    *((0x2E80, 0x2EFF), (0x3000, 0x303F), (0x31C0, 0x31EF), (0x2F00, 0x2FDF)),
    *((0x2FF0, 0x2FFF), (0x3100, 0x312F), (0x31A0, 0x31BF), (0xFE10, 0xFE1F)),
    *((0xFE30, 0xFE4F), (0x2600, 0x26FF), (0x2700, 0x27BF), (0x3200, 0x33FF)),
)


def bleu(text: str, golds: Sequence[str], chinese: bool) -> float:
    """BLEU-4 without smoothing, with the shortest gold's length; 0 where a length has no match."""
    cut = chinese_words if chinese else words
    given, wanted = cut(text), [cut(gold) for gold in golds]
    if not given:
        return 0.0
    logs = 0.0
    for length in range(1, LONGEST + 1):
        grams, known = _grams(given, length), Counter[tuple[str, ...]]()
        for gold in wanted:
            known |= _grams(gold, length)
        shared = (grams & known).total()
        if not shared:
            return 0.0
        logs += log(shared / grams.total()) / LONGEST
    shortest = min(map(len, wanted))
    return exp(logs + min(0.0, 1 - shortest / len(given)))


def words(text: str) -> list[str]:
    """Words and marks as mteval-v13a cuts them."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, mark in ENTITIES:
        text = text.replace(entity, mark)
    return _spaced(f" {text} ")


def chinese_words(text: str) -> list[str]:
    """Every Chinese character by itself, the rest as words."""
    apart = (f" {one} " if _is_chinese(one) else one for one in text.strip())
    return _spaced("".join(apart))


def _is_chinese(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in CHINESE)


def _spaced(text: str) -> list[str]:
    text = text.translate(MARKS)
    for pattern, spaced in SPACED:
        text = pattern.sub(spaced, text)
    return text.split()


def _grams(given: Sequence[str], length: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(given[at : at + length]) for at in range(len(given) - length + 1))
