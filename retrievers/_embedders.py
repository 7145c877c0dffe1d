"""Which embedder a text names, what makes its vectors its own, and how texts get through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from crossover import meter, precision
from crossover.retrievers import _encoders, _late
from crossover.retrievers._embedding import Computed, Embedded, Work, embedded, key_of
from crossover.retrievers._endpoints import Endpoint
from crossover.retrievers._passages import Passages

# texts embedded between two writes to the cache
ROUND = 512
# raised when the same model makes other vectors of the same text
METHOD = "method 1"
_turns: dict[str, Lock] = {}


class Embedder(Protocol):
    """Embeds texts, each once."""

    @property
    def identity(self) -> str:
        """What makes vectors comparable: the model, its files or address, and how it is run."""

    def embed(self, texts: Sequence[str], prefix: str) -> Embedded:
        """Return a unit vector for each text."""

    def dollars(self, tokens: int | None) -> float | None:
        """Price tokens."""


@dataclass(frozen=True, slots=True)
class Local(Embedder):
    """A model that runs in this process, one text after the other."""

    name: str
    batch: int
    threads: int

    @property
    def identity(self) -> str:
        """Its name and the hash of its files, or its commit on the hub."""
        return f"{self.name} {_encoders.fingerprint(self.name)} {METHOD}"

    def dollars(self, tokens: int | None) -> float | None:
        """Nobody bills for it."""
        return 0.0

    def embed(self, texts: Sequence[str], prefix: str) -> Embedded:
        """Embed texts after the prefix."""

        def compute(part: Sequence[int]) -> Computed:
            chosen = [texts[at] for at in part]
            return _encoders.embed(self._ready(), chosen, prefix, self.batch)

        keys = _keys(texts, prefix)
        return embedded(Work(self.identity, keys, compute, _rounds, _encoders.running))

    def late(self, passages: Passages, prefix: str) -> Embedded:
        """Embed passages by late chunking, a document at a time."""
        digests = [document.digest for document in passages.documents]
        places = passages.places.tolist()
        keys = [key_of(f"late\0{prefix}\0{digests[at]}\0{a}\0{b}") for at, a, b in places]

        def compute(part: Sequence[int]) -> Computed:
            text = passages.documents[places[part[0]][0]].text
            spans = [(places[at][1], places[at][2]) for at in part]
            return _late.late(self._ready(), text, spans, prefix, self.batch)

        def rounds(missing: Sequence[int]) -> Iterator[Sequence[int]]:
            of: dict[int, list[int]] = {}
            for at in missing:
                of.setdefault(places[at][0], []).append(at)
            yield from of.values()

        return embedded(Work(self.identity, keys, compute, rounds, _encoders.running))

    def _ready(self) -> _encoders.Encoder:
        with meter.wait():
            precision.set_threads(self.threads)
            return _encoders.load(self.name)


@dataclass(frozen=True, slots=True)
class Remote(Embedder):
    """A provider's model."""

    endpoint: Endpoint
    batch: int

    @property
    def identity(self) -> str:
        """Its name and address; what its provider changes behind them nobody can see."""
        return f"{self.endpoint.identity} {METHOD}"

    def dollars(self, tokens: int | None) -> float | None:
        """Price tokens by the list; None where it does not know the model."""
        return self.endpoint.dollars(tokens)

    def embed(self, texts: Sequence[str], prefix: str) -> Embedded:
        """Embed texts after the prefix, some requests side by side."""

        def compute(part: Sequence[int]) -> Computed:
            return self.endpoint.embed([prefix + texts[at] for at in part], self.batch)

        turn = _turns.setdefault(self.identity, Lock())
        return embedded(Work(self.identity, _keys(texts, prefix), compute, _rounds, turn))


def _keys(texts: Sequence[str], prefix: str) -> list[bytes]:
    return [key_of(f"{prefix}\0{text}" if prefix else text) for text in texts]


def _rounds(missing: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(missing), ROUND):
        yield missing[first : first + ROUND]
