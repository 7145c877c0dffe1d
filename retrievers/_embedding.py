"""Embedding what is not kept yet, and the bill as if nothing had been."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover import meter
from crossover.errors import DamagedIndex
from crossover.retrievers import _cache
from crossover.retrievers._vectors import Kept, Vectors, kept_by

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

# texts looked up at once, and bytes of vectors that go to the disk instead of staying in memory
BLOCK, IN_MEMORY = 8192, 1 << 28


class Computed(NamedTuple):
    """Unit vectors, the tokens of each text where known, and the seconds for all."""

    vectors: Matrix
    tokens: Sequence[int | None]
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """How to embed: ``compute`` takes positions in ``keys``, one round at a time.

    ``rounds`` cuts the positions that are missing into rounds; after each one its vectors are kept.
    ``turn`` is held while anything is computed.
    """

    embedder: str
    keys: Sequence[bytes]
    compute: Callable[[Sequence[int]], Computed]
    rounds: Callable[[Sequence[int]], Iterator[Sequence[int]]]
    turn: Lock


class Embedded(NamedTuple):
    """Vectors in the order of the keys, with what all of them took, kept ones included."""

    vectors: Matrix
    tokens: int | None
    seconds: float
    new: int


def unit(vectors: Matrix) -> Matrix:
    """Divide vectors by their lengths; those of length 0 stay so."""
    import numpy as np

    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Matrix = (vectors / np.where(norms == 0, 1, norms)).astype("float32")
    return found


def key_of(text: str) -> bytes:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def embedded(work: Work) -> Embedded:
    """Look up the vectors that are kept, compute and keep the others.

    Time goes to the open meter as if all had been computed now: looking up is left out, and what a
    kept vector took when it was computed is put in.
    """
    first: dict[bytes, int] = {}
    for at, key in enumerate(work.keys):
        first.setdefault(key, at)
    table = _Table(list(first.values()))
    with meter.wait():
        store = kept_by(work.embedder)
        missing = _look_up(store, work, table, table.places)
    if missing:
        with _alone(work, store):
            with meter.wait():
                missing = _look_up(store, work, table, missing)
            meter.current().exclude(-table.seconds)
            _compute(store, work, table, missing)
    else:
        meter.current().exclude(-table.seconds)
    rows = [table.row[first[key]] for key in work.keys]
    vectors = table.vectors if len(rows) == len(first) else table.vectors[rows]
    return Embedded(vectors, table.tokens, table.seconds, len(missing))


@contextmanager
def _alone(work: Work, store: Vectors | None) -> Iterator[None]:
    """Hold the turns within and between processes, so that nobody computes the same."""
    with meter.turn(work.turn), ExitStack() as held:
        if store:
            with meter.wait():
                held.enter_context(store.alone())
        yield


class _Table:
    """The vectors of distinct texts, on disk where they are many."""

    def __init__(self, places: Sequence[int]) -> None:
        self.places = places
        self.row = {place: row for row, place in enumerate(places)}
        self.vectors = _matrix(len(places), 0)
        self.facts: list[tuple[int | None, float]] = [(0, 0.0)] * len(places)

    def put(self, place: int, kept: Kept) -> bool:
        """Fill in one vector; false where its length is not that of the others."""
        import numpy as np

        vector = np.frombuffer(kept.vector, dtype="<f4")
        if not self.vectors.shape[1]:
            self.vectors = _matrix(len(self.places), len(vector))
        if len(vector) != self.vectors.shape[1]:
            return False
        self.vectors[self.row[place]] = vector
        self.facts[self.row[place]] = kept.tokens, kept.seconds
        return True

    @property
    def seconds(self) -> float:
        """What the vectors that are filled in took when they were computed."""
        return sum(seconds for _, seconds in self.facts)

    @property
    def tokens(self) -> int | None:
        """The tokens of all texts; None where those of one are unknown."""
        counts = [tokens for tokens, _ in self.facts]
        return None if None in counts else sum(tokens or 0 for tokens in counts)


def _matrix(rows: int, dimensions: int) -> Matrix:
    import numpy as np

    if 4 * rows * dimensions <= IN_MEMORY:
        return np.zeros((rows, dimensions), dtype="float32")
    with TemporaryFile() as file:
        return np.memmap(file, dtype="float32", mode="w+", shape=(rows, dimensions))


def _look_up(store: Vectors | None, work: Work, table: _Table, wanted: Sequence[int]) -> list[int]:
    """Fill in what is kept; return the positions that are not."""
    if store is None:
        return list(wanted)
    missing: list[int] = []
    for start in range(0, len(wanted), BLOCK):
        block = wanted[start : start + BLOCK]
        found = _read(store, [work.keys[at] for at in block])
        for at in block:
            kept = found.get(work.keys[at])
            if kept is None or not table.put(at, kept):
                missing.append(at)
    return missing


def _read(store: Vectors, keys: Sequence[bytes]) -> dict[bytes, Kept]:
    try:
        return store.read(keys)
    except DamagedIndex:
        if not _cache.rebuilds():
            raise
        store.clear()
        return {}


def _compute(store: Vectors | None, work: Work, table: _Table, missing: Sequence[int]) -> None:
    done = 0
    for part in work.rounds(missing):
        found = work.compute(part)
        rows = list(zip(part, _kept(found), strict=True))
        with meter.wait():
            for at, kept in rows:
                table.put(at, kept)
            if store:
                store.write((work.keys[at], kept) for at, kept in rows)
        done += len(part)
        meter.working("embedding", done, len(missing))


def _kept(found: Computed) -> Iterator[Kept]:
    """Pair each vector with its tokens and, by their number, its part of the seconds."""
    weights = [1 + (tokens or 0) for tokens in found.tokens]
    whole = sum(weights)
    for vector, tokens, weight in zip(found.vectors, found.tokens, weights, strict=True):
        yield Kept(vector.astype("<f4").tobytes(), tokens, found.seconds * weight / whole)
