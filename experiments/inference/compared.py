"""One strategy against another on the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crossover.experiments.statistics import coded_mean, numbered, sign_flips

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    Floats = NDArray[np.floating[Any]]

NOT_COMPARED = dict.fromkeys(("difference", "difference_low", "difference_high", "p"))


def compared(cell: DataFrame, base: DataFrame, headline: str) -> dict[str, Any]:
    """The mean difference of a measure over the questions that both have, and how sure it is.

    The interval treats documents (groups) as clusters; ``p`` flips the signs of whole documents.
    """
    import numpy as np

    differences, groups = _apart(cell, base, headline)
    _, codes = np.unique(groups.astype(str), return_inverse=True)
    return _each([(differences, codes)])[0]


def against_first(
    frame: DataFrame, keys: Sequence[str]
) -> Iterator[tuple[tuple[object, ...], DataFrame, dict[str, Any]]]:
    """Every cell with its paired difference to the first strategy's on the same questions.

    Documents (groups) are numbers in the frame.
    """
    first = frame["strategy"].iloc[0]
    metrics = frame.attrs["metrics"]
    # attributes are copied with every cut
    bare = frame.copy(deep=False)
    bare.attrs = {}
    cells: dict[Any, DataFrame] = dict(iter(bare.groupby([*keys], sort=False, dropna=False)))
    named = {key: dict(zip(keys, key, strict=True)) for key in cells}
    # keyed by text: a tag that is missing is NaN, which equals nothing
    bases = {
        str(name | {"strategy": ""}): cells[key]
        for key, name in named.items()
        if name["strategy"] == first
    }
    pairs = {}
    for key, name in named.items():
        base = bases.get(str(name | {"strategy": ""}))
        if base is not None and name["strategy"] != first:
            headline = metrics[name["dataset"]][0]
            differences, groups = _apart(cells[key], base, headline)
            pairs[str(key)] = differences, numbered(groups.astype(int))
    found = dict(zip(pairs, _each(list(pairs.values())), strict=True))
    for key, cell in cells.items():
        yield key, cell, found.get(str(key), NOT_COMPARED)


def _apart(cell: DataFrame, base: DataFrame, headline: str) -> tuple[Floats, NDArray[Any]]:
    """The differences of the questions that both have a score of, and their groups."""
    import pandas as pd

    own, other = (
        pd.to_numeric(table[headline]).groupby(table["example"]).mean() for table in (cell, base)
    )
    apart = (own - other).dropna()
    groups = cell.groupby("example")["group"].first().loc[apart.index].to_numpy()
    return apart.to_numpy(float), groups


def _each(pairs: Sequence[tuple[Floats, NDArray[Any]]]) -> list[dict[str, Any]]:
    means = [coded_mean(differences, codes, share=False) for differences, codes in pairs]
    return [
        {"difference": mean.mean, "difference_low": mean.low, "difference_high": mean.high, "p": p}
        for mean, p in zip(means, sign_flips(pairs), strict=True)
    ]
