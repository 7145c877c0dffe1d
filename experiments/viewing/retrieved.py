"""Retrieval measured alone, as ``crossover retrieval`` left it: its files and its curves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.errors import DataError
from crossover.experiments.retrieval.table import summarise_retrieval

if TYPE_CHECKING:
    from pandas import DataFrame

FILE = "retrieval.parquet"
DEPTH = re.compile(r"recall@(\d+)")
NEEDED = (
    "dataset example group strategy model outcome seconds input_tokens calls dollars passages"
    " indexing_seconds indexing_dollars index_bytes nDCG@10 MRR token_recall"
).split()


def there(places: Mapping[str, Path]) -> dict[str, Path]:
    """The folders that hold such measurements, of all that there are by name."""
    return {name: folder for name, folder in places.items() if (folder / FILE).is_file()}


def load(folder: Path) -> DataFrame:
    """Every query of a measurement; raises DataError where the file is not one."""
    import pandas as pd

    try:
        found = pd.read_parquet(folder / FILE, engine="pyarrow")
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{FILE} cannot be read as measured retrieval: {reason}") from error
    missing = [name for name in NEEDED if name not in found.columns]
    if missing or found.empty:
        what = f"it lacks {', '.join(missing)}" if missing else "it holds no query"
        raise DataError(f"{FILE} cannot be read as measured retrieval: {what}")
    return found


def depths(frame: DataFrame) -> dict[int, str]:
    """The columns of recall by their k."""
    found = {int(m[1]): str(name) for name in frame.columns if (m := DEPTH.fullmatch(str(name)))}
    return dict(sorted(found.items()))


def measures(frame: DataFrame) -> list[str]:
    """What can lead the table."""
    return [*depths(frame).values(), "nDCG@10", "MRR", "token_recall"]


def over_depth(frame: DataFrame) -> DataFrame:
    """Recall at every k of every strategy, with its interval, by the summary."""
    import pandas as pd

    columns = ["dataset", "model", "strategy", "score", "low", "high", "n"]
    parts = [
        summarise_retrieval(frame, name)[columns].assign(k=float(k))
        for k, name in depths(frame).items()
    ]
    return pd.concat(parts, ignore_index=True)
