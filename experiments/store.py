"""The result store: SQLite (WAL) in the run's directory, or PostgreSQL; safe to kill at any time.

An answer is durable when ``save`` returns. A job is claimed before it is asked, so that two
processes never pay for it twice; the claims of a dead process are free again at once on its own
machine, and after EXPIRY seconds without a heartbeat on another. Jobs are known by the content of
question, strategy and model: what one grid has asked, another with the same store has not to ask.
"""

from __future__ import annotations

import socket
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psutil
import sqlalchemy as sql
from pydantic import TypeAdapter

from crossover.errors import StoreError
from crossover.experiments.database import TOGETHER, Database, keyless
from crossover.types import Answer, Completion, Passage

FILE = "answers.sqlite"
# in a run's folder, the address at which its answers are kept
ADDRESS = "answers.url"
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
# calls that were under way when their process died
REPEATED = sql.Table(
    "repeated",
    _meta,
    sql.Column("job", sql.String, primary_key=True),
    sql.Column("call", sql.String, primary_key=True),
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
    """Answers, replies and claims in a run's folder or at an address; a context manager.

    Raises StoreError where it cannot be written or is not such a store; see ``Database``.
    """

    def __init__(self, where: Path | str) -> None:
        self.owner = uuid.uuid4().hex
        self.database = Database(where / FILE if isinstance(where, Path) else where)
        self._process = psutil.Process()
        self._stopping = Event()
        self._replies: dict[tuple[str, str], str] = {}
        self._claimed: set[str] = set()
        try:
            self.database.write(self._check_version)
        except BaseException:
            self.database.close()
            raise
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
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._heart.join()
        self._do(CLAIMS.delete().where(self._mine))
        self.database.close()

    @property
    def _mine(self) -> sql.ColumnElement[bool]:
        return CLAIMS.c.owner == self.owner

    def answered(self, jobs: Iterable[str] | None = None) -> dict[str, Answer]:
        """Read the stored answers, all or those of these jobs."""
        decode = _adapter(Answer).validate_json
        return {row.job: decode(row.answer) for row in self._rows(ANSWERS.c.answer, jobs)}

    def outcomes(self, jobs: Iterable[str] | None = None) -> dict[str, str]:
        """Read which jobs are answered, all or of these, with their outcomes."""
        return {row.job: row.outcome for row in self._rows(ANSWERS.c.outcome, jobs)}

    def claim(self, jobs: Sequence[str]) -> list[str]:
        """Claim jobs that are neither answered nor held by a living process; return those got."""

        def claimed(connection: sql.Connection) -> tuple[list[str], Sequence[Any]]:
            self.database.alone(connection)
            now = self.database.now(connection)
            done = set(connection.execute(_of(sql.select(ANSWERS.c.job), ANSWERS, jobs)).scalars())
            held = {row.job for row in _claims(connection, jobs) if self._lives(row, now)}
            free = [job for job in jobs if job not in done and job not in held]
            if not free:
                return [], []
            row = {"owner": self.owner, "machine": machine(), "process": self._process.pid}
            row |= {"started": self._process.create_time(), "renewed": now}
            rows = [{"job": job} | row for job in free]
            connection.execute(self.database.upsert(CLAIMS), rows)
            calls = connection.execute(_of(sql.select(CALLS), CALLS, free)).all()
            cut = [{"job": row.job, "call": row.call} for row in calls if not row.completion]
            if cut:
                connection.execute(self.database.upsert(REPEATED), cut)
            return free, calls

        free, calls = self.database.write(claimed)
        # what a run that was stopped had asked of these; who holds a claim alone adds to them
        self._replies |= {(row.job, row.call): row.completion for row in calls if row.completion}
        self._claimed |= {*free}
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

        def saved(connection: sql.Connection) -> None:
            connection.execute(self.database.upsert(ANSWERS), rows)
            for table in (CALLS, CLAIMS):
                connection.execute(table.delete().where(table.c.job.in_(jobs)))

        self.database.write(saved)
        self._claimed -= {*jobs}
        for place in [place for place in list(self._replies) if place[0] in jobs]:
            del self._replies[place]

    def forget(self, jobs: Iterable[str]) -> None:
        """Drop answers, so that their questions are asked again."""
        for some in _batches(jobs):
            self._do(ANSWERS.delete().where(ANSWERS.c.job.in_(some)))

    def release(self, jobs: Sequence[str]) -> None:
        """Give back claims on jobs that will not be answered now."""
        self._do(CLAIMS.delete().where(self._mine, CLAIMS.c.job.in_(jobs)))

    def reply(self, job: str, call: str) -> Completion | None:
        """Return the stored reply to one call of an unfinished answer."""
        text = self._replies.get((job, call))
        if text is None and job not in self._claimed:
            where = (CALLS.c.job == job) & (CALLS.c.call == call)
            found = self._all(sql.select(CALLS.c.completion).where(where))
            text = found[0].completion or None if found else None
        return None if text is None else _adapter(Completion).validate_json(text)

    def begin_call(self, job: str, call: str) -> None:
        """Note that a call is about to be made: a process that is killed cannot say it later."""
        self.database.post(CALLS, {"job": job, "call": call, "completion": ""})

    def repeated(self) -> Counter[str]:
        """How many calls of each job were under way when a process died, and made again."""
        return Counter(row.job for row in self._all(sql.select(REPEATED.c.job)))

    def keep_reply(self, job: str, call: str, completion: Completion) -> None:
        """Keep the reply to one call, so that a killed run need not pay for it again."""
        text = _adapter(Completion).dump_json(completion).decode()
        row = {"job": job, "call": call, "completion": text}
        self.database.put(CALLS, row)
        self._replies[job, call] = text

    def _do(self, statement: Any) -> None:
        self.database.write(lambda connection: connection.execute(statement))

    def _check_version(self, connection: sql.Connection) -> None:
        self.database.alone(connection)
        if self.database.version(connection) > SCHEMA_VERSION:
            name = self.database.name
            raise StoreError(f"{name} was written by a newer Crossover; upgrade it here")
        _meta.create_all(connection)
        self.database.set_version(connection, SCHEMA_VERSION)

    def _rows(self, column: sql.Column[Any], jobs: Iterable[str] | None) -> Iterator[Any]:
        asked = sql.select(ANSWERS.c.job, column)
        chosen = [asked] if jobs is None else [_of(asked, ANSWERS, some) for some in _batches(jobs)]
        for one in chosen:
            yield from self._all(one)

    def _all(self, asked: Any) -> Sequence[Any]:
        return self.database.read(lambda connection: connection.execute(asked).all())

    def _lives(self, claim: Any, now: float) -> bool:
        if claim.machine != machine():
            return bool(now - claim.renewed < EXPIRY)
        try:
            created = psutil.Process(claim.process).create_time()
        except psutil.Error:
            return False
        return bool(abs(created - claim.started) < 1)

    def _beat(self) -> None:
        def renewed(connection: sql.Connection) -> None:
            now = self.database.now(connection)
            connection.execute(CLAIMS.update().where(self._mine).values(renewed=now))

        while not self._stopping.wait(HEARTBEAT):
            # a heart that stops beating only makes others ask what is asked here
            with suppress(StoreError):
                self.database.write(renewed)


def opened(folder: Path, address: str = "") -> Store:
    """The store of a run; its folder says at which address it is, if it is elsewhere."""
    if not address:
        return Store(folder)
    store = Store(address)
    with store.database.explained():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ADDRESS).write_text(keyless(address), encoding="utf-8")
    return store


def _of(asked: Any, table: sql.Table, jobs: Sequence[str]) -> Any:
    return asked.where(table.c.job.in_(jobs))


def _batches(jobs: Iterable[str]) -> Iterator[list[str]]:
    some = iter(dict.fromkeys(jobs))
    while batch := list(islice(some, TOGETHER)):
        yield batch


def _claims(connection: sql.Connection, jobs: Sequence[str]) -> Sequence[Any]:
    return connection.execute(_of(sql.select(CLAIMS), CLAIMS, jobs)).all()


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
