"""The rates of endpoints, kept in the result store for all workers that share it."""

from __future__ import annotations

import sqlalchemy as sql

from crossover.experiments.database import Database
from crossover.models._pace import moved

PACE = sql.Table(
    "pace",
    sql.MetaData(),
    sql.Column("name", sql.String, primary_key=True),
    sql.Column("due", sql.Float, nullable=False),
)


class SharedDiary:
    """Due times in a database, by its clock; see ``Diary``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.write(self._create)

    def due(self, name: str, seconds: float, burst: float) -> float:
        """Put a due time off by so many seconds of the rate; return how long to wait from now."""

        def put_off(connection: sql.Connection) -> float:
            now, due = self._known(connection, name)
            later, wait = moved(due, now, seconds, burst)
            self._set(connection, name, later)
            return wait

        return self.database.write(put_off)

    def hold(self, name: str, seconds: float) -> None:
        """Let nothing be due for so long."""

        def held(connection: sql.Connection) -> None:
            now, due = self._known(connection, name)
            self._set(connection, name, max(due, now + seconds))

        self.database.write(held)

    def _create(self, connection: sql.Connection) -> None:
        self.database.alone(connection)
        PACE.metadata.create_all(connection)

    def _known(self, connection: sql.Connection, name: str) -> tuple[float, float]:
        """The time, and when an endpoint's next request is due."""
        self.database.alone(connection)
        found = connection.execute(sql.select(PACE.c.due).where(PACE.c.name == name)).scalar()
        return self.database.now(connection), float(found or 0.0)

    def _set(self, connection: sql.Connection, name: str, due: float) -> None:
        connection.execute(self.database.upsert(PACE), {"name": name, "due": due})
