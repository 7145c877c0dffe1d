"""What the answers of one dataset, model and strategy come to: scores, shares, costs and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossover.experiments.statistics import coded_mean, numbered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Floats = NDArray[np.float64]

FINE = ("answered", "declined", "truncated")
MEAN = "mean."
FIGURE = "figure."
EVIDENCE = "evidence_recall"
# a headline score below this counts as a wrong answer where wrong answers are traced
HALF = 0.5
TOKENS = ("input_tokens", "cached_tokens", "output_tokens")
# a column for each answer's price as another model's
PRICED = "priced"
TIMES = {
    "seconds": "seconds",
    "critical_seconds": "critical",
    "first_token_seconds": "first_token",
}


def figures(cell: DataFrame, attrs: Mapping[Any, Any], keys: Sequence[str]) -> dict[str, object]:
    """Everything that a row of the summary says of a cell but its comparison.

    Documents (groups) are numbers from 0; where the results name a model to price tokens as, the
    column PRICED holds those prices. ``keys`` are the columns whose values the cell shares.
    """
    dataset = cell["dataset"].iloc[0]
    headline, *others = attrs["metrics"][dataset]
    questions = len(cell)
    return {
        "n": questions,
        **_accuracy(cell, headline, others),
        **official(cell, headline, aggregates(attrs).get(dataset, ()), keys),
        **_work(cell),
        **_dollars(cell, str(attrs.get("price_as") or "")),
        **_seconds(cell),
        **_compression(cell),
        **_figures(cell),
        **unscored(cell),
    }


def _accuracy(cell: DataFrame, headline: str, others: Sequence[str]) -> dict[str, object]:
    import numpy as np

    scores = numbers(cell, headline)
    known = ~np.isnan(scores)
    score = coded_mean(scores[known], numbered(cell["group"].to_numpy(int)[known]))
    outcome = cell["outcome"]
    return {
        "metric": headline,
        "scored": score.n,
        "score": score.mean,
        "low": score.low,
        "high": score.high,
        "clusters": score.clusters,
        "rough": score.rough,
        **{MEAN + name: _mean_of_known(numbers(cell, name)) for name in others},
        **_wrong(cell, headline),
        "declined": float((outcome == "declined").mean()),
        "truncated": float(_truncated(cell).mean()),
        "answer_words": _mean_of_known(numbers(cell, "answer_words")),
    }


def aggregates(attrs: Mapping[Any, Any]) -> Mapping[str, Sequence[str]]:
    """The tags of each dataset over whose values its official score is a mean of means."""
    return attrs.get("aggregates") or {}


def official(
    cell: DataFrame, headline: str, tags: Sequence[str], keys: Sequence[str]
) -> dict[str, object]:
    """A benchmark's own aggregate: the mean over a tag's values of the means within each."""
    columns = [f"tag.{tag}" for tag in tags if f"tag.{tag}" in cell and f"tag.{tag}" not in keys]
    if not columns:
        return {}
    scores = cell[headline].astype(float)
    means = scores.groupby([cell[name] for name in columns], dropna=False).mean()
    while means.index.nlevels > 1:
        means = means.groupby(level=list(range(means.index.nlevels - 1)), dropna=False).mean()
    return {"official": float(means.mean())}


def _wrong(cell: DataFrame, headline: str) -> dict[str, object]:
    """Shares of the questions with evidence: wrong without having seen it, wrong despite it."""
    import numpy as np

    if EVIDENCE not in cell:
        return {}
    seen, right = numbers(cell, EVIDENCE), numbers(cell, headline)
    known = ~(np.isnan(seen) | np.isnan(right))
    if not known.any():
        return {}
    wrong, missed = right[known] < HALF, seen[known] < 1
    return {
        "wrong_unseen": float((wrong & missed).mean()),
        "wrong_seen": float((wrong & ~missed).mean()),
    }


def _truncated(cell: DataFrame) -> Series[bool]:
    """Where the answer was cut off or not all of the context was read, whatever came of it."""
    cut = cell["cut"].fillna("") != "" if "cut" in cell else False
    return (cell["outcome"] == "truncated") | cut


def _work(cell: DataFrame) -> dict[str, object]:
    return {name: float(numbers(cell, name).mean()) for name in (*TOKENS, "calls")}


def _dollars(cell: DataFrame, price_as: str) -> dict[str, object]:
    answers = float(numbers(cell, "dollars").mean())
    indexes = _per_document(cell, "indexing_dollars")
    found: dict[str, object] = {
        "dollars_per_1000": 1000 * answers,
        "dollars_per_1000_indexed": 1000 * (answers + float(indexes.sum()) / len(cell)),
        "indexing_dollars": float(indexes.mean()),
        "indexing_tokens": float(_per_document(cell, "indexing_tokens").mean()),
    }
    if price_as:
        priced = float(numbers(cell, PRICED).mean())
        found |= {"price_as": price_as, "dollars_per_1000_priced": 1000 * priced}
    return found


def _seconds(cell: DataFrame) -> dict[str, object]:
    import numpy as np

    indexes = _per_document(cell, "indexing_seconds")
    found: dict[str, object] = {"indexing_seconds": _mean_of_known(indexes)}
    for name, shown in TIMES.items():
        # results of an earlier version may lack a time
        times = numbers(cell, name) if name in cell else np.empty(0)
        times = times[~np.isnan(times)]
        found[f"{shown}_timed"] = len(times)
        middle, late = np.percentile(times, [50, 95]) if len(times) else (np.nan, np.nan)
        found |= {f"{shown}_p50": float(middle), f"{shown}_p95": float(late)}
    return found


def _compression(cell: DataFrame) -> dict[str, object]:
    """Shares of the tokens that a compressor was asked to keep and kept, and its time."""
    if "achieved_rate" not in cell or not cell["achieved_rate"].notna().any():
        return {}
    times = numbers(cell, "compression_seconds")
    return {
        "compression_rate": _mean_of_known(numbers(cell, "compression_rate")),
        "achieved_rate": _mean_of_known(numbers(cell, "achieved_rate")),
        "compression_seconds": _mean_of_known(times),
        "compression_dollars_per_1000": 1000 * _mean_of_known(numbers(cell, "compression_dollars")),
    }


def _figures(cell: DataFrame) -> dict[str, object]:
    """Means of what strategies measure about their own work, over the answers that know it."""
    found = [name for name in map(str, cell) if name.startswith(FIGURE)]
    names = [name for name in found if cell[name].notna().any()]
    return {name: _mean_of_known(numbers(cell, name)) for name in names}


def unscored(cell: DataFrame) -> dict[str, object]:
    """Count the questions without a score, and say how they failed."""
    counts = cell["outcome"][~cell["outcome"].isin(FINE)].value_counts()
    named = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return {"failed": int(counts.sum()), "failures": named}


def _per_document(cell: DataFrame, column: str) -> Floats:
    """One-off cost per group: every question of a group repeats it, a failed one may lack it."""
    import numpy as np

    groups = numbered(cell["group"].to_numpy(np.intp))
    most = np.full(groups.max() + 1, np.nan)
    np.fmax.at(most, groups, numbers(cell, column))
    return most


def numbers(cell: DataFrame, column: str) -> Floats:
    """A column as plain numbers, NaN where one is missing."""
    import pandas as pd

    values = cell[column]
    if values.dtype == float:
        return values.to_numpy()
    return pd.to_numeric(values).to_numpy(dtype=float, na_value=float("nan"))


def _mean_of_known(numbers: Floats) -> float:
    import numpy as np

    known = numbers[~np.isnan(numbers)]
    return float(known.mean()) if len(known) else float("nan")
