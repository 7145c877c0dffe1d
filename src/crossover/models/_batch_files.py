"""Which batches were submitted, kept beside the cache until their replies are.

One file of JSON lines per batch: first which requests it holds (the digest of each, never its
text and never a key), then the provider's id of it, then which of its replies are kept elsewhere.
Whoever follows a batch holds a lock, which the system takes back from a process that dies: the next
process that makes one of its requests finds it free and takes the reply from there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.retrievers._cache import folder, usable

if TYPE_CHECKING:
    from filelock import BaseFileLock

VERSION = 1
# no provider keeps replies for longer, in seconds
FORGOTTEN = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class BatchFile:
    """The file of one batch, locked by this process."""

    path: Path
    lock: BaseFileLock

    @property
    def label(self) -> str:
        """What the batch is called on this side."""
        return self.path.stem

    def append(self, entry: dict[str, Any], *, durable: bool = False) -> None:
        """Add a line in one write; a durable one is on the disk when this returns."""
        with usable(self.path.parent):
            file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            try:
                # a line that a killed process left unfinished ends here
                os.write(file, b"\n" + json.dumps(entry).encode())
                if durable:
                    os.fsync(file)
            finally:
                os.close(file)

    def release(self) -> None:
        """Leave the batch to whoever asks for its replies next."""
        self.lock.release()

    def delete(self) -> None:
        """Forget the batch: nothing of it is left to be handed out."""
        self.path.unlink(missing_ok=True)
        self.lock.release()
        Path(self.lock.lock_file).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """A batch that somebody else submitted: its file, its id ("": not known), what is left."""

    file: BatchFile
    batch: str
    requests: tuple[str, ...]


def home() -> Path | None:
    """Where the files are; None where nothing is kept. Raises StoreError."""
    return folder("batches")


def begun(home: Path, label: str, model: str, requests: Sequence[str]) -> BatchFile:
    """Note that a batch of these requests (custom ids) is about to be submitted."""
    path = home / f"{label}.jsonl"
    file = BatchFile(path, _lock(path))
    with usable(home):
        file.lock.acquire(blocking=False)
    about = {"version": VERSION, "model": model, "time": round(time.time())}
    file.append(about | {"requests": list(requests)}, durable=True)
    return file


def left(home: Path, digest: str) -> Iterator[Kept]:
    """Batches that nobody follows and that hold a request of this digest, each locked now."""
    from filelock import Timeout

    for path in sorted(home.glob("*.jsonl")):
        file = BatchFile(path, _lock(path))
        try:
            file.lock.acquire(blocking=False)
        except Timeout:
            continue
        kept = _read(file)
        if kept is None:
            file.delete()
        elif any(each.startswith(digest) for each in kept.requests):
            yield kept
        else:
            file.release()


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock

    # one thread begins a batch, another one may end it
    return FileLock(path.with_suffix(".lock"), thread_local=False)


def _read(file: BatchFile) -> Kept | None:
    """What a file says; None where nothing can come of it any more."""
    try:
        lines = file.path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    entries = [entry for line in lines if (entry := _entry(line))]
    about = next((entry for entry in entries if "requests" in entry), None)
    if not about or time.time() - about["time"] > FORGOTTEN:
        return None
    if about["version"] != VERSION:
        return Kept(file, "", ())
    batch = next((str(entry["batch"]) for entry in entries if "batch" in entry), "")
    taken = {entry["taken"] for entry in entries if "taken" in entry}
    requests = tuple(each for each in about["requests"] if each not in taken)
    return Kept(file, batch, requests) if requests else None


def _entry(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
