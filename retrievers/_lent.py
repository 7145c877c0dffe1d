"""Embeddings lent to other libraries' stores: charged to the open meter, their vectors counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from crossover import catalog, meter
from crossover.errors import ConfigError
from crossover.retrievers.dense import Dense
from crossover.roles import Retriever
from crossover.tokens import count_tokens
from crossover.types import Step, Usage

Vector: TypeAlias = list[float]


class Lent(Protocol):
    """Embeds; ``size`` is how many bytes its passages' vectors take in single precision."""

    size: int

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """Embed passages."""

    def question(self, text: str) -> Vector:
        """Embed a question."""


class LentDense(Lent):
    """The embeddings of ``dense`` with any of its options; raises ConfigError for another text."""

    def __init__(self, text: str) -> None:
        dense = catalog.load(Retriever, text, dotted=False)
        if not isinstance(dense, Dense) or dense.late:
            raise ConfigError(f"embeddings={text}: an import path or dense(…) is needed, not late")
        self.dense, self.size = dense, 0

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """Embed passages."""
        if not texts:
            return []
        found, tokens = self.dense.embed(texts, "passages embedded", self.dense.passage_prefix)
        meter.current().charge(Usage(input_tokens=tokens))
        self.size += 4 * found.size
        return [[float(number) for number in vector] for vector in found]

    def question(self, text: str) -> Vector:
        """Embed a question."""
        found, _ = self.dense.embed([text], "question embedded", self.dense.query_prefix)
        return [float(number) for number in found[0]]


class LentForeign(Lent):
    """Another library's embeddings; dollars stay unknown unless their price is given."""

    def __init__(
        self,
        passages: Callable[[list[str]], list[Vector]],
        question: Callable[[str], Vector],
        name: str,
        price: float | None,
    ) -> None:
        self._passages, self._question = passages, question
        self.name, self.price, self.size = name, price, 0

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """Embed passages."""
        started = time.perf_counter()
        vectors = self._passages(list(texts))
        self._charge(texts, "passages embedded", time.perf_counter() - started)
        self.size += sum(4 * len(vector) for vector in vectors)
        return vectors

    def question(self, text: str) -> Vector:
        """Embed a question."""
        started = time.perf_counter()
        vector = self._question(text)
        self._charge([text], "question embedded", time.perf_counter() - started)
        return vector

    def _charge(self, texts: Sequence[str], step: str, seconds: float) -> None:
        """Count tokens in the bundled encoding, the nearest that is known of any embedder."""
        tokens = sum(map(count_tokens, texts))
        dollars = None if self.price is None else tokens * self.price / 1e6
        usage = Usage(input_tokens=tokens, dollars=dollars, compute_seconds=seconds)
        detail = f"{len(texts)} texts by {self.name}"
        meter.current().charge(usage, Step(step, seconds, detail))
