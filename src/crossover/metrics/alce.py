r"""ALCE's own scores (Gao et al. 2023), as HELMET takes them, by ``eval_alce.py``.

Citations are taken out before scoring. A gold is one of the things to be said, its other names each
on a line of its own: ``Paris\nCity of Light``. What a model must judge (AutoAIS) is not here.
"""

from __future__ import annotations

import re
from typing import Literal

from crossover.metrics._benchmarks import Golds, scored, squad
from crossover.metrics._rouge import by_sentence, rouge_scorer
from crossover.types import Answer, Example

__all__ = ["helmet_alce_rouge", "helmet_qampari", "helmet_str_em", "helmet_str_hit"]

LINES = re.compile(r"\n+")
CITATION = re.compile(r" ?\[\d+")
END_OF_TURN = "<|im_end|>"
FIVE = 5

Measure = Literal["precision", "recall", "recall_top5", "f1", "f1_top5"]


def helmet_str_em(example: Example, answer: Answer) -> float | None:
    """Share of the golds of which a name stands in the answer, normalised: asqa's ``str_em``."""

    def score(text: str, golds: Golds) -> float:
        said = squad(_uncited(text))
        return sum(any(name in said for name in _names(gold)) for gold in golds) / len(golds)

    return scored(example, answer, score)


def helmet_str_hit(example: Example, answer: Answer) -> float | None:
    """1 where a name of every gold stands in the answer: asqa's ``str_hit``."""
    share = helmet_str_em(example, answer)
    return None if share is None else float(share == 1)


def helmet_qampari(
    example: Example, answer: Answer, *, measure: Measure = "recall_top5", reasoned: bool = False
) -> float | None:
    """How well the answer, a list between commas, is the list of golds: qampari.

    ``recall_top5`` asks for five golds at most. With ``reasoned``, the list follows the answer's
    first colon (ALCE's ``--cot``).
    """

    def score(text: str, golds: Golds) -> float:
        said = _uncited(text)
        given = _listed(said.partition(":")[2] if reasoned else said)
        names = [_names(gold) for gold in golds]
        found = sum(any(name in given for name in each) for each in names)
        right = sum(any(one in each for each in names) for one in given)
        precision = right / len(given) if given else 0.0
        recall = found / len(golds)
        top5 = min(FIVE, found) / min(FIVE, len(golds))
        return {
            "precision": precision,
            "recall": recall,
            "recall_top5": top5,
            "f1": _harmonic(precision, recall),
            "f1_top5": _harmonic(precision, top5),
        }[measure]

    return scored(example, answer, score)


def helmet_alce_rouge(example: Example, answer: Answer) -> float | None:
    """ROUGE-Lsum F1 with Porter's stemmer, lower case, a sentence a line; the best over the golds.

    Golds are the long answers of asqa. HELMET reports a bootstrap's middle of the mean. Raises
    MissingExtra.
    """

    def score(text: str, golds: Golds) -> float:
        said, scorer = by_sentence(_uncited(text).lower()), rouge_scorer(("rougeLsum",), stem=True)
        found = (scorer.score(by_sentence(gold.lower()), said)["rougeLsum"] for gold in golds)
        return max(float(one.fmeasure) for one in found)

    return scored(example, answer, score)


def _uncited(text: str) -> str:
    line = LINES.sub(" ", text).replace(END_OF_TURN, "")
    return CITATION.sub("", line).replace(" |", "").replace("]", "")


def _names(gold: str) -> list[str]:
    return [squad(name) for name in gold.split("\n")]


def _listed(text: str) -> list[str]:
    parts = text.rstrip().rstrip(".").rstrip(",").split(",")
    return [name for name in map(squad, parts) if name]


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
