"""CURIE's own scores but for its judge (Cui et al. 2025), by ``colabs/curie_run_eval.ipynb``."""

from __future__ import annotations

from crossover.metrics._benchmarks import best
from crossover.metrics._rouge import rouge_scorer
from crossover.types import Answer, Example

__all__ = ["curie"]

SEQUENCE = "pdb"


def curie(example: Example, answer: Answer) -> float | None:
    """ROUGE-Lsum F1 without stemming; of the task ``pdb`` how much of the sequence is right.

    That is the longest common subsequence with the line under the first that begins with ``>``,
    as a share of the longer one. The notebook divides by the length of an alignment, which there
    are several equally good ones of; and it runs code that an answer holds, which is not done here.
    Raises MissingExtra.
    """
    task = example.tags.get("task")
    return best(example, answer, _identical if task == SEQUENCE else _rouge)


def _rouge(text: str, gold: str) -> float:
    said, wanted = (one.replace(" . ", " .\n") for one in (text, gold))
    found = rouge_scorer(("rougeLsum",), stem=False).score(wanted, said)["rougeLsum"]
    return float(found.fmeasure)


def _identical(text: str, gold: str) -> float:
    lines = text.splitlines()
    named = (at for at, line in enumerate(lines[:-1]) if line.startswith(">"))
    said = next((lines[at + 1] for at in named), "")
    return _common(said, gold) / max(len(said), len(gold))


def _common(one: str, other: str) -> int:
    """The length of the longest common subsequence."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(one, other))
