"""Built indexes on disk: files with a manifest that names them, checked before they are used."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crossover.errors import DamagedIndex
from crossover.retrievers import _cache
from crossover.types import Usage

FORMAT = 1
MANIFEST = "manifest.json"
About = Mapping[str, str]


def place_of(about: About) -> Path | None:
    """The folder of the index that this describes; None where the cache is off."""
    folder = _cache.folder("indexes")
    text = json.dumps({"format": FORMAT, **about}, sort_keys=True)
    return folder and folder / hashlib.sha256(text.encode()).hexdigest()[:32]


def write(place: Path, about: About, cost: Usage, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write an index into a folder, name its files, and put the folder into place.

    What another process put there meanwhile stands. Raises StoreError.
    """

    def fill_and_name(making: Path) -> None:
        fill(making)
        files = {path.name: _facts(path) for path in sorted(making.iterdir())}
        manifest = {"format": FORMAT, "about": dict(about), "cost": asdict(cost)}
        text = json.dumps(manifest | {"files": files}, indent=2)
        (making / MANIFEST).write_text(text, encoding="utf-8")

    with _cache.usable(place):
        put(place, fill_and_name)


def put(place: Path, fill: Callable[[Path], None]) -> None:
    """Put a folder into place once it is filled, whole or not at all; raises OSError."""
    making = place.with_name(f".{place.name}-{uuid.uuid4().hex}")
    making.mkdir()
    try:
        fill(making)
        try:
            making.rename(place)
        except OSError:
            if not place.exists():
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def read(place: Path, about: About) -> Usage:
    """Check every file of an index and return what building it cost; raises DamagedIndex."""
    try:
        return check(place, about)
    except DamagedIndex as error:
        raise damaged(place, str(error)) from None


def check(place: Path, about: About) -> Usage:
    """Check as ``read`` does; the DamagedIndex that it raises says what is wrong alone."""
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        found = (manifest["format"], manifest["about"])
        files, cost = dict(manifest["files"]), Usage(**manifest["cost"])
    except FileNotFoundError:
        raise DamagedIndex(f"it has no {MANIFEST}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise DamagedIndex(f"its {MANIFEST} cannot be read") from None
    if found != (FORMAT, dict(about)):
        raise DamagedIndex(f"its {MANIFEST} describes another index")
    for name in sorted({*files, *(path.name for path in place.iterdir())} - {MANIFEST}):
        _check(place, name, files.get(name))
    return cost


def remove(place: Path) -> None:
    """Take an index away, at once for whoever looks for it."""
    gone = place.with_name(f".{place.name}-{uuid.uuid4().hex}")
    with _cache.usable(place):
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def damaged(place: Path, why: str) -> DamagedIndex:
    """Say what is wrong with an index, and what to do."""
    return DamagedIndex(
        f"the index kept in {place} is damaged: {why}; delete this folder, or give "
        "--rebuild-indexes, to have it built anew"
    )


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _check(place: Path, name: str, noted: object) -> None:
    if not isinstance(noted, Mapping):
        raise DamagedIndex(f"{name} is not one of its files")
    path = place / name
    if not path.is_file():
        raise DamagedIndex(f"{name} is missing")
    size, wanted = path.stat().st_size, noted.get("bytes")
    if size != wanted:
        raise DamagedIndex(f"{name} has {size} bytes instead of {wanted}")
    if _facts(path)["sha256"] != noted.get("sha256"):
        raise DamagedIndex(f"the checksum of {name} differs")
