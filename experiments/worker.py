"""One worker of a run: ``python -m crossover.experiments.worker`` reads its task as JSON.

It loads the grid for itself, answers what no other worker holds, and says in its last line what
went wrong, if anything did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.errors import CrossoverError, StoreError

FINE = "{}"


def task(
    config: str, folder: Path, store: str, part: int, of: int, budget: Mapping[str, Any]
) -> str:
    """What a worker is told: the grid, where answers are kept, and which of how many it is."""
    told = {
        "config": config,
        "folder": str(folder.absolute()),
        "store": store,
        "part": [part, of],
        "budget": budget,
        "path": [path for path in sys.path if path],
        "here": str(Path.cwd()),
        "machine": _machine(),
    }
    return json.dumps(told)


def work(text: str) -> str:
    """Do a task; returns what went wrong as JSON: the error's kind and its line."""
    told = json.loads(text)
    sys.path += [path for path in told["path"] if path not in sys.path]
    if Path(told["here"]).is_dir():
        os.chdir(told["here"])
    try:
        _work(told)
    except CrossoverError as error:
        return json.dumps({"kind": type(error).__name__, "line": str(error)})
    except MemoryError as error:
        return json.dumps({"kind": "CrossoverError", "line": f"out of memory {error}".strip()})
    return FINE


def _work(told: Mapping[str, Any]) -> None:
    import yaml

    from crossover.experiments.answering import Part, Silent, execute
    from crossover.experiments.grid import load_grid
    from crossover.experiments.grid_file import Budget
    from crossover.experiments.store import Store

    if not told["store"] and told["machine"] != _machine():
        raise StoreError("workers of other machines keep answers in PostgreSQL; give store")
    grid = load_grid(yaml.safe_load(told["config"]))
    budget, part = Budget(**told["budget"]), Part(*told["part"])
    with Store(told["store"] or Path(told["folder"])) as store:
        execute(grid.jobs(), store, grid.seed, Silent(), budget, part)


def _machine() -> str:
    from crossover.experiments.store import machine

    return machine()


def main() -> None:
    """Work as a process of its own; ends on SIGTERM as on Ctrl-C, with what is answered kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # what a worker's libraries print must not stand in its last line
    said, sys.stdout = sys.stdout, sys.stderr
    try:
        print(work(sys.stdin.read()), file=said, flush=True)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
