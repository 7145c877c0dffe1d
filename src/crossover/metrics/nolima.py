"""NoLiMa's own four scores (Modarressi et al. 2025), by ``evaluation/async_evaluate.py``.

All compare letter by letter, upper and lower case too; the paper's headline is ``nolima_contains``.
"""

from __future__ import annotations

from crossover.metrics._benchmarks import Golds, scored
from crossover.types import Answer, Example

__all__ = [
    "nolima_contains",
    "nolima_exact_match",
    "nolima_last_line_contains",
    "nolima_last_line_exact_match",
]


def nolima_exact_match(example: Example, answer: Answer) -> float | None:
    """1 where the answer is a gold (its ``EM``)."""
    return scored(example, answer, lambda text, golds: float(text.strip() in golds))


def nolima_contains(example: Example, answer: Answer) -> float | None:
    """1 where a gold stands in the answer (its ``contains``)."""
    return scored(example, answer, _contains)


def nolima_last_line_exact_match(example: Example, answer: Answer) -> float | None:
    """1 where the answer's last line is a gold (its ``lastline_EM``)."""
    return scored(example, answer, lambda text, golds: float(_last_line(text) in golds))


def nolima_last_line_contains(example: Example, answer: Answer) -> float | None:
    """1 where a gold stands in the answer's last line (its ``lastline_contains``)."""
    return scored(example, answer, lambda text, golds: _contains(_last_line(text), golds))


def _contains(text: str, golds: Golds) -> float:
    return float(any(gold in text for gold in golds))


def _last_line(text: str) -> str:
    return text.strip().split("\n")[-1]
