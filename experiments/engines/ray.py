"""A Ray cluster, or one of this machine's own."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from crossover.errors import ConfigError, MissingExtra
from crossover.roles import Engine, Working

# a task whose node was lost is begun again so often, on another
RETRIES = 3


@dataclass(frozen=True, slots=True)
class Ray(Engine):
    """Ray (Moritz et al. 2018): an existing cluster by its address, or one begun here.

    Each worker loads the grid on its node: datasets and components must be found there under the
    same paths. On several machines answers are kept in PostgreSQL (``store``). Nothing is reported
    to Ray's authors. Raises MissingExtra, ConfigError where the cluster cannot be reached.
    """

    address: str = field(
        default="", metadata={"help": "of a cluster, such as ray://head:10001; empty: one here"}
    )
    workers: Annotated[int, Field(ge=1, le=10_000)] = field(
        default=2, metadata={"help": "tasks, each on a processor core of its own"}
    )

    @property
    def here(self) -> bool:
        """This process only looks on."""
        return False

    def parts(self, jobs: int, at_once: int) -> int:
        """How many tasks there are."""
        return self.workers

    def start(self, tasks: Sequence[str]) -> Working:
        """Begin with the tasks on the cluster."""
        return _Tasks(_connected(self.address, len(tasks)), tasks)


class _Tasks(Working):
    """Tasks of a cluster; one whose node is lost is begun again on another."""

    def __init__(self, ray: Any, tasks: Sequence[str]) -> None:
        from crossover.experiments.worker import work

        self._ray = ray
        remote = ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=False)(work)
        self._open = [remote.remote(task) for task in tasks]
        self._told: list[str] = []

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether any still works."""
        if self._open:
            number = len(self._open)
            done, self._open = self._ray.wait(self._open, num_returns=number, timeout=seconds)
            self._told += [self._result(one) for one in done]
        if not self._open:
            self._ray.shutdown()
        return bool(self._open)

    def stop(self) -> None:
        """End all; what they hold is free when their claims have expired."""
        for one in self._open:
            with suppress(Exception):
                self._ray.cancel(one, force=False)
        self._ray.shutdown()

    def told(self) -> list[str]:
        """What those that have ended said last."""
        return self._told

    def _result(self, task: Any) -> str:
        try:
            return str(self._ray.get(task))
        # the last try of a task is lost with its node: its work is left to the others
        except self._ray.exceptions.RayError:
            return ""


def _connected(address: str, workers: int) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise MissingExtra("ray", "ray", "the engine ray") from None
    where: dict[str, Any] = {"address": address} if address else {"address": "local"}
    if not address:
        where |= {"num_cpus": workers, "include_dashboard": False}
    paths = {"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}
    try:
        ray.init(**where, log_to_driver=False, logging_level=logging.ERROR, runtime_env=paths)
    except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        where_from = address or "one of this machine"
        raise ConfigError(f"ray: the cluster {where_from} cannot be used: {reason}") from None
    return ray
