"""SQLite files that many threads and processes write, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sql

from crossover.errors import StoreError


def engine(
    path: Path, *, synchronous: Literal["FULL", "NORMAL"], pooled: bool = True
) -> sql.Engine:
    """The engine of a file: WAL, so that many read beside one writer, and writers take turns.

    ``FULL`` holds every commit through a loss of power; ``NORMAL`` may lose the last ones then.
    A connection with the execution option ``reading`` waits for no writer. Not ``pooled``, no
    connection stays open: one that a forked process inherits would block it.
    """
    pool = None if pooled else sql.pool.NullPool
    made = sql.create_engine(f"sqlite:///{path}", connect_args={"timeout": 60}, poolclass=pool)

    @sql.event.listens_for(made, "connect")
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in ("busy_timeout=60000", "journal_mode=WAL", f"synchronous={synchronous}"):
            connection.execute(f"PRAGMA {pragma}")

    @sql.event.listens_for(made, "begin")
    def _begun(connection: sql.Connection) -> None:
        # a reader that turns writer half-way would fail where another writes
        reads = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return made


@contextmanager
def explained(what: str, path: Path) -> Iterator[None]:
    """Turn what SQLite says into a StoreError that names the file."""
    try:
        yield
    except sql.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreError(f"{what} {path} cannot be used: {reason}") from None


def version(connection: sql.Connection) -> int:
    """The version that a file says it has; 0 for a new one."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)


def set_version(connection: sql.Connection, number: int) -> None:
    """Have a file say its version."""
    connection.exec_driver_sql(f"PRAGMA user_version = {number:d}")
