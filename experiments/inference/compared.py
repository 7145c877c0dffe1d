"""One strategy against another on the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crossover.experiments.statistics import clustered_mean, sign_flip

if TYPE_CHECKING:
    from pandas import DataFrame

NOT_COMPARED = dict.fromkeys(("difference", "difference_low", "difference_high", "p"))


def compared(cell: DataFrame, base: DataFrame, headline: str) -> dict[str, Any]:
    """The mean difference of a measure over the questions that both have, and how sure it is.

    The interval treats documents (groups) as clusters; ``p`` flips the signs of whole documents.
    """
    import pandas as pd

    own, other = (
        pd.to_numeric(table[headline]).groupby(table["example"]).mean() for table in (cell, base)
    )
    apart = (own - other).dropna()
    if apart.empty:
        return dict(NOT_COMPARED)
    groups = cell.groupby("example")["group"].first().loc[apart.index].to_numpy(object)
    differences = apart.to_numpy(float)
    found = clustered_mean(differences, groups, share=False)
    return {
        "difference": found.mean,
        "difference_low": found.low,
        "difference_high": found.high,
        "p": sign_flip(differences, groups),
    }


def against_first(
    frame: DataFrame, keys: Sequence[str]
) -> Iterator[tuple[tuple[object, ...], DataFrame, dict[str, Any]]]:
    """Every cell with its paired difference to the first strategy's on the same questions."""
    first = frame["strategy"].iloc[0]
    cells: dict[Any, DataFrame] = dict(iter(frame.groupby([*keys], sort=False, dropna=False)))
    named = {key: dict(zip(keys, key, strict=True)) for key in cells}
    # keyed by text: a tag that is missing is NaN, which equals nothing
    bases = {
        str(name | {"strategy": ""}): cells[key]
        for key, name in named.items()
        if name["strategy"] == first
    }
    for key, name in named.items():
        base = bases.get(str(name | {"strategy": ""}))
        headline = frame.attrs["metrics"][name["dataset"]][0]
        if base is None or name["strategy"] == first:
            yield key, cells[key], NOT_COMPARED
        else:
            yield key, cells[key], compared(cells[key], base, headline)
