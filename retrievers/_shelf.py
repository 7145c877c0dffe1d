"""Where built indexes stand: one per document set, shared by every strategy and question."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from crossover import catalog, meter
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Document, Passage, Step, Usage

KEPT = 16


@dataclass
class _Place:
    lock: Lock = field(default_factory=Lock)
    index: Index | None = None
    cost: Usage = Usage()


_shelf: OrderedDict[tuple[str, ...], _Place] = OrderedDict()
_shelf_lock = Lock()


def indexed(
    retriever: Retriever, documents: Sequence[Document], chunker: Chunker, model: Model
) -> Index:
    """Return the index over these documents, built on first use.

    Building is kept out of the answer's latency and charged to its meter as a one-off, the same
    for every answer that searches the index.
    """
    if meter.current().planning:
        return FirstPassages(documents, chunker)
    with meter.wait():
        place = _place(
            (
                catalog.identity(retriever),
                catalog.identity(chunker),
                *(f"{document.id} {document.digest}" for document in documents),
            )
        )
        with place.lock:
            if place.index is None:
                place.index, place.cost = _build(retriever, documents, chunker, model)
    meter.current().charge_index(place.cost)
    return place.index


def _place(key: tuple[str, ...]) -> _Place:
    with _shelf_lock:
        place = _shelf.setdefault(key, _Place())
        _shelf.move_to_end(key)
        while len(_shelf) > KEPT:
            _shelf.popitem(last=False)
        return place


def _build(
    retriever: Retriever, documents: Sequence[Document], chunker: Chunker, model: Model
) -> tuple[Index, Usage]:
    with meter.metered() as bill:
        index = retriever.index(documents, chunker, model)
        seconds = bill.elapsed()
    meter.current().note(Step("index built", seconds, catalog.spec(retriever)))
    return index, replace(bill.usage, compute_seconds=seconds)


class FirstPassages(Index):
    """What a dry run searches: the first passages, without building anything."""

    def __init__(self, documents: Sequence[Document], chunker: Chunker) -> None:
        self.documents, self.chunker = documents, chunker

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return k passages of the size that a search would return."""
        found: list[Passage] = []
        for document in self.documents:
            found += self.chunker.chunk(document)
            if len(found) >= k:
                break
        return found[:k]
