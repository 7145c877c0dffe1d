"""HTTP connections of OpenAI's client, each used by one call at a time, taken from a stack."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any
from urllib.request import getproxies

# a server may have closed a connection that rested longer, in seconds
REST = 5.0


@lru_cache(maxsize=64)
def client_of(address: str) -> Any:
    """The HTTP client of all who ask an address; None behind a proxy, which the usual one knows."""
    if getproxies():
        return None
    from openai import DefaultHttpxClient

    # OpenAI's package may build on httpx or on what follows it
    library = import_module(DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
    transport: Any = Lanes(library)
    return DefaultHttpxClient(base_url=address, transport=transport)


class Lanes:
    """A transport with as many connections as there are calls at once.

    The usual pool looks at every connection before and after each call, under one lock, and gives
    way to other threads at each: with 64 calls at once that takes more time than the calls do.
    """

    def __init__(self, library: Any) -> None:
        self._library, self._stream = library, _stream_of(library)
        self._context = library.create_ssl_context()
        self._limits = library.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=REST
        )
        self._free: deque[Any] = deque()

    def handle_request(self, request: Any) -> Any:
        """Send a request over the connection that was free last, or over a new one."""
        try:
            lane = self._free.pop()
        except IndexError:
            lane = self._library.HTTPTransport(verify=self._context, limits=self._limits)
        try:
            response = lane.handle_request(request)
        except BaseException:
            self._free.append(lane)
            raise
        response.stream = self._stream(response.stream, lane, self._free)
        return response

    def close(self) -> None:
        """Close the connections that are free."""
        while self._free:
            self._free.pop().close()


def _stream_of(library: Any) -> Any:
    class Stream(library.SyncByteStream):  # type: ignore[misc]
        """A reply on its way, whose connection is free when it is closed."""

        def __init__(self, stream: Any, lane: Any, free: deque[Any]) -> None:
            self._stream, self._lane, self._free = stream, lane, free

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._stream)

        def close(self) -> None:
            lane, self._lane = self._lane, None
            try:
                self._stream.close()
            finally:
                if lane is not None:
                    self._free.append(lane)

    return Stream
