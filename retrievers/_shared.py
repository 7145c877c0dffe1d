"""Built indexes in a bucket: built once, found by every machine that names the same bucket.

A file lies under its checksum, and what names the files, the manifest, is put last. So an index
that is only half there is never read, and of two that are put at once either is whole.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from crossover import meter
from crossover.blob_errors import NO_BUCKET
from crossover.blobs import Blob
from crossover.errors import DamagedIndex, StoreError
from crossover.retrievers import _cache, _stored
from crossover.retrievers._stored import MANIFEST, About
from crossover.types import Step

CHECKSUM = re.compile(r"[0-9a-f]{64}")


def download(place: Path, about: About) -> bool:
    """Bring an index to its place on this machine; false where the bucket holds no usable one.

    One that is damaged is told of and taken away, to be built anew. Raises StoreError where the
    bucket cannot be used.
    """
    home = _home(place)
    if home is None:
        return False
    clock = meter.Meter()
    try:
        with _usable(home):
            manifest = _read(home / MANIFEST)
            if manifest is None:
                return False
            _stored.put(place, lambda folder: _fill(folder, home, manifest, about))
    except DamagedIndex as error:
        logging.getLogger(__name__).warning("the index %s: %s; it is built anew", home, error)
        discard(place)
        return False
    meter.current().note(Step("index downloaded", clock.elapsed(), str(home)))
    return True


def upload(place: Path) -> None:
    """Put the index in a folder into the bucket, unless there is one; raises StoreError."""
    home = _home(place)
    if home is None:
        return
    with _usable(home):
        if (home / MANIFEST).exists():
            return
        manifest = (place / MANIFEST).read_bytes()
        for name, facts in json.loads(manifest)["files"].items():
            (home / facts["sha256"]).put(place / name)
        (home / MANIFEST).write_bytes(manifest)


def discard(place: Path) -> None:
    """Take an index out of the bucket, at once for whoever looks for it; raises StoreError."""
    home = _home(place)
    if home is not None:
        with _usable(home):
            (home / MANIFEST).unlink()


def _home(place: Path) -> Blob | None:
    shared = _cache.shared()
    return shared and shared / "indexes" / place.name


@contextmanager
def _usable(home: Blob) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the indexes kept at {error.filename or home} cannot be used: "
            f"{error.strerror or error}; set {_cache.VARIABLE} to a bucket or folder that can be"
        ) from None


def _read(manifest: Blob) -> bytes | None:
    try:
        return manifest.read_bytes()
    except FileNotFoundError as error:
        if error.strerror == NO_BUCKET:
            raise
        return None


def _fill(folder: Path, home: Blob, manifest: bytes, about: About) -> None:
    """Bring the files that a manifest names, and check them."""
    (folder / MANIFEST).write_bytes(manifest)
    for name, checksum in _named(manifest).items():
        try:
            (home / checksum).get(folder / name)
        except FileNotFoundError:
            raise DamagedIndex(f"{name} is missing") from None
    _stored.check(folder, about)


def _named(manifest: bytes) -> dict[str, str]:
    """The files of a manifest with their checksums: plain names, whoever wrote it."""
    try:
        files = {str(n): str(facts["sha256"]) for n, facts in json.loads(manifest)["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedIndex(f"its {MANIFEST} cannot be read") from None
    for name, checksum in files.items():
        plain = PurePosixPath(name).name == name and not {"\\", "\0"} & {*name}
        if not plain or name in ("", "..", MANIFEST) or not CHECKSUM.fullmatch(checksum):
            raise DamagedIndex(f"its {MANIFEST} names what is no file of an index")
    return files
