"""ETHIC's own scores but for its judge (Lee et al. 2024), by ``utils.py``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from crossover.metrics._benchmarks import Golds, scored
from crossover.types import Answer, Example

__all__ = ["ethic", "ethic_attributing", "ethic_organizing", "ethic_recalling"]

BETWEEN = re.compile(r"[;,]\s*")
NUMBER = re.compile(r"\d+")
ANNOUNCED = re.compile(r"(?:Related Segments|Core IDs):\s*(.+)")


def ethic(example: Example, answer: Answer) -> float | None:
    """ETHIC's score of the task that the tag ``task`` names; None for summaries."""
    score = TASKS.get(example.tags.get("task", "").lower())
    return score(example, answer) if score else None


def ethic_recalling(example: Example, answer: Answer) -> float | None:
    """F1 of what stands between commas and semicolons, but for case and full stops."""
    return scored(example, answer, _f1)


def ethic_organizing(example: Example, answer: Answer) -> float | None:
    """Share of the gold's numbers that the answer has in the same order, more of them or not."""

    def score(text: str, golds: Golds) -> float:
        wanted = NUMBER.findall(golds[0])
        return _in_order(NUMBER.findall(text), wanted) / len(wanted) if wanted else 0.0

    return scored(example, answer, score)


def ethic_attributing(example: Example, answer: Answer) -> float | None:
    """F1 of the numbers behind ``Related Segments:`` or ``Core IDs:``, else of all numbers.

    An answer without numbers is wrong where the gold is ``None`` too, as in the script.
    """

    def score(text: str, golds: Golds) -> float:
        announced = ANNOUNCED.search(text)
        numbers = set(NUMBER.findall(announced[1] if announced else text))
        wanted = [m[0] if (m := NUMBER.search(gold)) else "None" for gold in golds]
        return _f1(", ".join(numbers), wanted)

    return scored(example, answer, score)


TASKS: Mapping[str, Callable[[Example, Answer], float | None]] = {
    "recalling": ethic_recalling,
    "organizing": ethic_organizing,
    "attributing": ethic_attributing,
}


def _f1(text: str, golds: Sequence[str]) -> float:
    """Of distinct entries of the answer, and of the golds each as often as it stands there."""
    said = {_bare(one) for one in BETWEEN.split(text)}
    wanted = [_bare(gold) for gold in golds]
    right = len(said.intersection(wanted))
    return 2 * right / (len(said) + len(wanted)) if right else 0.0


def _bare(text: str) -> str:
    return text.lower().strip(".").strip()


def _in_order(given: Sequence[str], wanted: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    above = [0] * (len(wanted) + 1)
    for one in given:
        row = [0]
        for at, other in enumerate(wanted):
            row.append(above[at] + 1 if one == other else max(above[at + 1], row[at]))
        above = row
    return above[-1]
