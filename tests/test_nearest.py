"""Vector search by FAISS: exact, fast, and the same every time."""

import numpy as np
import pytest

from crossover.retrievers import _nearest


def clustered(count, dimensions, seed=0):
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((max(2, count // 100), dimensions))
    found = centres[draw.integers(len(centres), size=count)]
    found = (found + 0.6 * draw.standard_normal(found.shape)).astype("float32")
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_fast_indexes_recall_what_the_flat_one_finds(kind):
    vectors, queries = clustered(8000, 48), clustered(8000, 48)[::80] + 0.01
    flat, fast = (_nearest.build(vectors, each, 0) for each in ("flat", kind))
    hits = [
        len({at for at, _ in flat.search(q, 10)} & {at for at, _ in fast.search(q, 10)})
        for q in queries
    ]
    assert np.mean(hits) / 10 >= 0.95
    assert fast.size() < flat.size() * (0.35 if kind == "ivf" else 1.7)
    again = _nearest.build(vectors, kind, 0)
    assert [again.search(q, 10) for q in queries[:9]] == [fast.search(q, 10) for q in queries[:9]]


@pytest.mark.parametrize("kind", ["auto", "flat", "ivf", "hnsw"])
@pytest.mark.parametrize("count", [1, 2, 60])
def test_any_index_returns_all_where_more_is_asked_and_ties_in_order(kind, count):
    vectors = clustered(count, 16)
    vectors[count // 2 :] = vectors[0]
    found = _nearest.build(vectors, kind, 10).search(vectors[0], 100)
    assert sorted(at for at, _ in found) == list(range(count))
    tied = [at for at, score in found if score == found[0][1]]
    assert tied == sorted(tied)


def test_auto_is_exact_up_to_a_number_of_vectors():
    vectors = clustered(300, 16)
    kinds = [type(_nearest.build(vectors, "auto", most).index).__name__ for most in (300, 299)]
    assert kinds == ["IndexFlat", "IndexIVFScalarQuantizer"]
