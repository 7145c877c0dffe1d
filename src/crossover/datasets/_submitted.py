"""Benchmarks whose golds are hidden: answers are written as their own scorers take them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import Benchmark, Part

# how a question whose gold nobody knows is told from one without an answer
HIDDEN: Mapping[str, str] = {"gold": "hidden"}


class Submitted(Benchmark):
    """A benchmark of choices that is scored elsewhere."""

    # what stands for an answer that names no one option, as its scorer takes no empty one
    unanswered: ClassVar[str] = "A"

    @abstractmethod
    def submission(self, picked: Mapping[str, str]) -> Mapping[str, bytes]:
        """The files to hand in, by name; ``picked`` are letters by the ids of questions."""

    def _fields(self, part: Part) -> Iterator[Fields]:
        """The rows of a part as they stand."""
        return (Fields(load()) for _, load in self.rows(part).each)
