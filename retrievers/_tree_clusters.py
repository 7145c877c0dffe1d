"""Soft clusters of vectors, as RAPTOR makes them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Clustering:
    """How clusters are made; RAPTOR's published values are the defaults of ``raptor``."""

    dimensions: int
    components: int
    threshold: float
    seed: int

    def clusters(self, vectors: np.ndarray[Any, Any]) -> list[list[int]]:
        """Rows that belong together: first all over, then again within each cluster.

        A row belongs to every cluster whose probability exceeds the threshold, and to the most
        probable one anyway.
        """
        return [
            [members[at] for at in part]
            for members in self._mixture(vectors)
            for part in self._mixture(vectors[members])
        ]

    def within(
        self, vectors: np.ndarray[Any, Any], tokens: Sequence[int], most: int
    ) -> list[list[int]]:
        """Like ``clusters``, but one with more than ``most`` tokens is clustered again."""
        pending = self.clusters(vectors)
        found = []
        while pending:
            members = pending.pop(0)
            if len(members) == 1 or sum(tokens[at] for at in members) <= most:
                found.append(members)
                continue
            parts = self.clusters(vectors[members])
            if any(len(part) == len(members) for part in parts):
                # a mixture that finds no parts would be asked the same for ever
                half = len(members) // 2
                parts = [[*range(half)], [*range(half, len(members))]]
            pending = [[members[at] for at in part] for part in parts] + pending
        return found

    def _mixture(self, vectors: np.ndarray[Any, Any]) -> list[list[int]]:
        import numpy as np

        distinct = len(np.unique(vectors.round(6), axis=0))
        if distinct <= self.dimensions + 1:
            return [[*range(len(vectors))]]
        reduced = self._reduced(vectors)
        chances = self._chances(reduced, min(self.components, distinct))
        best = chances.argmax(axis=1)
        belongs = chances > self.threshold
        belongs[np.arange(len(best)), best] = True
        return [np.flatnonzero(column).tolist() for column in belongs.T if column.any()]

    def _reduced(self, vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        import numpy as np
        from sklearn.decomposition import PCA

        pca = PCA(self.dimensions, svd_solver="full")
        return np.asarray(pca.fit_transform(vectors.astype("float64")))

    def _chances(self, reduced: np.ndarray[Any, Any], most: int) -> np.ndarray[Any, Any]:
        """Each row's probabilities under the Gaussian mixture with the lowest BIC."""
        import numpy as np
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        # the fits are small: threads cost more than they bring, and order sums differently
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)
            tried = [
                GaussianMixture(count, random_state=self.seed).fit(reduced)
                for count in range(1, max(most, 2))
            ]
        best = min(tried, key=lambda mixture: float(mixture.bic(reduced)))
        return np.asarray(best.predict_proba(reduced))
