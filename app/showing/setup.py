"""How the dashboard was started: which runs, which folders, and what visitors may do."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_UPLOAD = 20


@dataclass(frozen=True)
class Setup:
    """The runs to look at and the limits of whoever looks.

    With ``read_only`` nothing is asked, started or uploaded. New runs are written below
    ``workspace``; nothing outside it, the runs and the folders of ``data`` is read or written.
    ``upload`` is the most megabytes of one file; ``servers`` are the addresses, this machine's
    own aside, at which models of a run may be asked.
    """

    runs: tuple[Path, ...]
    workspace: Path
    read_only: bool = False
    upload: int = MOST_UPLOAD
    data: tuple[Path, ...] = ()
    servers: tuple[str, ...] = ()


def arguments(setup: Setup) -> list[str]:
    """The words from which ``read`` makes the same setup."""
    words = [*map(str, setup.runs), "--workspace", str(setup.workspace)]
    words += [word for folder in setup.data for word in ("--data", str(folder))]
    words += [word for server in setup.servers for word in ("--server", server)]
    return [*words, "--upload", str(setup.upload), *(["--read-only"] if setup.read_only else [])]


def read(words: Sequence[str]) -> Setup:
    """The setup that the words after two dashes name."""
    parser = argparse.ArgumentParser(prog="dashboard")
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("runs"))
    parser.add_argument("--upload", type=int, default=MOST_UPLOAD)
    parser.add_argument("--data", action="append", type=Path, default=[])
    parser.add_argument("--server", action="append", default=[])
    parser.add_argument("--read-only", action="store_true")
    found = parser.parse_args(list(words))
    return Setup(
        tuple(found.runs),
        found.workspace,
        found.read_only,
        found.upload,
        tuple(found.data),
        tuple(found.server),
    )
