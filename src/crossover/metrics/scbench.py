"""SCBench's own scores of turns (Li et al. 2024), by ``scbench/compute_scores.py``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from crossover.metrics._benchmarks import scored
from crossover.metrics.infinitebench import (
    infinitebench_longbook_choice_eng,
    infinitebench_longbook_qa_chn,
    infinitebench_longbook_sum_eng,
)
from crossover.metrics.repoqa import repoqa
from crossover.metrics.ruler import ruler_all
from crossover.types import Answer, Example

__all__ = ["scbench"]

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
Score = Callable[[Example, Answer], float | None]


def scbench(example: Example, answer: Answer) -> float | None:
    """SCBench's score of the kind of turn that the tag ``kind`` names; None for other kinds."""
    score = KINDS.get(example.tags.get("kind", ""))
    return score(example, answer) if score else None


def _held(example: Example, answer: Answer) -> float | None:
    return scored(example, answer, lambda text, golds: float(any(gold in text for gold in golds)))


def _named(example: Example, answer: Answer) -> float | None:
    def score(text: str, golds: tuple[str, ...]) -> float:
        return float(any(gold.upper() in text.upper() for gold in golds))

    return scored(example, answer, score)


def _number(example: Example, answer: Answer) -> float | None:
    def score(text: str, golds: tuple[str, ...]) -> float:
        said, wanted = NUMBER.search(text), NUMBER.search(golds[0])
        return float(bool(said and wanted) and float(said[0]) == float(wanted[0]))  # type: ignore[index]

    return scored(example, answer, score)


def _function(example: Example, answer: Answer) -> float | None:
    language = example.tags.get("language", "python")
    return repoqa(replace(example, tags={**example.tags, "task": language}), answer)


KINDS: Mapping[str, Score] = {
    **dict.fromkeys(("kv", "kv_hard", "hashhop", "prefix_suffix", "kv_compressible"), _held),
    "vt": ruler_all,
    "qa_eng": _named,
    "many_shot": _named,
    "qa_chn": infinitebench_longbook_qa_chn,
    "choice_eng": infinitebench_longbook_choice_eng,
    "mf": _number,
    "passkey": _number,
    "summary": infinitebench_longbook_sum_eng,
    "repoqa": _function,
}
