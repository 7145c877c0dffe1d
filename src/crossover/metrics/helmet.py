"""HELMET's own scores (Yen et al. 2025) but for its judge, by ``utils.py`` and ``data.py``.

Each is the best over the golds and over the answer as it is and as parsed: what stands behind
``prefix`` on its line, else the first line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from annotated_types import Ge

from crossover.metrics._benchmarks import Golds, best, scored, squad, verdict_f1
from crossover.metrics._rouge import rouge_scorer
from crossover.metrics._trec import ndcg
from crossover.metrics.alce import helmet_qampari, helmet_str_em
from crossover.types import Answer, Example

__all__ = [
    "helmet",
    "helmet_choice",
    "helmet_exact_match",
    "helmet_f1",
    "helmet_ndcg",
    "helmet_rouge",
    "helmet_ruler_recall",
    "helmet_substring_match",
]

# what is kept of NDCG
DIGITS = 5
RANKING = re.compile(r"\d+(?:\s*>\s*\d+)*")
DECORATION = re.compile(r"[\[\]:]")


def helmet(example: Example, answer: Answer) -> float | None:
    """HELMET's score of the set that the tag ``task`` names; None for others.

    Substring match of nq, triviaqa, hotpotqa, popqa and json_kv, recall of the RULER sets, NDCG of
    msmarco, ``helmet_str_em`` of asqa and ``helmet_qampari`` of qampari.
    """
    score = TASKS.get(example.tags.get("task", ""))
    return score(example, answer) if score else None


def helmet_exact_match(
    example: Example, answer: Answer, *, prefix: str = "Answer:", parsed_only: bool = False
) -> float | None:
    """1 where the answer equals a gold but for case, punctuation and articles.

    The in-context learning tasks are ``helmet_exact_match(prefix="label:", parsed_only=true)``.
    """
    return _best(example, answer, _exact, prefix, parsed_only)


def helmet_f1(
    example: Example, answer: Answer, *, prefix: str = "Answer:", parsed_only: bool = False
) -> float | None:
    """F1 of SQuAD's tokens; 0 where one side is yes, no or noanswer and the other differs."""
    return _best(example, answer, verdict_f1, prefix, parsed_only)


def helmet_substring_match(
    example: Example, answer: Answer, *, prefix: str = "Answer:", parsed_only: bool = False
) -> float | None:
    """1 where a normalised gold stands in the normalised answer: nq, triviaqa, popqa, hotpotqa.

    ``json_kv`` is ``helmet_substring_match(prefix="corresponding value:")``.
    """
    return _best(example, answer, _substring, prefix, parsed_only)


def helmet_rouge(
    example: Example,
    answer: Answer,
    *,
    kind: Literal["rougeL", "rougeLsum"] = "rougeL",
    measure: Literal["f1", "recall"] = "f1",
    prefix: str = "Answer:",
    parsed_only: bool = False,
) -> float | None:
    """ROUGE of rouge-score with Porter's stemmer: infbench_qa (rougeL f1). Raises MissingExtra.

    The summaries have ``prefix="Summary:"`` for multi_lexsum and the default for infbench_sum.
    """

    def score(text: str, gold: str) -> float:
        found = rouge_scorer((kind,), stem=True).score(gold, text)[kind]
        return float(found.fmeasure if measure == "f1" else found.recall)

    return _best(example, answer, score, prefix, parsed_only)


def helmet_choice(example: Example, answer: Answer) -> float | None:
    """Exact match of infbench_choice, whose golds are the letter and the option (``A. text``).

    The option also counts wherever it stands in the answer, in whatever case.
    """
    exact = helmet_exact_match(example, answer)

    def score(text: str, golds: Golds) -> float:
        return float(bool(exact) or any(g.lower() in text.lower() for g in golds[1:2]))

    return scored(example, answer, score)


def helmet_ruler_recall(example: Example, answer: Answer) -> float | None:
    """Share of the golds that stand in the answer, in whatever case: RULER's tasks but for qa."""

    def score(text: str, golds: Golds) -> float:
        return sum(gold.lower() in text.lower() for gold in golds) / len(golds)

    return scored(example, answer, score)


def helmet_ndcg(example: Example, answer: Answer, *, k: Annotated[int, Ge(1)] = 10) -> float | None:
    """NDCG of the longest ranking in the answer (``3 > 1 > 2``), by trec_eval: msmarco.

    Golds are ids of relevant documents, ``7``, or with a grade, ``7:2``. Raises MissingExtra.
    """

    def score(text: str, golds: Golds) -> float:
        return round(ndcg(_ranked(text), dict(map(_graded, golds)), k), DIGITS)

    return scored(example, answer, score)


def _value(example: Example, answer: Answer) -> float | None:
    return helmet_substring_match(example, answer, prefix="corresponding value:")


TASKS: Mapping[str, Callable[[Example, Answer], float | None]] = {
    **dict.fromkeys(("nq", "triviaqa", "hotpotqa", "popqa"), helmet_substring_match),
    "json_kv": _value,
    **dict.fromkeys(("niah_multikey_2", "niah_multikey_3", "niah_multivalue"), helmet_ruler_recall),
    "msmarco": helmet_ndcg,
    "asqa": helmet_str_em,
    "qampari": helmet_qampari,
}


def _best(
    example: Example,
    answer: Answer,
    score: Callable[[str, str], float],
    prefix: str,
    parsed_only: bool,
) -> float | None:
    def of_both(text: str, gold: str) -> float:
        parsed = score(_parsed(text, prefix), gold)
        return parsed if parsed_only else max(parsed, score(text, gold))

    return best(example, answer, of_both)


def _parsed(text: str, prefix: str) -> str:
    """What stands behind the prefix up to the line's end; else the first line."""
    behind = re.search(f"{re.escape(prefix)}(.*)", text, re.IGNORECASE)
    line = (behind[1] if behind else text.partition("\n")[0]).strip()
    # chat models repeat the prefix
    repeated = line[: len(prefix)].lower() == prefix.lower()
    return line[len(prefix) :].strip() if repeated else line


def _exact(text: str, gold: str) -> float:
    return float(squad(text) == squad(gold))


def _substring(text: str, gold: str) -> float:
    return float(squad(gold) in squad(text))


def _graded(gold: str) -> tuple[str, int]:
    name, _, grade = gold.rpartition(":")
    return (name, int(grade)) if name and grade.isdecimal() else (gold, 1)


def _ranked(text: str) -> list[str]:
    """The ids of the longest ranking, each once; the text itself where it holds no number."""
    bare = DECORATION.sub("", text).lower().replace("id", "")
    rankings = [match[0] for match in RANKING.finditer(bare)]
    longest = max(rankings, key=len, default="")
    return [name.strip() for name in longest.split(">")] if longest else [bare]
