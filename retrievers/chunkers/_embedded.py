"""Boundaries between sentences found by their embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crossover import meter
from crossover.types import Document, Usage

if TYPE_CHECKING:
    import numpy as np


def sentence_windows(document: Document, starts: Sequence[int], around: int) -> list[str]:
    """Each sentence with so many neighbours on each side, white space made even."""
    text, ends = document.text, [*starts[1:], len(document.text)]
    last = len(starts) - 1
    return [
        " ".join(text[starts[max(at - around, 0)] : ends[min(at + around, last)]].split())
        for at in range(len(starts))
    ]


def embed(texts: Sequence[str], embedder: str) -> np.ndarray[Any, Any]:
    """Unit vectors of the texts, charged to the open meter."""
    from crossover.retrievers.dense import Dense

    vectors, tokens = Dense(embedder).embed(texts, "sentences embedded")
    meter.current().charge(Usage(input_tokens=tokens))
    return vectors


def evenly(starts: Sequence[int], sentences: int) -> list[int]:
    """What a dry run cuts, for nothing: so many sentences each."""
    return list(starts[::sentences])


def cut_between(starts: Sequence[int], ends_here: Sequence[bool]) -> list[int]:
    """Start a chunk at every sentence whose predecessor ends one."""
    return [0, *(start for start, ends in zip(starts[1:], ends_here, strict=True) if ends)]
