"""Telling whoever made a reply that it is kept, so that it need not be held for the next process.

Who keeps replies opens ``keeping`` around a call and its storing; what the model behind it asked to
be told runs once that is over. An interrupt between the two tells nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Told = Callable[[], None]
_open: ContextVar[list[Told] | None] = ContextVar("crossover_keeping", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    """Keep inside what a call brings; a call that fails has nothing more to keep."""
    told: list[Told] = []
    token = _open.set(told)
    try:
        yield
    except Exception:
        _tell(told)
        raise
    else:
        _tell(told)
    finally:
        _open.reset(token)


def once_kept(tell: Told) -> None:
    """Call ``tell`` when the reply under way is kept; at once where nobody keeps it."""
    told = _open.get()
    if told is None:
        tell()
    else:
        told.append(tell)


def _tell(told: list[Told]) -> None:
    for tell in told:
        tell()
