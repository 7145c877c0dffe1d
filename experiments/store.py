"""The result store: one SQLite database (WAL) in the run's directory, safe to kill at any time.

An answer is durable when ``save`` returns. A job is claimed before it is asked, so that two
processes never pay for it twice; the claims of a dead process are free again at once on its own
machine, and after EXPIRY seconds without a heartbeat on another.
"""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

import psutil
import sqlalchemy as sql
from pydantic import TypeAdapter
from sqlalchemy.dialects.sqlite import insert

from crossover import sqlite
from crossover.errors import StoreError
from crossover.types import Answer, Completion, Passage

FILE = "answers.sqlite"
EXPIRY = 60.0
HEARTBEAT = 15.0
# a longer passage is kept as its span alone: the document holds its text
PASSAGE_KEPT = 4_000
SCHEMA_VERSION = 1

_meta = sql.MetaData()
ANSWERS = sql.Table(
    "answers",
    _meta,
    sql.Column("job", sql.String, primary_key=True),
    sql.Column("example", sql.String, nullable=False),
    sql.Column("strategy", sql.String, nullable=False),
    sql.Column("model", sql.String, nullable=False),
    sql.Column("outcome", sql.String, nullable=False),
    sql.Column("answer", sql.Text, nullable=False),
    sql.Column("finished", sql.Float, nullable=False),
)
CALLS = sql.Table(
    "calls",
    _meta,
    sql.Column("job", sql.String, primary_key=True),
    sql.Column("call", sql.String, primary_key=True),
    sql.Column("completion", sql.Text, nullable=False),
)
CLAIMS = sql.Table(
    "claims",
    _meta,
    sql.Column("job", sql.String, primary_key=True),
    sql.Column("owner", sql.String, nullable=False),
    sql.Column("machine", sql.String, nullable=False),
    sql.Column("process", sql.Integer, nullable=False),
    sql.Column("started", sql.Float, nullable=False),
    sql.Column("renewed", sql.Float, nullable=False),
)

Key = tuple[str, str, str, str]
"""A job's key with the example, strategy and model it stands for, as people read them."""


class Store:
    """Answers, replies and claims of one run's directory; a context manager.

    Raises StoreError where the directory cannot be written or the file is not such a store.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.owner = uuid.uuid4().hex
        self._process = psutil.Process()
        self._lock = Lock()
        self._stopping = Event()
        with _explained(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self._engine = sqlite.engine(self.path, synchronous="FULL")
            _meta.create_all(self._engine)
            self._check_version()
        self._heart = Thread(target=self._beat, name="crossover-heartbeat", daemon=True)
        self._heart.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back what is claimed and not answered."""
        self._stopping.set()
        self._heart.join()
        with self._write() as connection:
            connection.execute(CLAIMS.delete().where(CLAIMS.c.owner == self.owner))
        self._engine.dispose()

    def answered(self, jobs: Iterable[str] | None = None) -> dict[str, Answer]:
        """Read the stored answers, all or those of these jobs."""
        with self._read() as connection:
            rows = connection.execute(sql.select(ANSWERS.c.job, ANSWERS.c.answer)).all()
        wanted = None if jobs is None else set(jobs)
        decode = _adapter(Answer).validate_json
        return {job: decode(text) for job, text in rows if wanted is None or job in wanted}

    def outcomes(self) -> dict[str, str]:
        """Read which jobs are answered, with their outcomes."""
        with self._read() as connection:
            rows = connection.execute(sql.select(ANSWERS.c.job, ANSWERS.c.outcome)).all()
        return {row.job: row.outcome for row in rows}

    def claim(self, jobs: Sequence[str]) -> list[str]:
        """Claim jobs that are neither answered nor held by a living process; return those got."""
        now = time.time()
        with self._write() as connection:
            done = _among(connection, ANSWERS, jobs)
            held = {row.job for row in _claims(connection, jobs) if self._lives(row, now)}
            free = [job for job in jobs if job not in done and job not in held]
            if free:
                row = {"owner": self.owner, "machine": machine(), "process": self._process.pid}
                row |= {"started": self._process.create_time(), "renewed": now}
                statement = insert(CLAIMS)
                renew = {c.name: c for c in statement.excluded if c.name != "job"}
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["job"], set_=renew),
                    [{"job": job} | row for job in free],
                )
        return free

    def save(self, key: Key, answer: Answer) -> None:
        """Keep a finished answer."""
        self.save_all([(key, answer)])

    def save_all(self, finished: Sequence[tuple[Key, Answer]]) -> None:
        """Keep finished answers; their claims and stored calls have served their purpose."""
        if not finished:
            return
        rows = [_row(key, answer) for key, answer in finished]
        jobs = [row["job"] for row in rows]
        with self._write() as connection:
            connection.execute(insert(ANSWERS).prefix_with("OR REPLACE"), rows)
            connection.execute(CALLS.delete().where(CALLS.c.job.in_(jobs)))
            connection.execute(CLAIMS.delete().where(CLAIMS.c.job.in_(jobs)))

    def forget(self, jobs: Iterable[str]) -> None:
        """Drop answers, so that their questions are asked again."""
        with self._write() as connection:
            for job in jobs:
                connection.execute(ANSWERS.delete().where(ANSWERS.c.job == job))

    def reply(self, job: str, call: str) -> Completion | None:
        """Return the stored reply to one call of an unfinished answer."""
        where = (CALLS.c.job == job) & (CALLS.c.call == call)
        with self._read() as connection:
            text = connection.execute(sql.select(CALLS.c.completion).where(where)).scalar()
        return None if text is None else _adapter(Completion).validate_json(text)

    def keep_reply(self, job: str, call: str, completion: Completion) -> None:
        """Keep the reply to one call, so that a killed run need not pay for it again."""
        text = _adapter(Completion).dump_json(completion).decode()
        row = {"job": job, "call": call, "completion": text}
        with self._write() as connection:
            connection.execute(insert(CALLS).prefix_with("OR REPLACE"), row)

    def _check_version(self) -> None:
        with self._write() as connection:
            if sqlite.version(connection) > SCHEMA_VERSION:
                raise StoreError(f"{self.path} was written by a newer Crossover; upgrade it here")
            sqlite.set_version(connection, SCHEMA_VERSION)

    def _lives(self, claim: Any, now: float) -> bool:
        if claim.machine != machine():
            return bool(now - claim.renewed < EXPIRY)
        try:
            created = psutil.Process(claim.process).create_time()
        except psutil.Error:
            return False
        return bool(abs(created - claim.started) < 1)

    def _beat(self) -> None:
        while not self._stopping.wait(HEARTBEAT):
            mine = CLAIMS.update().where(CLAIMS.c.owner == self.owner)
            with self._write() as connection:
                connection.execute(mine.values(renewed=time.time()))

    @contextmanager
    def _write(self) -> Iterator[sql.Connection]:
        # SQLite has one writer: waiting here is cheaper than its busy loop
        with self._lock, _explained(self.path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[sql.Connection]:
        with _explained(self.path), self._engine.connect() as connection:
            yield connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        with sqlite.explained("the result store", path):
            yield
    except OSError as error:
        raise StoreError(f"the run's directory {path.parent} cannot be used: {error}") from None


def _among(connection: sql.Connection, table: sql.Table, jobs: Sequence[str]) -> set[str]:
    return set(connection.execute(sql.select(table.c.job).where(table.c.job.in_(jobs))).scalars())


def _claims(connection: sql.Connection, jobs: Sequence[str]) -> Sequence[Any]:
    return connection.execute(sql.select(CLAIMS).where(CLAIMS.c.job.in_(jobs))).all()


def _row(key: Key, answer: Answer) -> dict[str, Any]:
    kept = replace(answer, passages=_spans(answer.passages), evidence=_spans(answer.evidence))
    return {
        "job": key[0],
        "example": key[1],
        "strategy": key[2],
        "model": key[3],
        "outcome": answer.outcome,
        "answer": _adapter(Answer).dump_json(kept).decode(),
        "finished": time.time(),
    }


def _spans(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    return tuple(p if len(p.text) <= PASSAGE_KEPT else replace(p, text="") for p in passages)


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def machine() -> str:
    """The host and its process namespace: where a process number means something."""
    namespace = Path("/proc/self/ns/pid")
    inside = namespace.stat().st_ino if namespace.exists() else ""
    return f"{socket.gethostname()} {inside}".strip()
