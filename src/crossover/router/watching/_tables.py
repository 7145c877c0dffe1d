"""The decision log's tables and its SQLite engine (WAL: many readers, writers take turns)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from crossover.errors import StoreError

SCHEMA_VERSION = 1
META = sql.MetaData()
DECISIONS = sql.Table(
    "decisions",
    META,
    sql.Column("id", sql.String, primary_key=True),
    sql.Column("time", sql.Float, nullable=False, index=True),
    sql.Column("router", sql.String, nullable=False),
    sql.Column("model", sql.String, nullable=False),
    sql.Column("group", sql.String, nullable=False),
    sql.Column("strategy", sql.String, nullable=False),
    sql.Column("escalated", sql.Boolean, nullable=False),
    sql.Column("confidence", sql.Float),
    sql.Column("outcome", sql.String, nullable=False),
    sql.Column("declined", sql.Boolean),
    sql.Column("tokens", sql.Float),
    sql.Column("dollars", sql.Float),
    sql.Column("seconds", sql.Float),
    # JSON: what was asked with its costs, what was expected, and the features
    sql.Column("passes", sql.Text, nullable=False),
    sql.Column("expected", sql.Text, nullable=False),
    sql.Column("before", sql.Text, nullable=False),
    sql.Column("after", sql.Text, nullable=False),
    sql.Column("texts", sql.Text),
)
FEEDBACK = sql.Table(
    "feedback",
    META,
    sql.Column("decision", sql.String, primary_key=True),
    sql.Column("strategy", sql.String, primary_key=True),
    sql.Column("quality", sql.Float, nullable=False),
    sql.Column("time", sql.Float, nullable=False),
)
SHADOWS = sql.Table(
    "shadows",
    META,
    sql.Column("decision", sql.String, primary_key=True),
    sql.Column("router", sql.String, primary_key=True),
    sql.Column("strategy", sql.String, nullable=False),
    sql.Column("settled", sql.Boolean, nullable=False),
    sql.Column("expected", sql.Text, nullable=False),
    sql.Column("seconds", sql.Float, nullable=False),
    sql.Column("problem", sql.String, nullable=False),
)
LOST = sql.Table(
    "lost",
    META,
    sql.Column("kind", sql.String, primary_key=True),
    sql.Column("count", sql.Integer, nullable=False),
)


def opened(path: Path, *, create: bool) -> sql.Engine:
    """The engine of a log; raises StoreError where there is none, or the file is something else."""
    if not create and not path.is_file():
        raise StoreError(f"there is no decision log at {path}")
    # no connection stays open: one that a forked process inherits would block it
    engine = sql.create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 60}, poolclass=sql.pool.NullPool
    )
    sql.event.listen(engine, "connect", _connected)
    sql.event.listen(engine, "begin", _begun)
    with explained(path), engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA user_version").scalar() or 0
        # other databases have tables of their own
        foreign = {"decisions", *sql.inspect(connection).get_table_names()}
    if foreign - set(META.tables) or found > SCHEMA_VERSION:
        raise StoreError(f"{path} is not a decision log of this version of Crossover")
    with explained(path), engine.begin() as connection:
        META.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return engine


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=60000", "journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: sql.Connection) -> None:
    # a reader that turns writer half-way would fail where another writes
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a StoreError that names the file."""
    try:
        yield
    except sql.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreError(f"the decision log {path} cannot be used: {reason}") from None
