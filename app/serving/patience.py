"""Connections that are too slow are cut: in sending a request's head, in taking a reply."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Impatient(H11Protocol):
    """Uvicorn's HTTP protocol with so many seconds of ``patience``.

    Uvicorn waits for ever for a head that has begun and for a client that takes no more of a reply;
    bodies are timed where they are read.
    """

    patience: ClassVar[float] = 30.0
    _cut: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Wait no longer where the head is whole."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._forget()
        self._taken()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin to wait for the next head."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was sent."""
        super().pause_writing()
        self._taken()
        self._stuck = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer: it was taken."""
        super().resume_writing()
        self._taken()

    def _taken(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _watch(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.conn.their_state is not h11.IDLE or answering:
            self._forget()
        elif self._cut is None and not self.transport.is_closing():
            self._cut = self.loop.call_later(self.patience, self.transport.abort)

    def _forget(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None


def impatient(seconds: float) -> type[H11Protocol]:
    """The protocol with this patience."""
    return type("Impatient", (Impatient,), {"patience": seconds})
