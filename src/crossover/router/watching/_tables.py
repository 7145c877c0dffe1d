"""The decision log's tables."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy as sql

from crossover import sqlite
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
    engine = sqlite.engine(path, synchronous="NORMAL", pooled=False)
    with explained(path), engine.connect() as connection:
        found = sqlite.version(connection)
        # other databases have tables of their own
        foreign = set(sql.inspect(connection).get_table_names()) - set(META.tables)
    if foreign or found > SCHEMA_VERSION:
        raise StoreError(f"{path} is not a decision log of this version of Crossover")
    with explained(path), engine.begin() as connection:
        META.create_all(connection)
        sqlite.set_version(connection, SCHEMA_VERSION)
    return engine


def explained(path: Path) -> AbstractContextManager[None]:
    """Turn what SQLite says into a StoreError that names the log."""
    return sqlite.explained("the decision log", path)
