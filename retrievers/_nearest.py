"""The vectors nearest to a query by inner product, with FAISS: exact, or fast where they are many.

Product quantisation is left out: it ranks well only when refined with vectors that take as much
memory as scalar quantisation alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crossover import meter
from crossover.errors import DamagedIndex, MissingExtra

if TYPE_CHECKING:
    import faiss
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

Kind = Literal["auto", "flat", "hnsw", "ivf"]
FILE = "vectors.faiss"
BLOCK = 50_000
# vectors that each centroid of the coarse quantiser is trained on
TRAINED_ON = 50
# the share of lists that is searched, and how many at least
PROBED, LEAST_PROBED = 1 / 16, 64
LINKS, BUILT_WITH, SEARCHED_WITH = 32, 100, 96
# found beyond what is asked, so that ties at the end are told apart by their order
MARGIN = 16


class Nearest:
    """A FAISS index."""

    def __init__(self, index: faiss.Index) -> None:
        self.index = index

    def __len__(self) -> int:
        return int(self.index.ntotal)

    def search(self, vector: Matrix, k: int) -> list[tuple[int, float]]:
        """Return (place, score) of the k nearest, best first; ties in order."""
        k = min(k, len(self))
        if not k:
            return []
        wanted = min(k + MARGIN, len(self))
        scores, found = self._searched(vector, wanted, _effort(self.index, wanted))
        if (found < 0).any():
            scores, found = self._searched(vector, wanted, _whole(self.index))
        pairs = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        return sorted((p for p in pairs if p[0] >= 0), key=lambda p: (-p[1], p[0]))[:k]

    def _searched(self, vector: Matrix, k: int, effort: Any) -> tuple[Any, Any]:
        scores, found = self.index.search(vector.reshape(1, -1), k, params=effort)
        return scores, found

    def size(self) -> int:
        """Bytes of the vectors, lists and links."""
        faiss = library()
        code = getattr(self.index, "code_size", 4 * self.index.d)
        extra = 8 if isinstance(self.index, faiss.IndexIVF) else 0
        if isinstance(self.index, faiss.IndexHNSW):
            code, extra = self.index.storage.sa_code_size(), 8 * LINKS
        return int(len(self) * (code + extra))

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        faiss = library()
        faiss.write_index(self.index, str(folder / FILE))

    @classmethod
    def load(cls, folder: Path) -> Nearest:
        """Map the index in a folder into memory; raises DamagedIndex."""
        faiss = library()
        try:
            index = faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            said = str(error).strip().splitlines()[-1]
            raise DamagedIndex(f"{folder / FILE} is no index of FAISS: {said}") from None
        return cls(index)


def library() -> Any:
    """Import FAISS; raises MissingExtra."""
    try:
        import faiss
    except ImportError:
        raise MissingExtra("faiss-cpu", "rag", "dense") from None
    return faiss


def build(vectors: Matrix, kind: Kind, flat_up_to: int) -> Nearest:
    """Build an index: exact up to ``flat_up_to`` vectors, else lists of 8-bit numbers (``ivf``)."""
    count, dimensions = vectors.shape
    if kind == "auto":
        kind = "flat" if count <= flat_up_to else "ivf"
    return assemble(blocks(vectors), sample(vectors), dimensions, kind)


def assemble(parts: Iterable[Matrix], trained_on: Matrix, dimensions: int, kind: Kind) -> Nearest:
    """Build an index from vectors that come in parts; ``trained_on`` is a sample of them."""
    faiss = library()
    form = {"flat": "Flat", "hnsw": f"HNSW{LINKS},SQ8", "ivf": f"IVF{_lists(trained_on)},SQ8"}
    index = faiss.index_factory(dimensions, form[kind], faiss.METRIC_INNER_PRODUCT)
    if isinstance(index, faiss.IndexHNSW):
        index.hnsw.efConstruction = BUILT_WITH
    elif isinstance(index, faiss.IndexIVF):
        index.cp.min_points_per_centroid = 1
    if not index.is_trained:
        index.train(trained_on)
    for part in parts:
        _add(index, part)
        meter.working("indexing", int(index.ntotal), int(index.ntotal))
    return Nearest(index)


def _add(index: Any, part: Matrix) -> None:
    import numpy as np

    faiss = library()
    threads = faiss.omp_get_max_threads()
    # threads that link nodes at the same time would link them differently every time
    faiss.omp_set_num_threads(1 if isinstance(index, faiss.IndexHNSW) else threads)
    try:
        index.add(np.ascontiguousarray(part, dtype="float32"))
    finally:
        faiss.omp_set_num_threads(threads)


def blocks(vectors: Matrix) -> Iterator[Matrix]:
    """Cut vectors into parts that fit into memory."""
    for first in range(0, len(vectors), BLOCK):
        yield vectors[first : first + BLOCK]


def sample(vectors: Matrix) -> Matrix:
    """Take as many vectors as training needs, evenly from all."""
    import numpy as np

    wanted = int(TRAINED_ON * 4 * max(1, len(vectors)) ** 0.5)
    step = max(1, len(vectors) // wanted)
    return np.ascontiguousarray(vectors[::step], dtype="float32")


def _lists(trained_on: Matrix) -> int:
    return max(1, len(trained_on) // TRAINED_ON)


def _effort(index: Any, k: int) -> Any:
    """How much of the index is searched."""
    faiss = library()
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(nprobe=max(LEAST_PROBED, int(index.nlist * PROBED)))
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=max(SEARCHED_WITH, 2 * k))
    return None


def _whole(index: Any) -> Any:
    faiss = library()
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(nprobe=index.nlist)
    return faiss.SearchParametersHNSW(efSearch=index.ntotal)
