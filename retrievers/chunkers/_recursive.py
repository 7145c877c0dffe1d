"""LangChain's recursive splitter, with exact places and an exact overlap."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from crossover.errors import ConfigError, MissingExtra
from crossover.retrievers.chunkers._structure import covering
from crossover.retrievers.chunkers._tokens import token_starts
from crossover.tokens import count_tokens

Unit = Literal["characters", "tokens"]
Span = tuple[int, int]


def language_separators(language: str) -> list[str]:
    """LangChain's separators for a language, as regular expressions."""
    try:
        from langchain_text_splitters import Language, RecursiveCharacterTextSplitter
    except ImportError:
        raise MissingExtra("langchain-text-splitters", "rag", "this chunker") from None
    return RecursiveCharacterTextSplitter.get_separators_for_language(Language(language))


def split(text: str, separators: Sequence[str], size: int, overlap: int, unit: Unit) -> list[Span]:
    """Cut at the first separator that yields pieces small enough, recursively.

    LangChain repeats whole pieces, often none; here every chunk starts exactly ``overlap`` before
    its own text, or with the text. White space around chunks does not count.
    """
    starts = covering(_located(text, _pieces(text, separators, size - overlap, unit)))
    begin = _back(text, starts, overlap, unit)
    spans = zip(begin, [*starts[1:], len(text)], strict=True)
    following = [*begin[1:], len(text)]
    # near the beginning, a short chunk may lie in the overlap of the next
    return [(a, b) for (a, b), other in zip(spans, following, strict=True) if a < other]


def _pieces(text: str, separators: Sequence[str], size: int, unit: Unit) -> list[str]:
    try:
        from langchain_text_splitters import RecursiveCharacterTextSplitter
    except ImportError:
        raise MissingExtra("langchain-text-splitters", "rag", "this chunker") from None
    return RecursiveCharacterTextSplitter(
        separators=list(separators),
        is_separator_regex=True,
        chunk_size=size,
        chunk_overlap=0,
        length_function=len if unit == "characters" else count_tokens,
        strip_whitespace=False,
    ).split_text(text)


def _located(text: str, pieces: Iterable[str]) -> Iterator[int]:
    """Where the pieces' own text starts; blank lines before it are left to the piece before."""
    reached = 0
    for piece in pieces:
        at = text.find(piece, reached)
        if at < 0:
            raise ConfigError(
                f"langchain-text-splitters returned text that the document lacks: {piece[:50]!r}"
            )
        reached = at + len(piece)
        blank = piece[: len(piece) - len(piece.lstrip())]
        if len(blank) < len(piece):
            # what stands before a line's text is its indentation
            line = blank.rfind("\n") + 1
            yield at + (line or len(blank))


def _back(text: str, starts: Sequence[int], overlap: int, unit: Unit) -> list[int]:
    if not overlap:
        return list(starts)
    if unit == "characters":
        return [max(start - overlap, 0) for start in starts]
    tokens = token_starts(text)
    places = [bisect_left(tokens, start) for start in starts]
    return [
        tokens[max(place - overlap, 0)] if place else start
        for place, start in zip(places, starts, strict=True)
    ]
