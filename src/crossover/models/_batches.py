"""Gathering requests into batches: who asks waits, one thread per batch does the rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextvars import Context
from threading import Condition, Thread
from typing import Any

from crossover import meter
from crossover.models import _batch_files
from crossover.models._batch import DIGITS, Batch
from crossover.models._batch_protocols import Batches
from crossover.models._batch_tickets import Settings, Ticket

# how often who waits for a reply looks whether the run is stopped, in seconds
WATCHED = 0.2


class Collector:
    """The requests of one model in this process, gathered into batches."""

    def __init__(self, model: str, place: str, batches: Batches, settings: Settings) -> None:
        self.model = model
        self.batches = batches
        self.settings = settings
        self.home = _batch_files.home()
        self.changed = Condition()
        self.followed: list[Batch] = []
        self._place = place
        self._gathering: Batch | None = None

    def ask(self, body: Mapping[str, Any]) -> Ticket:
        """Have a request answered in a batch, and wait for that; no waiting is latency."""
        digest = self._digest(body)
        while True:
            ticket = self._ticket(digest, body)
            try:
                with meter.wait():
                    while not ticket.ended.wait(WATCHED):
                        meter.check_stopped("a batch")
            except BaseException:
                ticket.batch.give_up(ticket)
                raise
            if ticket.result is not None:
                return ticket

    def _digest(self, body: Mapping[str, Any]) -> str:
        asked = json.dumps([self._place, body], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:DIGITS]

    def _ticket(self, digest: str, body: Mapping[str, Any]) -> Ticket:
        """A place in a batch that already holds this request and nobody waits for, or a new one."""
        with self.changed:
            while any(batch.left for batch in self.followed):
                self.changed.wait(WATCHED)
            ticket = self._free(digest)
            if ticket is None:
                if self._gathering is None or self._gathering.closed:
                    self._gathering = Batch(self)
                    self._follow(self._gathering, self._gathering.run)
                ticket = self._gathering.add(digest, body)
            ticket.held = True
            return ticket

    def _free(self, digest: str) -> Ticket | None:
        for batch in self.followed:
            if ticket := batch.free(digest):
                return ticket
        if self.home is None:
            return None
        for kept in _batch_files.left(self.home, digest):
            batch = Batch(self, kept)
            self._follow(batch, batch.resume)
            return batch.free(digest)
        return None

    def _follow(self, batch: Batch, work: Callable[[], None]) -> None:
        self.followed.append(batch)
        # a context of its own: what this thread sends is not to be gathered
        Thread(target=Context().run, args=(work,), name="crossover-batch", daemon=True).start()
