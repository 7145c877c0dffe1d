"""What links passages: shared names, similar words, neighbourhood in a document, references."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from crossover import meter
from crossover.retrievers._entities import mentions
from crossover.retrievers._graph_references import references
from crossover.retrievers._words import words
from crossover.types import Document, Passage

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Kind = Literal["entities", "words", "neighbours", "references"]
# a word in more passages than this says little about two of them, and costs most of the time
COMMON_WORD = 1000
# links by entities that a passage keeps: a walk's time grows with all of them
STRONGEST = 10
# what a shared name or a reference says is worth more than looking alike or standing side by side
WEIGHTS: Mapping[Kind, float] = {
    "entities": 1.0,
    "references": 1.0,
    "words": 0.1,
    "neighbours": 0.1,
}
BLOCK = 2000


def linked(
    passages: Sequence[Passage],
    documents: Sequence[Document],
    kinds: Sequence[Kind],
    common: int,
    nearest: int,
    threshold: float,
) -> csr_matrix:
    """Add the links of every kind up: a symmetric matrix of weights, one row per passage.

    Each kind's weights are scaled so that a passage that has such links has ``WEIGHTS`` of them
    on average. ``common``, ``nearest`` and ``threshold`` are as in ``graph``.
    """
    from scipy.sparse import csr_matrix

    count = len(passages)
    total = csr_matrix((count, count))
    for done, kind in enumerate(kinds):
        meter.working("linking passages", done, len(kinds))
        if kind == "entities":
            links = by_entities(passages, common)
        elif kind == "words":
            links = by_words(passages, nearest, threshold)
        elif kind == "neighbours":
            links = _from_pairs(neighbours(passages), count)
        else:
            links = _from_pairs(references(passages, documents), count)
        total = total + WEIGHTS[kind] * _evened(links)
    return csr_matrix(total)


def by_entities(passages: Sequence[Passage], common: int) -> csr_matrix:
    """Weigh what two passages both mention: by its rarity and how often they mention it.

    What stands in exactly the same passages (Ada, Varn, Ada Varn) counts once.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, diags

    found = _distinct(_table(mentions([passage.text for passage in passages]), 2, common))
    held = np.asarray((found > 0).sum(axis=0)).ravel()
    rarity = np.log1p(len(passages) / np.maximum(held, 1))
    # a passage sends an entity's whole weight to those that share it, so wide ones are thinned
    share = rarity / np.maximum(np.asarray(found.sum(axis=0)).ravel(), 1)
    return _strongest(csr_matrix(found @ diags(share)), found, STRONGEST, 0.0)


def by_words(passages: Sequence[Passage], nearest: int, threshold: float) -> csr_matrix:
    """Link each passage to those with the highest tf–idf cosine, if it is above the threshold."""
    import numpy as np
    from scipy.sparse import csr_matrix, diags

    count = len(passages)
    found = _table([Counter(words(passage.text)) for passage in passages], 1, COMMON_WORD)
    held = np.asarray((found > 0).sum(axis=0)).ravel()
    weighed = csr_matrix(found @ diags(np.log1p(count / np.maximum(held, 1))))
    norms = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = csr_matrix(diags(1 / np.where(norms == 0, 1, norms)) @ weighed)
    return _strongest(unit, unit, nearest, threshold)


def neighbours(passages: Sequence[Passage]) -> list[tuple[int, int]]:
    """Pair every passage with the next of its document."""
    return [
        (at, at + 1)
        for at in range(len(passages) - 1)
        if passages[at].document == passages[at + 1].document
    ]


def _table(counts: Sequence[Counter[str]], least: int, most: int) -> csr_matrix:
    """Passages × keys in ``least`` to ``most`` of the passages; values grow as 1 + log(count)."""
    from scipy.sparse import csr_matrix

    held = Counter(key for found in counts for key in found)
    kept = {key: at for at, key in enumerate(k for k, n in held.items() if least <= n <= most)}
    values, columns, ends = [], [], [0]
    for found in counts:
        pairs = [(kept[key], times) for key, times in found.items() if key in kept]
        columns += [column for column, _ in pairs]
        values += [1 + math.log(times) for _, times in pairs]
        ends.append(len(values))
    return csr_matrix((values, columns, ends), shape=(len(counts), len(kept)), dtype=float)


def _distinct(found: csr_matrix) -> csr_matrix:
    """Keep the first of columns that are equal."""
    columns = found.tocsc()
    columns.sort_indices()
    kept: dict[bytes, int] = {}
    for at in range(columns.shape[1]):
        part = slice(columns.indptr[at], columns.indptr[at + 1])
        kept.setdefault(columns.indices[part].tobytes() + columns.data[part].tobytes(), at)
    return columns[:, list(kept.values())].tocsr()


def _strongest(one: csr_matrix, other: csr_matrix, most: int, threshold: float) -> csr_matrix:
    """Multiply rows by rows; of each the ``most`` best above the threshold link two passages."""
    from scipy.sparse import csr_matrix, vstack

    count, columns, rows = one.shape[0], csr_matrix(other.T), []
    for start in range(0, count, BLOCK):
        meter.working("comparing passages", start, count)
        products = csr_matrix(one[start : start + BLOCK] @ columns)
        rows.append(_best_of_rows(products, start, most, threshold))
    links = csr_matrix(vstack(rows)) if rows else csr_matrix((0, 0))
    return csr_matrix(links.maximum(links.T))


def _best_of_rows(products: csr_matrix, first: int, most: int, threshold: float) -> csr_matrix:
    """Keep of each row (passage ``first`` and on) its best columns above the threshold."""
    import numpy as np
    from scipy.sparse import csr_matrix

    values, columns, ends = [], [], [0]
    for row in range(products.shape[0]):
        part = slice(products.indptr[row], products.indptr[row + 1])
        where, score = products.indices[part], products.data[part]
        fit = (score > threshold) & (where != first + row)
        where, score = where[fit], score[fit]
        best = np.lexsort((where, -score.round(9)))[:most]
        columns.append(where[best])
        values.append(score[best])
        ends.append(ends[-1] + len(best))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=products.shape)


def _from_pairs(pairs: Iterable[tuple[int, int]], count: int) -> csr_matrix:
    """Weight 1 between the two of each pair; a pair named twice counts once."""
    import numpy as np
    from scipy.sparse import csr_matrix

    merged = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
    ends = np.array(merged, dtype=int).reshape(-1, 2)
    links = csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return csr_matrix(links + links.T)


def _evened(links: csr_matrix) -> csr_matrix:
    import numpy as np
    from scipy.sparse import csr_matrix

    degrees = np.asarray(links.sum(axis=1)).ravel()
    return csr_matrix(links / degrees[degrees > 0].mean()) if degrees.any() else links
