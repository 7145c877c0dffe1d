"""InfiniteBench's own scores (Zhang et al. 2024), by ``src/compute_scores.py``, one per task.

Golds are the ground truth's entries as texts, in its order: (option's text, letter) for choices,
(function, letter) for ``code_debug``, one JSON list of numbers for ``math_calc``; a float keeps its
point (``3.0``), which ``math_find`` reads another way than an integer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from crossover.metrics import _chinese
from crossover.metrics._benchmarks import Golds, best, blanked, f1, scored, squad_f1
from crossover.metrics._rouge import rouge_scorer
from crossover.types import Answer, Example

__all__ = [
    "infinitebench",
    "infinitebench_code_debug",
    "infinitebench_code_run",
    "infinitebench_first_number",
    "infinitebench_kv_retrieval",
    "infinitebench_longbook_choice_eng",
    "infinitebench_longbook_qa_chn",
    "infinitebench_longbook_qa_eng",
    "infinitebench_longbook_sum_eng",
    "infinitebench_longdialogue_qa_eng",
    "infinitebench_math_calc",
    "infinitebench_math_find",
]

DIGITS = re.compile(r"[0-9]+")
SIGNED = re.compile(r"-?[0-9]+")
NUMBER = re.compile(r"\d+\.\d+|\d+")
MARKS = ("\n", '"', "'", ".", ",", "?", "!", "{", "}")
INTEGER = re.compile(r"-?\d+")
SPACES = re.compile(r" {2,}")
LETTERS = "ABCD"
CHOICE_STATED = ("answer is:", "answer:", "answer is", "option is")
CODE_STATED = ("answer is:", "is:", "answer:", "correct option is:")
CODE_MARKS = ("\n", "`", "'", '"', "-", "*", "Option", "option")


def infinitebench(example: Example, answer: Answer) -> float | None:
    """InfiniteBench's score of the task that the tag ``task`` names; None for other tasks."""
    score = TASKS.get(example.tags.get("task", ""))
    return score(example, answer) if score else None


def infinitebench_first_number(example: Example, answer: Answer) -> float | None:
    """1 where the answer's first run of digits is the (first) gold: passkey, number_string."""

    def score(text: str, golds: Golds) -> float:
        number = DIGITS.search(text)
        return float((number[0] if number else "") == golds[0])

    return scored(example, answer, score)


def infinitebench_kv_retrieval(example: Example, answer: Answer) -> float | None:
    """1 where the (first) gold is one of the answer's words."""
    return scored(
        example,
        answer,
        lambda text, golds: float(golds[0] in blanked(text, (*MARKS, ":")).split()),
    )


def infinitebench_code_run(example: Example, answer: Answer) -> float | None:
    """1 where the answer's last word is the number that the code returns."""

    def score(text: str, golds: Golds) -> float:
        words = blanked(text, ("\n", ".", "`", "'", '"', ":")).split()
        return float(bool(words) and _same_integer(words[-1], golds[0]))

    return scored(example, answer, score)


def infinitebench_code_debug(example: Example, answer: Answer) -> float | None:
    """1 where the answer begins with the letter, or states letter or function as its answer.

    Only what follows the first stated ``answer is:`` (or alike) is read; a function named anywhere
    else does not count.
    """

    def score(text: str, golds: Golds) -> float:
        name, letter = golds[0], golds[-1]
        text = text.strip()
        if text[:2] in (f"{letter}.", f"{letter}:"):
            return 1.0
        stated = _stated(blanked(text, CODE_MARKS), CODE_STATED)
        return float(stated is not None and stated.startswith((letter, name)))

    return scored(example, answer, score)


def infinitebench_math_find(example: Example, answer: Answer) -> float | None:
    """1 where the answer's first number is the gold.

    A number with decimals in the answer to an integer question is wrong (the scorer stops there).
    """

    def score(text: str, golds: Golds) -> float:
        number = NUMBER.search(text)
        if number is None:
            return 0.0
        if INTEGER.fullmatch(golds[0]):
            return float(_same_integer(number[0], golds[0]))
        return float(_same_float(number[0], golds[0]))

    return scored(example, answer, score)


def infinitebench_math_calc(
    example: Example, answer: Answer, *, skip_first: bool = False
) -> float | None:
    """Share of the intermediate results that are right before the first wrong one.

    Signs are not read. The scorer passes over the answer's first number for GPT-4 alone, whose
    prompt makes it repeat the first value: ``skip_first``.
    """

    def score(text: str, golds: Golds) -> float:
        wanted = SIGNED.findall(golds[0])
        given = [digits.lstrip("0") or "0" for digits in DIGITS.findall(text)][int(skip_first) :]
        right = 0
        while right < min(len(wanted), len(given)) and wanted[right] == given[right]:
            right += 1
        return right / max(len(wanted), 1)

    return scored(example, answer, score)


def infinitebench_longdialogue_qa_eng(example: Example, answer: Answer) -> float | None:
    """1 where the first gold, a name in capitals, is one of the answer's words in capitals."""
    return scored(
        example,
        answer,
        lambda text, golds: float(golds[0] in blanked(text, (*MARKS, ":")).upper().split()),
    )


def infinitebench_longbook_choice_eng(example: Example, answer: Answer) -> float | None:
    """1 where the answer begins with the letter, is a gold, or states one of them.

    Else the first word that is one letter, or several in a row, of ABCD decides.
    """
    return scored(example, answer, _chosen)


def infinitebench_longbook_qa_eng(example: Example, answer: Answer) -> float | None:
    """F1 of SQuAD's tokens, the best over the golds."""
    return best(example, answer, squad_f1)


def infinitebench_longbook_qa_chn(example: Example, answer: Answer) -> float | None:
    """F1 of characters without punctuation, the best over the golds."""
    return best(example, answer, lambda text, gold: f1(_chinese.bare(text), _chinese.bare(gold)))


def infinitebench_longbook_sum_eng(example: Example, answer: Answer) -> float | None:
    """ROUGE-Lsum F1 of rouge-score, a line a sentence, no stemming. Raises MissingExtra."""

    def score(text: str, gold: str) -> float:
        found = rouge_scorer(("rougeLsum",), stem=False).score(gold, text)
        return float(found["rougeLsum"].fmeasure)

    return best(example, answer, score)


TASKS: Mapping[str, Callable[[Example, Answer], float | None]] = {
    "passkey": infinitebench_first_number,
    "number_string": infinitebench_first_number,
    "kv_retrieval": infinitebench_kv_retrieval,
    "kv_retrieval_prefix": infinitebench_kv_retrieval,
    "kv_retrieval_both": infinitebench_kv_retrieval,
    "code_run": infinitebench_code_run,
    "code_debug": infinitebench_code_debug,
    "math_find": infinitebench_math_find,
    "math_calc": infinitebench_math_calc,
    "longdialogue_qa_eng": infinitebench_longdialogue_qa_eng,
    "longbook_choice_eng": infinitebench_longbook_choice_eng,
    "longbook_qa_eng": infinitebench_longbook_qa_eng,
    "longbook_qa_chn": infinitebench_longbook_qa_chn,
    "longbook_sum_eng": infinitebench_longbook_sum_eng,
}


def _chosen(text: str, golds: Golds) -> float:
    text = text.strip()
    if text[0] in LETTERS:
        return float(text[0] in golds)
    if text in golds:
        return 1.0
    text = blanked(text, MARKS)
    stated = _stated(text, CHOICE_STATED)
    if stated is not None:
        return float(stated.startswith(golds))
    named = next((word for word in text.split() if word in LETTERS), "")
    return float(named in golds)


def _stated(text: str, phrases: tuple[str, ...]) -> str | None:
    """What follows the first of the phrases that occurs, a character further on; None without."""
    text = SPACES.sub(" ", text)
    for phrase in phrases:
        _, found, rest = text.partition(phrase)
        if found:
            return rest[1:]
    return None


def _same_float(text: str, gold: str) -> bool:
    try:
        return float(text) == float(gold)
    except ValueError:
        return False


def _same_integer(text: str, gold: str) -> bool:
    try:
        return int(text) == int(gold)
    except ValueError:
        return False
