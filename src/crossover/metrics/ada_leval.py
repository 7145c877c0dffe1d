"""Ada-LEval's own scores (Wang et al. 2024), by ``ada_leval/dataset.py``."""

from __future__ import annotations

import json
import re
from itertools import permutations

from crossover.metrics._benchmarks import best
from crossover.types import Answer, Example

__all__ = ["ada_leval"]

DESIGNATION = re.compile(r"A(\d+)")
NUMBER = re.compile(r"\d+")
ORDERS = ["".join(order) for order in permutations("1234")]


def ada_leval(example: Example, answer: Answer) -> float | None:
    """1 for the right answer or order; a gold ``A3`` is the one, ``[2, 1, 4, 3]`` the other.

    Of several designations the highest counts. An order is what follows ``Answer:``, as JSON or as
    the only order in which 1 to 4 can be read there. The script also takes a part of the order's
    beginning for right, an empty list too; here it must be all four.
    """
    count = len(example.question.documents)
    highest = int(example.tags.get("answers") or count or len(ORDERS) * 1000)

    def score(text: str, gold: str) -> float:
        if gold.startswith("A"):
            return float(_designated(text, highest) == gold)
        return float(_order(text) == json.loads(gold))

    return best(example, answer, score)


def _designated(text: str, highest: int) -> str:
    """The highest designation that occurs, a longer one's beginning included; else a number."""
    for shape in (DESIGNATION, NUMBER):
        digits = [match[match.re.groups] for match in shape.finditer(text)]
        found = {
            number
            for run in digits
            for part in _parts(run, inside=shape is NUMBER)
            if part[0] != "0" and (number := int(part)) <= highest
        }
        if found:
            return f"A{max(found)}"
    return ""


def _parts(digits: str, inside: bool) -> list[str]:
    """The beginnings of a run of digits, and where only numbers are read all that is inside."""
    longest = 6
    starts = range(len(digits)) if inside else range(1)
    return [
        digits[at:end] for at in starts for end in range(at + 1, min(len(digits), at + longest) + 1)
    ]


def _order(text: str) -> object:
    after = text.split("Answer:")[1].strip() if "Answer:" in text else text
    try:
        return json.loads(after)
    except (ValueError, RecursionError):
        fitting = [order for order in ORDERS if _is_within(order, after)]
        return [int(one) for one in fitting[0]] if len(fitting) == 1 else None


def _is_within(order: str, text: str) -> bool:
    """Whether these digits occur in this order, whatever stands between."""
    place = 0
    for digit in order:
        place = text.find(digit, place) + 1
        if not place:
            return False
    return True
