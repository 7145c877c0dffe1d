"""Where built indexes stand: one per document set, shared by every strategy, question and run."""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Protocol, runtime_checkable

from crossover import catalog, meter
from crossover.errors import DamagedIndex
from crossover.retrievers import _cache, _shared, _stored
from crossover.retrievers._cache import rebuilding
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage, Step, Usage

__all__ = ["Fingerprinted", "FirstPassages", "Keeping", "KeptIndex", "indexed", "rebuilding"]
KEPT = 16
# under which an index stands that no model had a hand in
ANY_MODEL = ""


@runtime_checkable
class KeptIndex(Protocol):
    """An index that can be kept on disk, without pickle."""

    def save(self, folder: Path) -> None:
        """Write it into an empty folder."""


@runtime_checkable
class Keeping(Protocol):
    """A retriever that opens what its indexes saved; their files have been checked before."""

    def load(
        self, folder: Path, documents: Sequence[Document], chunker: Chunker, model: Model
    ) -> Index:
        """Open the index in a folder; raises DamagedIndex where it is not what it should be."""


@runtime_checkable
class Fingerprinted(Protocol):
    """A retriever whose indexes depend on more than its options, for instance a model's files."""

    def fingerprint(self) -> str:
        """Name what they depend on."""


@dataclass(frozen=True)
class _Wanted:
    """The index that is asked for."""

    retriever: Retriever
    documents: tuple[Document, ...]
    chunker: Chunker
    model: Model

    def key(self) -> tuple[str, str, str]:
        return (
            catalog.identity(self.retriever),
            catalog.identity(self.chunker),
            _digest(self.documents),
        )

    def about(self, model: str) -> _stored.About:
        retriever, chunker, digest = self.key()
        own = self.retriever.fingerprint() if isinstance(self.retriever, Fingerprinted) else ""
        about = {"retriever": retriever, "chunker": chunker, "documents": digest}
        return about | {"fingerprint": own, "model": model}


@dataclass(frozen=True)
class _Held:
    index: Index
    cost: Usage
    size: int


@dataclass
class _Place:
    """An index as each model built it, or as any would have."""

    lock: Lock = field(default_factory=Lock)
    held: dict[str, _Held] = field(default_factory=dict)


_shelf: OrderedDict[tuple[str, ...], _Place] = OrderedDict()
_shelf_lock = Lock()
# the sets of documents that were asked for last, with what names them: one may hold millions
_digests: deque[tuple[tuple[Document, ...], str]] = deque(maxlen=KEPT)


def indexed(
    retriever: Retriever, documents: Sequence[Document], chunker: Chunker, model: Model
) -> Index:
    """Return the index over these documents: from memory, disk or a shared bucket, or built.

    Building is kept out of the answer's latency and charged to its meter as a one-off, the same
    for every answer that searches the index, whichever run built it. Raises DamagedIndex where
    the files of one are, unless inside ``rebuilding``.
    """
    if meter.current().planning:
        # what only combines other retrievers costs nothing to build, and says what it would ask
        composed = getattr(retriever, "composed", False)
        first = FirstPassages(documents, chunker)
        return retriever.index(documents, chunker, model) if composed else first
    wanted = _Wanted(retriever, tuple(documents), chunker, model)
    with meter.wait():
        place = _place(wanted.key())
        with place.lock:
            held = _held(place, wanted) or _built(place, wanted)
    meter.current().charge_index(held.cost, held.size)
    return held.index


def _place(key: tuple[str, ...]) -> _Place:
    with _shelf_lock:
        place = _shelf.setdefault(key, _Place())
        _shelf.move_to_end(key)
        while len(_shelf) > KEPT:
            _shelf.popitem(last=False)
        return place


def _digest(documents: tuple[Document, ...]) -> str:
    """Name a set of documents by ids and content."""
    for known, digest in list(_digests):
        if known is documents:
            return digest
    lines = (f"{document.id} {document.digest}" for document in documents)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    _digests.append((documents, digest))
    return digest


def _held(place: _Place, wanted: _Wanted) -> _Held | None:
    models = (ANY_MODEL, catalog.identity(wanted.model))
    for model in models:
        if model in place.held:
            return place.held[model]
    if isinstance(wanted.retriever, Keeping):
        for model in models:
            if found := _opened(wanted.retriever, wanted, model):
                place.held[model] = found
                return found
    return None


def _opened(retriever: Keeping, wanted: _Wanted, model: str) -> _Held | None:
    about = wanted.about(model)
    folder = _stored.place_of(about)
    if folder is None or not (folder.exists() or _shared.download(folder, about)):
        return None
    clock = meter.Meter()
    try:
        cost = _stored.read(folder, about)
        try:
            index = retriever.load(folder, wanted.documents, wanted.chunker, wanted.model)
        except DamagedIndex as error:
            raise _stored.damaged(folder, str(error)) from None
    except DamagedIndex:
        if not _cache.rebuilds():
            raise
        _stored.remove(folder)
        _shared.discard(folder)
        return None
    _shared.upload(folder)
    meter.current().note(Step("index opened", clock.elapsed(), catalog.spec(wanted.retriever)))
    return _Held(index, cost, index.size())


def _built(place: _Place, wanted: _Wanted) -> _Held:
    held = _build(wanted)
    # an index that no model was asked for is the same for all of them
    model = catalog.identity(wanted.model) if held.cost.calls else ANY_MODEL
    place.held[model] = held
    if isinstance(held.index, KeptIndex) and isinstance(wanted.retriever, Keeping):
        about = wanted.about(model)
        if folder := _stored.place_of(about):
            _stored.write(folder, about, held.cost, held.index.save)
            _shared.upload(folder)
    return held


def _build(wanted: _Wanted) -> _Held:
    with meter.metered() as bill:
        index = wanted.retriever.index(wanted.documents, wanted.chunker, wanted.model)
        seconds = bill.elapsed()
    meter.current().note(Step("index built", seconds, catalog.spec(wanted.retriever)))
    # indexes that were built or opened on the way are part of what it took
    cost = replace(bill.usage, compute_seconds=seconds) + bill.indexing
    return _Held(index, cost, index.size())


class FirstPassages(Index):
    """What a dry run searches: the first passages, without building anything."""

    def __init__(self, documents: Sequence[Document], chunker: Chunker) -> None:
        self.documents, self.chunker = documents, chunker

    def size(self) -> int:
        """Nothing is built."""
        return 0

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return k passages of the size that a search would return."""
        found: list[Passage] = []
        for document in self.documents:
            found += self.chunker.chunk(document)
            if len(found) >= k:
                break
        return found[:k]
