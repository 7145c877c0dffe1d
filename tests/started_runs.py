"""Grids that tests start from the dashboard."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil

from crossover.experiments.store import machine
from crossover.experiments.viewing import composing, started

SMALL = "biographies(tokens=500, documents=2, questions=7)"


GRID = composing.written(
    {
        "datasets": [SMALL],
        "models": ["fake(latency=0.3, concurrency=2)"],
        "strategies": ["full_context", "closed_book"],
    }
)

BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcd", "bcde", strict=True)
)


def recorded(folder, **told):
    """A run as its file tells of it: that of this very process, unless told otherwise."""
    folder.mkdir(parents=True)
    me = psutil.Process()
    who = {"process": me.pid, "created": me.create_time(), "machine": machine(), "jobs": 9}
    who |= {"began": time.time(), "local": True, "place": str(Path.cwd())} | told
    (folder / "started.json").write_text(json.dumps(who))
    started.grid_of(folder).write_text(GRID)
    return started.of(folder)
