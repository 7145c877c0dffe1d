"""Passages cut into the units that are kept or left out whole, and rerankers over them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from crossover.compressors._keeping import Unit
from crossover.roles import Chunker, Model, Reranker
from crossover.sentences import sentences
from crossover.types import Document, Passage

Kind = Literal["sentence", "paragraph"]
BETWEEN_PARAGRAPHS = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def units(passages: Sequence[Passage], kind: Kind, chunker: Chunker | None = None) -> list[Unit]:
    """Sentences or paragraphs of the passages, or a chunker's chunks of them; none is blank."""
    found = []
    for at, passage in enumerate(passages):
        places = _chunks(passage, chunker) if chunker else _places(passage.text, kind)
        found += [Unit(at, *place, 0.0) for place in places if passage.text[slice(*place)].strip()]
    return found


def texts_of(passages: Sequence[Passage], found: Sequence[Unit]) -> list[str]:
    """What the units say."""
    return [passages[unit.passage].text[unit.start : unit.end] for unit in found]


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Return (start, end) of what blank lines part."""
    start = 0
    for gap in BETWEEN_PARAGRAPHS.finditer(text):
        if gap.start() > start:
            yield start, gap.start()
        start = gap.end()
    if start < len(text):
        yield start, len(text)


def ranked(
    query: str, texts: Sequence[str], reranker: Reranker, model: Model
) -> list[tuple[int, float]]:
    """Which text comes first for the query, with its score; what the reranker leaves out is out."""
    named = [Passage(str(at), 0, len(text), text) for at, text in enumerate(texts)]
    return [(int(p.document), p.score) for p in reranker.rerank(query, named, model)]


def _places(text: str, kind: Kind) -> list[tuple[int, int]]:
    return sentences(text) if kind == "sentence" else list(paragraphs(text))


def _chunks(passage: Passage, chunker: Chunker) -> list[tuple[int, int]]:
    chunks = chunker.chunk(Document(passage.document, passage.text))
    return [(chunk.start, chunk.end) for chunk in chunks]
