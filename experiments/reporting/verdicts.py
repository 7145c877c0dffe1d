"""What a judge found, where the run's directory holds verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError
from crossover.experiments import _tables

if TYPE_CHECKING:
    from pandas import DataFrame

JUDGED, RANKING = "judged.parquet", "ranking.parquet"
ENDS = (("share", "low", "high"), ("strength", "strength_low", "strength_high"))


def read_judged(folder: Path | None) -> DataFrame | None:
    """The judged frame of a run; None where nothing was judged, DataError where it is not one."""
    found = _read(folder, JUDGED)
    if found is not None and "judge.score" not in found:
        raise DataError(f"{JUDGED} holds no verdicts")
    return found


def read_ranking(folder: Path | None) -> DataFrame | None:
    """The Bradley-Terry ranking of a run that was judged pair by pair; None where there is none."""
    return _read(folder, RANKING)


def ranking_columns(table: DataFrame) -> list[_tables.Column]:
    """What the table of a ranking shows."""
    several = [key for key in ("dataset", "model") if table[key].nunique() > 1]
    return [
        *(_tables.Column("", key, key, _tables.name, False) for key in several),
        _tables.Column("", "place", "places", str, False),
        _tables.Column("", "strategy", "strategy", _tables.name, False),
        _tables.Column("", "chance to win [95 %]", "shares", str),
        _tables.Column("", "strength [95 %]", "strengths", str),
        *(_tables.Column("", name, name, _count) for name in ("wins", "ties", "losses")),
    ]


def with_intervals(table: DataFrame) -> DataFrame:
    """A ranking with its intervals as text."""
    rows = table.to_dict("records")
    return table.assign(
        places=[f"{row['place']:.0f} ({row['best']:.0f}-{row['worst']:.0f})" for row in rows],
        shares=[_interval(row, ENDS[0]) for row in rows],
        strengths=[_interval(row, ENDS[1]) for row in rows],
    )


def _read(folder: Path | None, name: str) -> DataFrame | None:
    if folder is None or not (folder / name).is_file():
        return None
    import pandas as pd

    try:
        return pd.read_parquet(folder / name, engine="pyarrow")
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{folder / name} cannot be read: {reason}") from error


def _interval(row: dict[Any, Any], names: tuple[str, str, str]) -> str:
    value, low, high = (row[name] for name in names)
    if _tables.unknown(value):
        return _tables.UNKNOWN
    ends = "" if _tables.unknown(low) or _tables.unknown(high) else f" [{low:.2f}, {high:.2f}]"
    return f"{value:.2f}{ends}"


def _count(value: float) -> str:
    return f"{value:g}"
