"""The decision log: one SQLite file that many processes and threads write, behind the answers."""

from __future__ import annotations

import atexit
import logging
import math
import os
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sql
from sqlalchemy.dialects.sqlite import insert

from crossover.errors import ConfigError, DataError, StoreError, UnknownName
from crossover.router.watching._tables import DECISIONS, FEEDBACK, LOST, SHADOWS, explained, opened
from crossover.router.watching.record import Logged, costs_read, logged

LOG = logging.getLogger("crossover.watching")
Row = dict[str, Any]
Make = Callable[[], Row]
BATCH, TRIES, HOUR = 200, 3, 3600.0
MANY = 500


class DecisionLog:
    """Decisions, their outcomes and their grades; a context manager, safe between threads.

    Rows are made and written by a thread of its own, so that no answer waits. At most ``waiting``
    rows wait for it: a row beyond is dropped, counted in ``lost`` and in the file, and warned of;
    ``dropped`` are those of this object alone.
    Rows older than ``keep_days`` are deleted. Questions and answers are kept with ``texts`` alone.
    Raises StoreError where the file cannot be used; with ``create=False`` also where none is there.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        keep_days: float | None = None,
        texts: bool = False,
        waiting: int = 2_000,
        create: bool = True,
    ) -> None:
        if waiting < 1 or (keep_days is not None and not keep_days > 0):
            raise ConfigError("a decision log takes waiting and keep_days above 0")
        self.path, self.texts, self.keep_days = Path(path).expanduser(), texts, keep_days
        self._waiting = waiting
        if create:
            _made(self.path.parent)
        self._engine = opened(self.path, create=create)
        self._unlock()
        self._process, self.dropped = 0, 0
        self._lost: Counter[str] = Counter()
        self._pruned = -HOUR
        atexit.register(_ended, weakref.ref(self))
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_forked, weakref.ref(self)))

    def _unlock(self) -> None:
        self._starting, self._counting, self._noting = Lock(), Lock(), Lock()
        # SQLite's waiting is no queue: who writes again and again would keep the others out
        self._writing = Lock()

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
        """Write what waits, and let go of the file."""
        if self._process == os.getpid():
            self._queue.put(None)
            self._thread.join()
            self._process = 0
        if self._lost:
            self._insert({})
        self._engine.dispose()

    def flush(self) -> None:
        """Wait until all that was noted so far is in the file, or counted as lost."""
        if self._process == os.getpid():
            # more may come all the while: not until nothing waits, nor until there is room
            self._queue.put(done := Event())
            while not done.wait(0.1) and self._thread.is_alive():
                continue

    def note(self, table: str, make: Make) -> bool:
        """Let the log's thread make a row and write it; False where it had to be dropped."""
        self._begin()
        with self._noting:
            room = self._queue.qsize() < self._waiting
            if room:
                self._queue.put((table, make))
        if not room:
            self.lose(table, "too many wait to be written")
        return room

    @property
    def lost(self) -> dict[str, int]:
        """How many rows of each kind could not be written, by any process so far."""
        with explained(self.path), self._engine.connect() as connection:
            stored = {row.kind: row.count for row in connection.execute(sql.select(LOST))}
        with self._counting:
            return dict(Counter(stored) + self._lost)

    def feedback(self, id: str, quality: float, strategy: str | None = None) -> None:
        """Grade an answer 0–1, later ones replacing earlier; by default the one that was given.

        ``strategy`` grades what another strategy answers or would have answered. Raises DataError
        for an unknown id, ConfigError for a grade beyond 0–1, UnknownName for another strategy.
        """
        self.feedback_all([(id, quality, strategy)])

    def feedback_all(self, grades: Iterable[tuple[str, float, str | None]]) -> int:
        """The same for many, all of them or none; returns how many there were."""
        given = list(grades)
        for name, quality, _ in given:
            if isinstance(quality, bool) or not math.isfinite(quality) or not 0 <= quality <= 1:
                raise ConfigError(
                    f"the grade of {name!r} is {quality!r}: it must be between 0 and 1"
                )
        self.flush()
        with self._write() as connection:
            rows = [_grade(connection, self.path, *one) for one in given]
            if rows:
                connection.execute(insert(FEEDBACK).prefix_with("OR REPLACE"), rows)
        return len(rows)

    def rows(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        router: str = "",
        graded: bool = False,
    ) -> list[Logged]:
        """Decisions with their grades, oldest first: of a time, of a router, or graded only."""
        self.flush()
        where = [DECISIONS.c.router == router] if router else []
        where += [DECISIONS.c.time >= since.timestamp()] if since else []
        where += [DECISIONS.c.time < until.timestamp()] if until else []
        if graded:
            where.append(DECISIONS.c.id.in_(sql.select(FEEDBACK.c.decision)))
        query = sql.select(DECISIONS).where(*where).order_by(DECISIONS.c.time, DECISIONS.c.id)
        with explained(self.path), self._engine.connect() as connection:
            found = connection.execute(query).mappings().all()
            grades: dict[str, dict[str, float]] = {}
            for row in connection.execute(sql.select(FEEDBACK)):
                grades.setdefault(row.decision, {})[row.strategy] = row.quality
        try:
            return [logged(dict(row), grades.get(row["id"], {})) for row in found]
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreError(f"the decision log {self.path} is damaged: {error}") from None

    def routers(self) -> list[str]:
        """Whose decisions it holds: digests (12 digits) of files, or texts of policies."""
        self.flush()
        with explained(self.path), self._engine.connect() as connection:
            return list(connection.scalars(sql.select(DECISIONS.c.router).distinct()))

    def shadows(self) -> list[Mapping[str, Any]]:
        """What shadows decided, each with the id of the decision beside it."""
        self.flush()
        with explained(self.path), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(sql.select(SHADOWS)).mappings()]

    def prune(self, days: float) -> int:
        """Delete decisions older than so many days, with all that hangs on them; how many."""
        oldest = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        with self._write() as connection:
            gone = connection.execute(DECISIONS.delete().where(DECISIONS.c.time < oldest)).rowcount
            left = sql.select(DECISIONS.c.id)
            for table in (FEEDBACK, SHADOWS):
                connection.execute(table.delete().where(table.c.decision.not_in(left)))
        return int(gone)

    def _begin(self) -> None:
        """Start the thread, again in a process that was forked off since."""
        if self._process == os.getpid():
            return
        with self._starting:
            if self._process == os.getpid():
                return
            self._queue: SimpleQueue[tuple[str, Make] | Event | None] = SimpleQueue()
            self._thread = Thread(target=self._work, name="crossover-decisions", daemon=True)
            self._thread.start()
            self._process = os.getpid()

    def _work(self) -> None:
        ending = False
        while not ending:
            taken = [self._queue.get()]
            while len(taken) < BATCH and not self._queue.empty():
                taken.append(self._queue.get())
            ending = None in taken
            rows = [one for one in taken if isinstance(one, tuple)]
            try:
                self._keep(rows)
            # without its thread the log would wait for ever
            except Exception as error:
                self.lose("decisions", type(error).__name__, len(rows))
            finally:
                for one in taken:
                    if isinstance(one, Event):
                        one.set()

    def _keep(self, taken: list[tuple[str, Make]]) -> None:
        """Write rows; what cannot be made or written is counted, and the thread lives on."""
        made: dict[str, list[Row]] = {}
        for table, make in taken:
            try:
                made.setdefault(table, []).append(make())
            # one question that cannot be described must not end the log
            except Exception as error:
                self.lose(table, f"{type(error).__name__} in describing it")
        for attempt in range(TRIES):
            try:
                self._insert(made)
            except StoreError as error:
                if attempt == TRIES - 1:
                    for table, rows in made.items():
                        self.lose(table, str(error), len(rows))
                time.sleep(0.1 * 4**attempt)
            else:
                break
        self._prune_by_age()

    def _insert(self, made: Mapping[str, list[Row]]) -> None:
        with self._counting:
            lost = Counter(self._lost)
        with self._write() as connection:
            for table in (DECISIONS, SHADOWS):
                if rows := made.get(table.name):
                    connection.execute(insert(table).prefix_with("OR REPLACE"), rows)
            _add_lost(connection, lost)
        with self._counting:
            self._lost -= lost

    def _prune_by_age(self) -> None:
        if not self.keep_days or time.monotonic() - self._pruned < HOUR:
            return
        self._pruned = time.monotonic()
        try:
            self.prune(self.keep_days)
        except StoreError as error:
            LOG.warning("old rows stay: %s", error)

    def lose(self, table: str, why: str, count: int = 1) -> None:
        """Count rows that are not written, in the file and with a warning."""
        with self._counting:
            before = sum(self._lost.values())
            self._lost[table] += count
            self.dropped += count
        if before == 0 or (before + count) // MANY > before // MANY:
            LOG.warning("%s: %d %s not logged: %s", self.path.name, before + count, table, why)

    @contextmanager
    def _write(self) -> Iterator[sql.Connection]:
        with self._writing, explained(self.path), self._engine.begin() as connection:
            yield connection


def _ended(log: weakref.ref[DecisionLog]) -> None:
    """What waits when the process ends is still written."""
    if (left := log()) is not None:
        left.close()


def _forked(log: weakref.ref[DecisionLog]) -> None:
    """A lock that another thread held stays held for ever in a process forked off."""
    if (left := log()) is not None:
        left._unlock()


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from None


def _add_lost(connection: sql.Connection, lost: Mapping[str, int]) -> None:
    for kind, count in lost.items():
        statement = insert(LOST).values(kind=kind, count=count)
        more = {"count": LOST.c.count + count}
        connection.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=more))


def _grade(
    connection: sql.Connection, path: Path, id: str, quality: float, strategy: str | None
) -> Row:
    columns = (DECISIONS.c.strategy, DECISIONS.c.passes, DECISIONS.c.expected)
    found = connection.execute(sql.select(*columns).where(DECISIONS.c.id == id)).first()
    if found is None:
        raise DataError(f"{path} holds no decision {id!r}: a wrong id, dropped, or deleted by age")
    known = {found.strategy, *costs_read(found.passes), *costs_read(found.expected)}
    name = strategy or found.strategy
    if name not in known:
        short = [one for one in known if one.partition("(")[0] == name]
        if len(short) != 1:
            raise UnknownName(name, f"the strategies of decision {id}", known)
        name = short[0]
    return {"decision": id, "strategy": name, "quality": float(quality), "time": time.time()}
