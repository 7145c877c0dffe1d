"""The files and folders that a visitor may choose from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from crossover.experiments.store import FILE

# below a chosen folder, and how many of them are listed at most
DEEPEST = 3
MOST = 300
ENDINGS = (".jsonl", ".json", ".csv", ".parquet", ".yaml")


def choices(folders: Sequence[Path], kind: str) -> dict[str, Path]:
    """What lies in the folders by names that begin with theirs: files, folders, or both.

    Hidden ones, links and the folders of runs are left out.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        root = folder.resolve()
        for path in _below(root):
            if len(found) == MOST:
                return found
            if kind not in ("file", "folder") or path.is_dir() == (kind == "folder"):
                found[path.relative_to(root.parent).as_posix()] = path
    return found


def _below(root: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(root):
        here = Path(place)
        folders[:] = sorted(name for name in folders if _is_open(here / name))
        if len(here.relative_to(root).parts) >= DEEPEST:
            folders.clear()
        yield here
        named = (here / name for name in sorted(files) if name.endswith(ENDINGS))
        yield from (path for path in named if _is_open(path))


def _is_open(path: Path) -> bool:
    return path.name[0] != "." and not path.is_symlink() and not (path / FILE).exists()
