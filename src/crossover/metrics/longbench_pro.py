"""LongBench Pro's own scores (Chen et al. 2026), by its ``modules/utils.py``.

The tag ``task`` begins with the task's number (``T3.2 Single-Hop Fact QA``). What counts of an
answer stands after its last ``[Answer]`` or ``[答案]``, an item on each line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import log2

from crossover.metrics import _chinese
from crossover.metrics._benchmarks import Golds, scored
from crossover.metrics._rouge import rouge_l_of_sets
from crossover.types import Answer, Example

__all__ = ["longbench_pro"]

MARKS = ("[Answer]", "[答案]")


def longbench_pro(example: Example, answer: Answer) -> float | None:
    """NDCG, pairs in order, accuracy, F1 or share of lines, as the task asks; None for others.

    Of summaries (T4) only ROUGE-L is scored, best over the golds; the benchmark's score is its
    mean with a similarity by Qwen3-Embedding-8B. Raises MissingExtra for those in Chinese.
    """
    number = example.tags.get("task", "").partition(" ")[0]
    if number.startswith("T4."):
        chinese = example.tags.get("language") == "zh"
        return scored(example, answer, lambda text, golds: _summary(text, golds, chinese))
    score = TASKS.get(number)
    if score is None:
        return None
    return scored(
        example, answer, lambda text, golds: score([_bare(gold) for gold in golds], _lines(text))
    )


def _lines(text: str) -> list[str]:
    mark = next((mark for mark in MARKS if mark in text), None)
    text = text.rpartition(mark)[2] if mark else text
    return [_bare(line) for line in text.strip().split("\n")]


def _bare(text: str) -> str:
    return " ".join(text.lower().split())


def _accuracy(golds: Sequence[str], lines: Sequence[str]) -> float:
    return float(golds[0] == lines[0])


def _f1(golds: Sequence[str], lines: Sequence[str]) -> float:
    shared = len({*golds} & {*lines})
    return 2 * shared / (len({*golds}) + len({*lines}))


def _share(golds: Sequence[str], lines: Sequence[str]) -> float:
    return sum(gold in lines for gold in golds) / len(golds)


def _ordered(golds: Sequence[str], lines: Sequence[str]) -> float:
    """The pairs of golds in the right order, of all pairs of lines; 0 where more would be right."""
    if len(golds) < 2 or len(lines) < 2:
        return 0.0
    place = {line: at for at, line in enumerate(lines)}
    right = sum(place[a] < place[b] for a, b in combinations(golds, 2) if {a, b} <= place.keys())
    share = right / (len(lines) * (len(lines) - 1) // 2)
    return share if share <= 1 else 0.0


def _ndcg(golds: Sequence[str], lines: Sequence[str]) -> float:
    """NDCG of as many lines as there are golds; a line said twice stands where it is last."""
    gains = {gold: len(golds) - at for at, gold in enumerate(golds)}
    last = {line: at for at, line in enumerate(lines)}
    ranked = sorted(last, key=lambda line: last[line])
    best = _gain(sorted(gains.values(), reverse=True))
    return _gain([gains.get(line, 0) for line in ranked[: len(golds)]]) / best


def _gain(gains: Sequence[int]) -> float:
    return sum(gain / log2(place + 2) for place, gain in enumerate(gains))


def _summary(text: str, golds: Golds, chinese: bool) -> float:
    def words(given: str) -> str:
        return " ".join(_chinese.cut(_bare(given))) if chinese else _bare(given)

    return max(rouge_l_of_sets(words(text), words(gold)) for gold in golds)


TASKS: Mapping[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    **dict.fromkeys(("T1.1", "T1.2"), _ndcg),
    **dict.fromkeys(("T2.1", "T2.2", "T6.3"), _ordered),
    **dict.fromkeys(("T3.1", "T3.2", "T11.1", "T11.2"), _accuracy),
    **dict.fromkeys(("T5.1", "T5.2", "T6.2", "T7.1", "T7.2", "T7.3", "T9.1", "T9.2"), _f1),
    **dict.fromkeys(("T6.1", "T8.1", "T8.2", "T8.3", "T10.1", "T10.2"), _share),
}
