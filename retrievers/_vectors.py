"""Vectors kept by content: no text is embedded twice by the same embedder.

One SQLite database per embedder, in write-ahead mode so that several processes can share it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crossover.errors import DamagedIndex
from crossover.retrievers import _cache

if TYPE_CHECKING:
    from filelock import FileLock

FORMAT, APPLICATION = 1, 0x43524F53
ASKED_AT_ONCE = 900
PATIENCE = 120.0
TABLE = """CREATE TABLE vectors (
    key BLOB PRIMARY KEY, vector BLOB NOT NULL, checksum INTEGER NOT NULL,
    tokens INTEGER, seconds REAL NOT NULL)"""


class Kept(NamedTuple):
    """A text's vector (float32, little-endian), its tokens where known, and what it took."""

    vector: bytes
    tokens: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of one embedder."""

    path: Path

    def read(self, keys: Sequence[bytes]) -> dict[bytes, Kept]:
        """Return what is kept under these keys; raises DamagedIndex."""
        found: dict[bytes, Kept] = {}
        with self._open() as database:
            for first in range(0, len(keys), ASKED_AT_ONCE):
                some = keys[first : first + ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                asked = f"SELECT * FROM vectors WHERE key IN ({marks})"  # noqa: S608
                for key, vector, checksum, tokens, seconds in database.execute(asked, some):
                    if zlib.crc32(vector) != checksum:
                        raise self._damaged("a vector's checksum differs")
                    found[key] = Kept(vector, tokens, seconds)
        return found

    def write(self, rows: Iterable[tuple[bytes, Kept]]) -> None:
        """Keep vectors; what another process kept meanwhile stands."""
        values = [
            (key, kept.vector, zlib.crc32(kept.vector), kept.tokens, kept.seconds)
            for key, kept in rows
        ]
        with self._open() as database, database:
            database.executemany("INSERT OR IGNORE INTO vectors VALUES (?,?,?,?,?)", values)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as database:
                self._prepare(database)
                yield database
        except sqlite3.OperationalError as error:
            with _cache.usable(self.path):
                raise OSError(str(error)) from None
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from None

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA synchronous = NORMAL")
        if self._mark(database) != (APPLICATION, FORMAT):
            with self.alone():
                if self._mark(database) != (APPLICATION, FORMAT):
                    self._make(database)

    def _make(self, database: sqlite3.Connection) -> None:
        if database.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
            raise self._damaged("not a database of ours")
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute(TABLE)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {FORMAT}")

    def alone(self) -> FileLock:
        """Return the lock that one process at a time holds while it computes what is missing."""
        return _lock(f"{self.path}.lock")

    def _mark(self, database: sqlite3.Connection) -> tuple[int, int]:
        names = ("application_id", "user_version")
        first, second = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        return int(first), int(second)

    def _damaged(self, why: str) -> DamagedIndex:
        return DamagedIndex(
            f"the vectors kept in {self.path} are damaged: {why}; delete this file, or "
            "give --rebuild-indexes, to have them computed anew"
        )

    def clear(self) -> None:
        """Throw everything away."""
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)


@cache
def _lock(path: str) -> FileLock:
    from filelock import FileLock

    return FileLock(path)


def kept_by(embedder: str) -> Vectors | None:
    """The vectors of the embedder with that identity; None where the cache is off."""
    folder = _cache.folder("vectors")
    if folder is None:
        return None
    name = hashlib.sha256(embedder.encode()).hexdigest()[:32]
    return Vectors(folder / f"{name}.sqlite")
