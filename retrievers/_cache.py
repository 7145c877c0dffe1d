"""Where what was computed once is kept: the user's cache folder, or the one that is named.

Where a bucket is named, built indexes are shared through it, and the user's folder holds the copy
that is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossover.blobs import Blob, place
from crossover.errors import StoreError

VARIABLE = "CROSSOVER_CACHE"
OFF = "off"
_rebuilding: list[bool] = []


def folder(part: str) -> Path | None:
    """Make and return the cache's folder of that name; None where CROSSOVER_CACHE is ``off``.

    Raises StoreError where it cannot be made.
    """
    told = _told()
    if told.lower() == OFF:
        return None
    named = place(told) if told else _users()
    found = (named if isinstance(named, Path) else _users()) / part
    with usable(found):
        found.mkdir(parents=True, exist_ok=True)
    return found


def shared() -> Blob | None:
    """The folder of a bucket that CROSSOVER_CACHE names; None where it names none.

    Raises ConfigError where its address cannot be used.
    """
    found = place(_told())
    return found if isinstance(found, Blob) else None


def _told() -> str:
    return os.environ.get(VARIABLE, "").strip()


def _users() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("crossover", appauthor=False)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turn what the system says of a folder that cannot be written into one line."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write to the cache {folder}: {error.strerror or error}; "
            f"set {VARIABLE} to a folder that can be written, or to {OFF}"
        ) from None


@contextmanager
def rebuilding() -> Iterator[None]:
    """Build anew what is found damaged inside, in whatever thread, instead of raising."""
    _rebuilding.append(True)
    try:
        yield
    finally:
        _rebuilding.pop()


def rebuilds() -> bool:
    """Whether what is damaged is to be built anew."""
    return bool(_rebuilding)
