"""Reading a run's Parquet files with DuckDB: values are bound, names are quoted."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError, MissingExtra

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame


def quoted(name: str) -> str:
    """A column's name as SQL reads it: names cannot be bound as values are."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL reads it, where a value cannot be bound."""
    return "'" + value.replace("'", "''") + "'"


def path(file: Path) -> str:
    """A file as DuckDB finds it."""
    # DuckDB reads stars and brackets in a path as a pattern
    return glob.escape(str(file.resolve()))


def connected() -> DuckDBPyConnection:
    """A database of its own that fetches nothing; raises MissingExtra without DuckDB."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("duckdb", "dashboard", "the table of questions") from None
    return duckdb.connect(
        config={
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def read(connection: DuckDBPyConnection, sql: str, given: Mapping[str, Any]) -> DataFrame:
    """What a query finds; raises DataError where the files do not hold what it asks for."""
    import duckdb

    try:
        return connection.execute(sql, dict(given)).df()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"the run's questions cannot be read: {reason}") from error
