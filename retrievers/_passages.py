"""Passages by their places in documents: small in memory and on disk, made when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from crossover.errors import DamagedIndex
from crossover.roles import Chunker
from crossover.types import Document, Passage

if TYPE_CHECKING:
    import numpy as np

PLACES, WRITTEN = "passages.npy", "written.json"


class Passages(Sequence[Passage]):
    """Passages of documents; texts that a model wrote (where start is end) are held apart.

    ``places`` has a row (number of the document, start, end) for each.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        places: np.ndarray[Any, Any],
        written: dict[int, str] | None = None,
    ) -> None:
        self.documents, self.places, self.written = documents, places, written or {}

    @classmethod
    def cut(cls, documents: Sequence[Document], chunker: Chunker) -> Passages:
        """Passages that a chunker makes of documents."""
        return cls.of(documents, [chunker.chunk(document) for document in documents])

    @classmethod
    def of(cls, documents: Sequence[Document], found: Sequence[Sequence[Passage]]) -> Passages:
        """Passages that are given for every document."""
        import numpy as np

        flat = [(at, passage) for at, mine in enumerate(found) for passage in mine]
        places = np.array([(at, p.start, p.end) for at, p in flat], dtype="int64").reshape(-1, 3)
        written = {at: p.text for at, (_, p) in enumerate(flat) if p.start == p.end}
        return cls(documents, places, written)

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> Passage: ...
    @overload
    def __getitem__(self, at: slice) -> list[Passage]: ...
    def __getitem__(self, at: int | slice) -> Passage | list[Passage]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        number, start, end = self.places[at].tolist()
        document = self.documents[number]
        text = self.written.get(at) if start == end else None
        return Passage(document.id, start, end, document.text[start:end] if text is None else text)

    def __iter__(self) -> Iterator[Passage]:
        return (self[at] for at in range(len(self)))

    def save(self, folder: Path) -> None:
        """Write them into a folder."""
        import numpy as np

        np.save(folder / PLACES, self.places, allow_pickle=False)
        (folder / WRITTEN).write_text(json.dumps(self.written), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, documents: Sequence[Document]) -> Passages:
        """Read what ``save`` wrote for the same documents; raises DamagedIndex."""
        import numpy as np

        try:
            places = np.load(folder / PLACES, allow_pickle=False)
            found = json.loads((folder / WRITTEN).read_text(encoding="utf-8"))
            written = {int(at): str(text) for at, text in found.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise DamagedIndex(f"the passages in {folder} cannot be read: {error}") from None
        if places.ndim != 2 or places.shape[1] != 3 or places.dtype != np.int64:
            raise DamagedIndex(f"the passages in {folder} are not places in documents")
        if len(places) and not 0 <= places[:, 0].min() <= places[:, 0].max() < len(documents):
            raise DamagedIndex(f"the passages in {folder} are those of other documents")
        return cls(documents, places, written)
