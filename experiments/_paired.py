"""One strategy against another on the same questions."""

from __future__ import annotations

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
