"""Whether an answer answers its question at all, by the embedded reader."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from crossover import meter
from crossover.errors import MissingExtra
from crossover.metrics._wording import beginning
from crossover.types import Passage


def answering(asked: Sequence[tuple[str, str]]) -> list[float]:
    """Tell for questions and answers how probable it is that the answer's text answers it.

    The answer is read as if it were a passage; no gold is involved.
    """
    for package in ("torch", "tokenizers", "safetensors"):
        if find_spec(package) is None:
            raise MissingExtra(package, "rag", "the metric correctness")
    from crossover.models.reader import _found, _weights

    with meter.wait():
        _weights.load()
    texts = [beginning(answer) for _, answer in asked]
    passages = [[Passage("answer", 0, len(text), text)] for text in texts]
    found = _found.read(
        [(q, mine) for (q, _), mine in zip(asked, passages, strict=True)], threads=0
    )
    return [one.answerable for one in found]
