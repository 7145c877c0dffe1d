"""Where a result store's tables stand: a file of SQLite's, or PostgreSQL for many machines.

Work that comes from several threads at once is committed together, so that as many answers as are
ready cost one commit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from crossover import sqlite as files
from crossover.errors import ConfigError, MissingExtra, StoreError
from crossover.models._failures import masked

Result = TypeVar("Result")
Work = Callable[[sql.Connection], Any]
SCHEMA = "crossover"
# a database that is started anew is waited for so long, in seconds
PATIENCE = 60.0
PAUSE = 0.2
# SQLite's and PostgreSQL's limits of what one statement may name are above this
TOGETHER = 500
# any number, the same in every version: who claims holds this lock of the database's
CLAIMING = 0x63726F73


class _Ticket:
    """A piece of work, or a row of a table, on its way into a commit."""

    def __init__(self, work: Work | None = None, table: Any = None, row: Any = None) -> None:
        self.work, self.table, self.row = work, table, row
        self.done = Lock()
        self.done.acquire()
        self.result: Any = None
        self.error: BaseException | None = None


class Database:
    """A file (``Path``) or an address like ``postgresql://user@host/name``, opened.

    The password of an address is read from PGPASSWORD or ~/.pgpass. Raises StoreError where it
    cannot be used, ConfigError for an address of another kind, MissingExtra without its driver.
    """

    def __init__(self, where: Path | str) -> None:
        self.file = where if isinstance(where, Path) else None
        self.name = str(where) if self.file else keyless(str(where))
        self._waiting: SimpleQueue[_Ticket | None] = SimpleQueue()
        self._closed = False
        self._upserts: dict[str, Any] = {}
        with self.explained():
            self._engine = _engine(where)
        self._writer = Thread(target=self._write_on, name="crossover-store", daemon=True)
        self._writer.start()

    @property
    def shared(self) -> bool:
        """Whether other machines can reach it."""
        return self.file is None

    def close(self) -> None:
        """Let go of all connections, when what was handed in is written."""
        self._closed = True
        self._waiting.put(None)
        self._writer.join()
        self._engine.dispose()

    def read(self, work: Callable[[sql.Connection], Result]) -> Result:
        """Do work that only reads; again where the database was away."""
        return self._patiently(lambda: self._read(work))

    def write(self, work: Callable[[sql.Connection], Result]) -> Result:
        """Do work in a transaction, together with what other threads want done; durable after that.

        Work must be harmless when done twice: a commit may have come through whose receipt is lost.
        """
        result: Result = self._hand_in(_Ticket(work))
        return result

    def put(self, table: sql.Table, row: Mapping[str, Any]) -> None:
        """Write a row, which replaces one with the same key; durable after that.

        The rows of threads that come together are one statement.
        """
        self._hand_in(_Ticket(table=table, row=row))

    def post(self, table: sql.Table, row: Mapping[str, Any]) -> None:
        """Write a row soon, and before what is handed in after it; wait for nothing."""
        self._waiting.put(_Ticket(table=table, row=row))

    def _hand_in(self, ticket: _Ticket) -> Any:
        if self._closed:
            raise StoreError(f"the result store {self.name} is closed")
        self._waiting.put(ticket)
        ticket.done.acquire()
        if ticket.error:
            raise ticket.error
        return ticket.result

    def _write_on(self) -> None:
        """Commit, again and again, what was handed in meanwhile."""
        going = True
        while going:
            tickets = [self._waiting.get()]
            while not self._waiting.empty():
                tickets.append(self._waiting.get())
            going = None not in tickets
            self._commit([ticket for ticket in tickets if ticket])

    def alone(self, connection: sql.Connection) -> None:
        """Keep other processes from claiming until the transaction ends; SQLite has one writer."""
        if self.shared:
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(CLAIMING)))

    def now(self, connection: sql.Connection) -> float:
        """Seconds since 1970 by the clock that all who share the database go by."""
        if not self.shared:
            return time.time()
        clock = sql.func.extract("epoch", sql.func.clock_timestamp())
        return float(connection.execute(sql.select(clock)).scalar_one())

    def upsert(self, table: sql.Table) -> Any:
        """An insert that replaces the row with the same key."""
        if table.name not in self._upserts:
            self._upserts[table.name] = self._upsert(table)
        return self._upserts[table.name]

    def _upsert(self, table: sql.Table) -> Any:
        insert = postgresql.insert if self.shared else sqlite.insert
        statement: Any = insert(table)
        keys = [column.name for column in table.primary_key]
        others = {c.name: c for c in statement.excluded if c.name not in keys}
        if not others:
            return statement.on_conflict_do_nothing()
        return statement.on_conflict_do_update(index_elements=keys, set_=others)

    def version(self, connection: sql.Connection) -> int:
        """The version that the tables say they have; 0 for new ones."""
        if not self.shared:
            return files.version(connection)
        VERSION.metadata.create_all(connection)
        return int(connection.execute(sql.select(sql.func.max(VERSION.c.number))).scalar() or 0)

    def set_version(self, connection: sql.Connection, number: int) -> None:
        """Have the tables say their version."""
        if self.shared:
            connection.execute(self.upsert(VERSION).values(number=number))
        else:
            files.set_version(connection, number)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what a database says into a StoreError that names it."""
        try:
            yield
        except sql.exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StoreError(
                f"the result store {self.name} cannot be used: {masked(reason)}"
            ) from None
        except OSError as error:
            folder = self.file.parent if self.file else self.name
            raise StoreError(f"the run's directory {folder} cannot be used: {error}") from None

    def _read(self, work: Callable[[sql.Connection], Result]) -> Result:
        with self._engine.connect().execution_options(reading=True) as connection:
            return work(connection)

    def _commit(self, tickets: list[_Ticket]) -> None:
        rows = _by_table(tickets)

        def together() -> list[Any]:
            with self._engine.begin() as connection:
                for table, some in rows.items():
                    connection.execute(self.upsert(table), some)
                return [ticket.work and ticket.work(connection) for ticket in tickets]

        try:
            results = self._patiently(together)
        except BaseException as error:
            # the thread goes on, whatever it is
            for ticket in tickets:
                ticket.error = error
        else:
            for ticket, result in zip(tickets, results, strict=True):
                ticket.result = result
        for ticket in tickets:
            ticket.done.release()

    def _patiently(self, work: Callable[[], Result]) -> Result:
        """Do it again while a database that others share is being started anew."""
        if not self.shared:
            with self.explained():
                return work()
        from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

        retrying = Retrying(
            retry=retry_if_exception(_away),
            wait=wait_exponential(PAUSE, max=5),
            stop=stop_after_delay(PATIENCE),
            reraise=True,
        )
        with self.explained():
            return retrying(work)


VERSION = sql.Table("version", sql.MetaData(), sql.Column("number", sql.Integer, primary_key=True))


def _by_table(tickets: Sequence[_Ticket]) -> dict[sql.Table, list[Any]]:
    """The rows of each table, of several with one key the last: a statement takes each once."""
    found: dict[sql.Table, dict[tuple[Any, ...], Any]] = {}
    for ticket in tickets:
        if ticket.table is not None:
            key = tuple(ticket.row[column.name] for column in ticket.table.primary_key)
            found.setdefault(ticket.table, {})[key] = ticket.row
    return {table: list(rows.values()) for table, rows in found.items()}


def keyless(address: str) -> str:
    """An address without its password, as it may be kept. Raises ConfigError."""
    return _read(address).set(password=None).render_as_string()


def known(address: str) -> str:
    """An address that was kept, with the password of the one in CROSSOVER_STORE if it is that."""
    given = os.environ.get("CROSSOVER_STORE", "")
    return given if given and keyless(given) == address else address


def _read(address: str) -> sql.URL:
    try:
        return sql.make_url(address)
    except sql.exc.ArgumentError:
        raise ConfigError("expected a store like postgresql://user@host/name") from None


def _away(error: BaseException) -> bool:
    """Whether the database is gone for the moment, and not at odds with what was asked."""
    if not isinstance(error, sql.exc.DBAPIError):
        return False
    gone = isinstance(error, sql.exc.OperationalError | sql.exc.InterfaceError)
    return error.connection_invalidated or gone


def _engine(where: Path | str) -> sql.Engine:
    if isinstance(where, Path):
        where.parent.mkdir(parents=True, exist_ok=True)
        return files.engine(where, synchronous="FULL")
    url = _read(where)
    if url.get_backend_name() != "postgresql":
        raise ConfigError(f"{keyless(where)}: expected a store like postgresql://user@host/name")
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise MissingExtra("psycopg", "postgres", "a result store in PostgreSQL") from None
    url = url.set(drivername="postgresql+psycopg")
    made = sql.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"options": f"-c search_path={SCHEMA}", "connect_timeout": 10},
    )
    with made.begin() as connection:
        connection.execute(sql.select(sql.func.pg_advisory_xact_lock(CLAIMING)))
        connection.execute(sql.schema.CreateSchema(SCHEMA, if_not_exists=True))
    return made
