"""Threads of this process, or several processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from crossover.roles import Engine, Working

WORKER = (sys.executable, "-m", "crossover.experiments.worker")
# calls at once that one process keeps up with, and answers that are worth starting another
ENOUGH, WORTH = 16, 1000
# how long a worker may take to let its calls finish, in seconds
GRACE = 30.0
# the exit code of a worker that was told to stop
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Local(Engine):
    """This machine: threads for calls, and processes where work in Python is the bottleneck.

    Of several processes, each loads the grid for itself and takes documents that no other works
    on; a model's ``concurrency`` is shared out among them. ``auto`` is one process for each ENOUGH
    calls at once, as far as there are cores, where there are WORTH questions for each to be asked.
    """

    workers: Annotated[int, Field(ge=1, le=256)] | Literal["auto"] = field(
        default="auto", metadata={"help": "processes, this one among them; auto: as work and cores"}
    )

    @property
    def here(self) -> bool:
        """This process is the first of them."""
        return True

    def parts(self, jobs: int, at_once: int) -> int:
        """How many processes work, this one among them."""
        if self.workers != "auto":
            return self.workers
        # cores that this process may use, where the system tells them apart
        mine = getattr(os, "sched_getaffinity", None)
        cores = len(mine(0)) if mine else os.cpu_count() or 1
        return max(1, min(cores, at_once // ENOUGH, jobs // WORTH))

    def start(self, tasks: Sequence[str]) -> Working:
        """Begin with the tasks, each in a process of its own."""
        return _Processes(tasks)


class _Processes(Working):
    """Processes at work; one that dies leaves its work to the others."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self._told: list[str] = []
        self._processes = [_started(task) for task in tasks]

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether any still works."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and self._running():
            time.sleep(min(left, 0.05))
        return bool(self._running())

    def stop(self) -> None:
        """Let calls under way finish, then end all."""
        for process in self._running():
            process.send_signal(signal.SIGTERM)
        self.wait(GRACE)
        for process in self._running():
            process.kill()
            process.wait()
        self.told()

    def told(self) -> list[str]:
        """What those that have ended said last."""
        for process in [one for one in self._processes if one.poll() is not None]:
            lines, _ = process.communicate()
            self._told += lines.splitlines()[-1:] or [_fate(process.returncode)]
            self._processes.remove(process)
        return self._told

    def _running(self) -> list[subprocess.Popen[str]]:
        return [process for process in self._processes if process.poll() is None]


def _fate(code: int) -> str:
    """How a worker ended that could say nothing: killed, by the system where memory ran out."""
    if code in (0, INTERRUPTED):
        return ""
    why = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    return json.dumps({"kind": "CrossoverError", "line": why})


def _started(task: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603
        WORKER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    if process.stdin:
        process.stdin.write(task)
        process.stdin.close()
        process.stdin = None
    return process
