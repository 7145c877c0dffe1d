"""One batch from its first request to its last reply."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from crossover.models import _batch_files
from crossover.models._batch_protocols import (
    Ended,
    Reply,
    batch_failure,
    not_found,
    of_all,
    unanswered,
)
from crossover.models._batch_tickets import Ticket
from crossover.models._calls import Patience
from crossover.models._failures import Failed, failed

if TYPE_CHECKING:
    from crossover.models._batches import Collector

Result = TypeVar("Result")
# a provider takes 50,000 requests and 200 MB at once (OpenAI), 100,000 and 256 MB (Anthropic)
MOST_BYTES = 100_000_000
# pauses between two looks at a batch double up to so many times the first one
SLOWEST = 10
# of a request's digest; with a number behind it, no custom id exceeds 64 characters
DIGITS = 48


class Batch:
    """One batch from its first request to its last reply.

    Its fields change under ``collector.changed`` only. A batch that nobody waits for any more is
    ``left``: the next who makes one of its requests, in whatever process, finds it in its file.
    """

    def __init__(self, collector: Collector, kept: _batch_files.Kept | None = None) -> None:
        self.id = kept.batch if kept else ""
        self.closed = kept is not None
        self.left = False
        self.tickets: dict[str, Ticket] = {}
        self._collector = collector
        self._label = kept.file.label if kept else uuid.uuid4().hex
        self._file = kept.file if kept else None
        self._free: defaultdict[str, list[str]] = defaultdict(list)
        for custom_id in kept.requests if kept else ():
            self.tickets[custom_id] = Ticket(self, custom_id, None)
            self._free[custom_id[:DIGITS]].append(custom_id)
        # in the order of the file, for a provider that names lines
        self._lines = list(self.tickets)
        self._counts: Counter[str] = Counter()
        self._bytes = 0
        self._latest = time.monotonic()
        self._leaving, self._submitted = Event(), Event()
        self._following = True
        self._taken_up = kept is not None
        # whether it may have begun without our knowing its id
        self._doubtful = self._taken_up

    # ---- what those who ask do, under the collector's lock

    def add(self, digest: str, body: Mapping[str, Any]) -> Ticket:
        """Take a request into a batch that is not closed yet."""
        self._counts[digest] += 1
        ticket = Ticket(self, f"{digest}-{self._counts[digest]}", body)
        self.tickets[ticket.id] = ticket
        self._bytes += len(json.dumps(body))
        self._latest = time.monotonic()
        full = len(self.tickets) >= self._collector.settings.size or self._bytes >= MOST_BYTES
        self.closed = full
        self._collector.changed.notify_all()
        return ticket

    def free(self, digest: str) -> Ticket | None:
        """A request of this digest that nobody waits for."""
        while ids := self._free[digest]:
            if ticket := self.tickets.get(ids.pop(0)):
                return ticket
        return None

    def give_up(self, ticket: Ticket) -> None:
        """Wait no longer. A submission under way is let finish: its batch would be lost."""
        with self._collector.changed:
            ticket.held = False
            if not self.closed:
                del self.tickets[ticket.id]
                self._collector.changed.notify_all()
                return
            self._free[ticket.id[:DIGITS]].append(ticket.id)
            self._leave()
        self._submitted.wait()
        with self._collector.changed:
            if self.left:
                # its thread may be busy for some more seconds; who asks next need not wait for that
                self._drop()

    def settle(self, tickets: Iterable[Ticket]) -> None:
        """Forget requests of which nothing more is to be had here."""
        with self._collector.changed:
            for ticket in tickets:
                if self.tickets.pop(ticket.id, None) and self._file and not self.left:
                    self._file.append({"taken": ticket.id})
            if not self.tickets and not self._following:
                self._drop()

    def _leave(self) -> None:
        if any(ticket.held for ticket in self.tickets.values()):
            return
        self.left = True
        self._leaving.set()
        if not self._following:
            self._drop()

    def _drop(self) -> None:
        if self in self._collector.followed:
            self._collector.followed.remove(self)
        file, self._file = self._file, None
        if file and self.tickets and (self.id or self._doubtful):
            file.release()
        elif file:
            file.delete()
        self._collector.changed.notify_all()

    # ---- what its thread does

    def run(self) -> None:
        """Gather requests, submit them and hand out what comes of them."""
        self._gather()
        self._work(self._submit)

    def resume(self) -> None:
        """Go on with a batch that somebody else has submitted."""
        self._work(self._find)

    def _work(self, begin: Callable[[], None]) -> None:
        try:
            if self.tickets:
                begin()
                self._submitted.set()
                self._hand_out(self._awaited())
        except _Left:
            pass
        except Exception as error:
            self._fail(error)
        finally:
            self._submitted.set()
            with self._collector.changed:
                self._following = False
                if self.left or not self.tickets:
                    self._drop()

    def _gather(self) -> None:
        settings, changed = self._collector.settings, self._collector.changed
        with changed:
            while self.tickets and not self.closed:
                quiet = self._latest + settings.wait - time.monotonic()
                if quiet <= 0:
                    break
                changed.wait(quiet)
            self.closed = True
            self._lines = list(self.tickets)

    def _submit(self) -> None:
        batches, home = self._collector.batches, self._collector.home
        if home:
            self._file = _batch_files.begun(
                home, self._label, self._collector.model, list(self.tickets)
            )
        requests = {each.id: each.body or {} for each in self.tickets.values()}
        prepared = self._persist(lambda: batches.prepare(requests))
        self._name(self._persist(lambda: self._created(prepared)))

    def _created(self, prepared: Any) -> str:
        """The id of the new batch. One whose creation brought no answer may have begun."""
        batches = self._collector.batches
        try:
            return batches.create(prepared, self._label)
        except Exception as error:
            trouble = of_all(failed(error, self._collector.model))
            if not unanswered(error, trouble):
                raise trouble from None
            self._doubtful = batches.findable
            if found := batches.find(self._label):
                return found
            passing = trouble.error.outcome == "failed:server"
            trouble.again = trouble.again and (batches.findable or passing)
            raise trouble from None

    def _find(self) -> None:
        """Look for a batch that was submitted by a process which died before it knew the id."""
        if not self.id:
            batches = self._collector.batches
            self.id = self._persist(lambda: batches.find(self._label)) or ""
            if not self.id:
                raise _Gone
            self._name(self.id)

    def _name(self, id: str) -> None:
        self.id = id
        if self._file:
            self._file.append({"batch": id}, durable=True)

    def _awaited(self) -> Ended:
        """What came of the batch, however long that takes."""
        settings, latest = self._collector.settings, list[Ended]()
        pause, slowest = settings.poll, settings.poll * SLOWEST
        # what has a day's time need not be given up after the seconds of a single call
        patience = Patience(settings.patience.attempts, pause, slowest)

        def look() -> Ended | None:
            ended = self._collector.batches.ended(self.id)
            if ended and ended.cut:
                latest[:] = [ended]
                raise batch_failure("batch_incomplete", self._collector.model, again=True)
            return ended

        while True:
            try:
                if ended := self._persist(look, patience):
                    return ended
            except Failed:
                if latest:
                    return latest[0]
                raise
            self._pause(pause)
            pause = min(2 * pause, slowest)

    def _hand_out(self, ended: Ended) -> None:
        """Give each request its result; what failed is no use to the next process."""
        spent = []
        with self._collector.changed:
            for ticket in list(self.tickets.values()):
                result = self._result(ticket.id, ended)
                if isinstance(result, Failed) or result.status >= 400:
                    spent.append(ticket)
                ticket.end(result)
        self.settle(spent)

    def _result(self, id: str, ended: Ended) -> Reply | Failed:
        model = f"{self._collector.model} (batch {self.id})"
        found = ended.replies.get(id, [])
        if any(reply != found[0] for reply in found):
            return batch_failure("batch_ambiguous", model)
        if found:
            return found[0]
        if ended.how == "completed":
            return batch_failure("batch_incomplete", model)
        # the others of a batch that was rejected for some of its requests may try again
        innocent = ended.blamed and self._lines.index(id) + 1 not in ended.blamed
        again = True if innocent or ended.how == "rate_limit" else None
        return batch_failure(ended.how, model, ended.message, again)

    def _fail(self, error: Exception) -> None:
        """End every wait; a batch that goes on is left to the next who asks."""
        gone = self._taken_up and (isinstance(error, _Gone) or not_found(error))
        if isinstance(error, Failed):
            # this thread has tried again by itself; another batch would be paid for again
            error = Failed(error.error)
        with self._collector.changed:
            for ticket in self.tickets.values():
                ticket.end(None if gone else error)
            if gone:
                self.tickets.clear()
            self.left = True

    def _persist(self, work: Callable[[], Result], patience: Patience | None = None) -> Result:
        def attempt() -> Result:
            try:
                return work()
            except (Failed, _Left):
                raise
            except Exception as error:
                raise failed(error, self._collector.model) from None

        patience = patience or self._collector.settings.patience
        return patience.persist(attempt, self._pause)

    def _pause(self, seconds: float) -> None:
        if self._leaving.wait(seconds):
            raise _Left


class _Left(Exception):
    """Nobody waits for the batch any more."""


class _Gone(Exception):
    """There is no such batch."""
