"""What goes wrong with a bucket, in our words: those of its package may quote requests and keys."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from crossover.errors import CrossoverError

NO_FILE, NO_BUCKET = "there is no such file", "there is no such bucket"
# what the names of exceptions tell, the most telling first
REASONS: Mapping[str, str] = {
    "PermissionError": "no permission, or keys that are not accepted",
    "NoCredentialsError": "no keys for it were found in the environment",
    "PartialCredentialsError": "only a part of its keys was found in the environment",
    "TimeoutError": "its server does not answer in time",
    "ConnectTimeoutError": "its server does not answer in time",
    "ReadTimeoutError": "its server does not answer in time",
    "ConnectionError": "its server cannot be reached",
    "ClientConnectionError": "its server cannot be reached",
    "IsADirectoryError": "is a folder where a file is needed",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def asking(address: str, key: str) -> Iterator[None]:
    """Tell what goes wrong inside with the file ``key`` of a bucket, '' itself, as an OSError."""
    try:
        yield
    except CrossoverError:
        raise
    except FileNotFoundError as error:
        what = NO_FILE if key and "specified bucket" not in str(error) else NO_BUCKET
        raise FileNotFoundError(errno.ENOENT, what, address) from None
    except Exception as error:
        raise OSError(errno.EIO, _reason(error), address) from None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in FULL:
        return os.strerror(error.errno)
    names = [one.__name__ for one in type(error).__mro__]
    known = (REASONS[name] for name in names if name in REASONS)
    return next(known, f"the request failed ({names[0]})")
