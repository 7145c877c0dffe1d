"""Decision logs as the dashboard shows them: who was asked, what drifts, how a shadow did."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.errors import DataError
from crossover.router.artefact import Artefact
from crossover.router.watching.drift import drift
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.shadow import agreement
from crossover.router.watching.stream import stream_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from crossover.router.watching.record import Logged

DAYS = 30


@dataclass(frozen=True)
class Watched:
    """What a log says of the last month: a row per strategy, and lines on drift and shadows."""

    table: DataFrame
    drift: tuple[str, ...]
    shadows: Mapping[str, tuple[str, ...]]
    lost: Mapping[str, int]


def log_files(places: Mapping[str, Path]) -> dict[str, Path]:
    """The decision logs right inside folders, by their names; other databases are left alone."""
    found: dict[str, Path] = {}
    for place, folder in places.items():
        for path in sorted(folder.glob("*.sqlite")) if folder.is_dir() else ():
            if _is_log(path) and path not in found.values():
                found[f"{path.name} ({place})" if path.name in found else path.name] = path
    return found


def _is_log(path: Path) -> bool:
    """Whether it holds decisions; looking at it must not make it a log."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        return False
    return {"decisions", "feedback", "shadows"} <= tables


def watched(path: Path, artefact: Artefact | None) -> Watched:
    """Look at the last month of a log; drift against a router whose decisions it holds.

    Raises StoreError where it cannot be read.
    """
    since = datetime.now(UTC) - timedelta(days=DAYS)
    with DecisionLog(path, create=False) as log:
        rows = log.rows(since=since)
        names = sorted({str(row["router"]) for row in log.shadows()})
        shadows = {name: tuple(agreement(log, name).lines()) for name in names}
        lost = log.lost
    return Watched(_counted(rows), tuple(_drift(rows, artefact)), shadows, lost)


def _counted(rows: list[Logged]) -> DataFrame:
    import pandas as pd

    chosen = Counter(row.strategy for row in rows)
    return pd.DataFrame(
        [
            {
                "strategy": name,
                "answers": count,
                "share": count / len(rows),
                "escalated": sum(row.escalated for row in rows if row.strategy == name),
                "graded": sum(name in row.grades for row in rows if row.strategy == name),
            }
            for name, count in chosen.most_common()
        ]
    )


def _drift(rows: list[Logged], artefact: Artefact | None) -> list[str]:
    if artefact is None:
        return []
    own = [row for row in rows if row.router == artefact.digest[:12]]
    if not own:
        there = ", ".join(sorted({row.router for row in rows})) or "none"
        return [f"it holds no decision of this router in {DAYS} days; it holds those of: {there}"]
    try:
        return drift(artefact.reference, stream_of(own)).lines()
    except DataError as error:
        return [str(error)]
