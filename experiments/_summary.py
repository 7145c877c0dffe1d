"""One place computes a number: from the result frame to a row per dataset, model and strategy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossover.errors import ConfigError, DataError
from crossover.experiments.inference.compared import against_first
from crossover.experiments.statistics import coded_mean, numbered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Floats = NDArray[np.float64]

KEYS = ("dataset", "model", "strategy")
FINE = ("answered", "declined", "truncated")
TAG = "tag."
MEAN = "mean."
FIGURE = "figure."
EVIDENCE = "evidence_recall"
# a headline score below this counts as a wrong answer where wrong answers are traced
HALF = 0.5
TIMES = {
    "seconds": "seconds",
    "critical_seconds": "critical",
    "first_token_seconds": "first_token",
}
COLUMNS = (
    "dataset example group strategy model outcome input_tokens output_tokens cached_tokens"
    " dollars seconds first_token_seconds calls indexing_seconds indexing_tokens"
    " indexing_dollars answer_words"
).split()


def summarise(frame: DataFrame, by: Sequence[str] = ()) -> DataFrame:
    """One row per dataset, model and strategy, and per value of the tags named in ``by``.

    Every question stays in the denominator: a failed one carries the score 0. ``score`` is the
    dataset's headline metric, ``metric`` says which, ``low`` and ``high`` are the ends of its
    95 % interval clustered by document (see ``statistics.clustered_mean``); ``difference`` is
    paired, against the grid's first strategy on the same questions. Tokens and dollars are
    unknown (NaN) where those of any question are; times leave out what was not measured. Dollars
    are per 1,000 questions, indexing is per document. Raises ConfigError for an unknown tag and
    DataError for a frame that lacks what a result frame has.
    """
    import pandas as pd

    check(frame)
    tags = tag_columns(frame, by)
    keys = [*KEYS, *tags]
    rows = [
        dict(zip(keys, key, strict=True)) | _row(cell, frame.attrs) | against
        for key, cell, against in against_first(_numbered(frame, keys), keys)
    ]
    table = pd.DataFrame(rows, columns=_columns(rows, tags))
    return _in_order(table, frame, tags)


def _numbered(frame: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Questions and documents as numbers in the order of their names: texts are slow to compare.

    What a row says as text is left out, where nothing here asks for it.
    """
    import numpy as np
    import pandas as pd

    numbers = {}
    for name in ("example", "group"):
        codes, names = pd.factorize(frame[name].to_numpy(object), use_na_sentinel=False)
        _, ranks = np.unique(np.asarray(names, dtype=str), return_inverse=True)
        numbers[name] = ranks[codes]
    spare = [name for name in map(str, frame) if name.startswith(TAG) and name not in keys]
    found = frame.drop(columns=spare).assign(**numbers)
    found.attrs = frame.attrs
    return found


def failures(frame: DataFrame) -> DataFrame:
    """Count what went wrong: one row per dataset, model, strategy and outcome that has no score.

    ``share`` is the part of that strategy's questions.
    """
    check(frame)
    size = frame.groupby([*KEYS], sort=False)["example"].transform("size")
    failed = frame.assign(asked=size)[~frame["outcome"].isin(FINE)]
    counted = failed.groupby([*KEYS, "outcome"], sort=False).agg(
        count=("example", "size"), asked=("asked", "first")
    )
    counted["share"] = counted["count"] / counted.pop("asked")
    return counted.reset_index()


def tags_of(frame: DataFrame) -> list[str]:
    """Name the tags that the frame can be sliced by."""
    return [str(name).removeprefix(TAG) for name in frame.columns if str(name).startswith(TAG)]


def tag_columns(frame: DataFrame, by: Sequence[str]) -> list[str]:
    """Find the columns of these tags; raises ConfigError that names the tags there are."""
    known = tags_of(frame)
    for name in by:
        if name not in known:
            there = ", ".join(known) or "none"
            raise ConfigError(f"no tag {name!r} in these results; tags there are: {there}")
    return [TAG + name for name in dict.fromkeys(by)]


def check(frame: DataFrame) -> None:
    """Raise DataError for a frame without rows, or that lacks a column or a dataset's metrics."""
    if frame.empty:
        raise DataError("these results hold no answer")
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise DataError(f"these results lack the columns {', '.join(missing)}")
    metrics = frame.attrs.get("metrics", {})
    for dataset in frame["dataset"].unique():
        named = metrics.get(dataset)
        if not named:
            raise DataError(f"these results do not say by which metrics {dataset!r} is scored")
        absent = [name for name in named if name not in frame.columns]
        if absent:
            raise DataError(f"these results lack the metric {absent[0]!r} of {dataset!r}")


def cost_axis(table: DataFrame) -> str:
    """Name the cost that a plot compares: dollars where they say something, else input tokens."""
    costs = ["dollars_per_1000_priced", "dollars_per_1000", "input_tokens"]
    there = [name for name in costs if name in table.columns]
    for name in there:
        if len(table) and (table[name] > 0).all():
            return name
    return next((name for name in there if (table[name] > 0).any()), "input_tokens")


def _row(cell: DataFrame, attrs: Mapping[Any, Any]) -> dict[str, object]:
    headline, *others = attrs["metrics"][cell["dataset"].iloc[0]]
    questions = len(cell)
    return {
        "n": questions,
        **_accuracy(cell, headline, others),
        **_work(cell),
        **_dollars(cell, str(attrs.get("price_as") or "")),
        **_seconds(cell),
        **_compression(cell),
        **_figures(cell),
        **unscored(cell),
    }


def _accuracy(cell: DataFrame, headline: str, others: Sequence[str]) -> dict[str, object]:
    import numpy as np

    scores = _numbers(cell, headline)
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
        **{MEAN + name: _mean_of_known(_numbers(cell, name)) for name in others},
        **_wrong(cell, headline),
        "declined": float((outcome == "declined").mean()),
        "truncated": float(_truncated(cell).mean()),
        "answer_words": _mean_of_known(_numbers(cell, "answer_words")),
    }


def _wrong(cell: DataFrame, headline: str) -> dict[str, object]:
    """Shares of the questions with evidence: wrong without having seen it, wrong despite it."""
    import numpy as np

    if EVIDENCE not in cell:
        return {}
    seen, right = _numbers(cell, EVIDENCE), _numbers(cell, headline)
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
    names = ("input_tokens", "cached_tokens", "output_tokens", "calls")
    return {name: float(_numbers(cell, name).mean()) for name in names}


def _dollars(cell: DataFrame, price_as: str) -> dict[str, object]:
    answers = float(_numbers(cell, "dollars").mean())
    indexes = _per_document(cell, "indexing_dollars")
    found: dict[str, object] = {
        "dollars_per_1000": 1000 * answers,
        "dollars_per_1000_indexed": 1000 * (answers + float(indexes.sum()) / len(cell)),
        "indexing_dollars": float(indexes.mean()),
        "indexing_tokens": float(_per_document(cell, "indexing_tokens").mean()),
    }
    if price_as:
        found |= {"price_as": price_as, "dollars_per_1000_priced": 1000 * _priced(cell, price_as)}
    return found


def _priced(cell: DataFrame, price_as: str) -> float:
    from crossover.prices import prices_as

    names = ("input_tokens", "cached_tokens", "output_tokens")
    return float(prices_as(price_as, *(_numbers(cell, name) for name in names)).mean())


def _seconds(cell: DataFrame) -> dict[str, object]:
    import numpy as np

    indexes = _per_document(cell, "indexing_seconds")
    found: dict[str, object] = {"indexing_seconds": _mean_of_known(indexes)}
    for name, shown in TIMES.items():
        # results of an earlier version may lack a time
        times = _numbers(cell, name) if name in cell else np.empty(0)
        times = times[~np.isnan(times)]
        found[f"{shown}_timed"] = len(times)
        middle, late = np.percentile(times, [50, 95]) if len(times) else (np.nan, np.nan)
        found |= {f"{shown}_p50": float(middle), f"{shown}_p95": float(late)}
    return found


def _compression(cell: DataFrame) -> dict[str, object]:
    """Shares of the tokens that a compressor was asked to keep and kept, and its time."""
    if "achieved_rate" not in cell or not cell["achieved_rate"].notna().any():
        return {}
    times = _numbers(cell, "compression_seconds")
    return {
        "compression_rate": _mean_of_known(_numbers(cell, "compression_rate")),
        "achieved_rate": _mean_of_known(_numbers(cell, "achieved_rate")),
        "compression_seconds": _mean_of_known(times),
        "compression_dollars_per_1000": 1000
        * _mean_of_known(_numbers(cell, "compression_dollars")),
    }


def _figures(cell: DataFrame) -> dict[str, object]:
    """Means of what strategies measure about their own work, over the answers that know it."""
    found = [name for name in map(str, cell) if name.startswith(FIGURE)]
    names = [name for name in found if cell[name].notna().any()]
    return {name: _mean_of_known(_numbers(cell, name)) for name in names}


def unscored(cell: DataFrame) -> dict[str, object]:
    """Count the questions without a score, and say how they failed."""
    counts = cell["outcome"][~cell["outcome"].isin(FINE)].value_counts()
    named = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return {"failed": int(counts.sum()), "failures": named}


def _per_document(cell: DataFrame, column: str) -> Floats:
    """One-off cost per group: every question of a group repeats it, a failed one may lack it."""
    import numpy as np
    import pandas as pd

    numbers = pd.Series(_numbers(cell, column), index=cell.index)
    most = numbers.groupby(cell["group"], dropna=False).max()
    return np.asarray(most, dtype=float)


def _numbers(cell: DataFrame, column: str) -> Floats:
    import pandas as pd

    return pd.to_numeric(cell[column]).to_numpy(dtype=float, na_value=float("nan"))


def _mean_of_known(numbers: Floats) -> float:
    import numpy as np

    known = numbers[~np.isnan(numbers)]
    return float(known.mean()) if len(known) else float("nan")


def _columns(rows: Sequence[Mapping[str, object]], tags: Sequence[str]) -> list[str]:
    first = ["dataset", "model", *tags, "strategy"]
    found = dict.fromkeys(name for row in rows for name in row)
    metrics = [name for name in found if name.startswith(MEAN)]
    rest = [name for name in found if name not in first and name not in metrics]
    place = rest.index("rough") + 1
    return [*first, *rest[:place], *metrics, *rest[place:]]


def _in_order(table: DataFrame, frame: DataFrame, tags: Sequence[str]) -> DataFrame:
    """Datasets, models and strategies as the grid names them; strategies of a slice together."""
    places = {key: {name: at for at, name in enumerate(frame[key].unique())} for key in KEYS}

    def rank(at: int) -> list[object]:
        row = table.loc[at]
        slices = [natural(row[tag]) for tag in tags]
        dataset, model, strategy = (places[key][row[key]] for key in KEYS)
        return [dataset, model, *slices, strategy]

    return table.loc[sorted(table.index, key=rank)].reset_index(drop=True)


def natural(value: object) -> list[tuple[int, str]]:
    """Order ``32k`` before ``128k``, and whatever is no text as its text."""
    pieces = re.findall(r"(\d+)|(\D+)", str(value))
    return [(int(number), "") if number else (-1, letters) for number, letters in pieces]
