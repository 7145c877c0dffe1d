"""Windows over a passage: whole sentences, with the place of every word piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from crossover import precision
from crossover.errors import MissingExtra
from crossover.sentences import sentences

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# word pieces in a window, the question and three separators included
LENGTH = 256
LONGEST_QUESTION = 96
# a window starts again with the end of the one before it, if that is no longer than this
OVERLAP = 48
CLS, SEP = 101, 102
# sentences cut into word pieces at a time: what a long document holds in memory
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters ``start`` to ``end`` of a passage, their word pieces and where each stands."""

    start: int
    end: int
    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]


Window = Sequence[Sentence]
"""Sentences that are read together."""


@cache
def tokenizer() -> Tokenizer:
    """Load the word-piece tokenizer, without torch."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtra("tokenizers", "rag", "the embedded reader") from None
    found = Tokenizer.from_file(str(precision.minilm_folder() / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def question_ids(question: str, limit: int | None = LONGEST_QUESTION) -> list[int]:
    """Word pieces of a question; what is beyond the limit is not read."""
    found: list[int] = tokenizer().encode(question, add_special_tokens=False).ids
    return found[:limit]


def room(question: Sequence[int]) -> int:
    """Word pieces of a passage that fit into a window beside the question."""
    return LENGTH - 3 - len(question)


def cut(
    text: str, places: Sequence[tuple[int, int]] | None = None, limit: int = LENGTH // 2
) -> Iterator[Sentence]:
    """Yield the sentences of a text, or those at ``places``, none longer than ``limit``."""
    places = sentences(text) if places is None else places
    for first in range(0, len(places), BLOCK):
        block = places[first : first + BLOCK]
        encoded = tokenizer().encode_batch([text[s:e] for s, e in block], add_special_tokens=False)
        for (start, end), found in zip(block, encoded, strict=True):
            ids, offsets = found.ids, [(start + s, start + e) for s, e in found.offsets]
            if len(ids) <= limit:
                yield Sentence(start, end, ids, offsets)
                continue
            for at in range(0, len(ids), limit):
                piece = offsets[at : at + limit]
                yield Sentence(piece[0][0], piece[-1][1], ids[at : at + limit], piece)


def pack(found: Iterable[Sentence], space: int, overlap: int = OVERLAP) -> Iterator[Window]:
    """Yield windows of at most ``space`` word pieces; a short last sentence opens the next one.

    That is one of at most ``overlap`` pieces: with 0, every sentence is read once.
    """
    window: list[Sentence] = []
    used = fresh = 0
    for sentence in found:
        if window and used + len(sentence.ids) > space:
            yield window
            last = window[-1]
            again = len(last.ids) <= min(overlap, space - len(sentence.ids)) and fresh > 1
            window, fresh = [last] if again else [], 0
            used = sum(len(kept.ids) for kept in window)
        window.append(sentence)
        used, fresh = used + len(sentence.ids), fresh + 1
    if fresh:
        yield window
