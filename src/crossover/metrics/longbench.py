"""LongBench's own scores (Bai et al. 2024): the best over the golds, by its ``metrics.py``.

``longbench`` takes the score of the example's task from the tag ``task`` (``hotpotqa``, ``lcc`` …).
That tag also decides for the others whether only the answer's first line is read, as LongBench
does for four tasks. Classes of a classification are the question's choices, or the tag
``classes`` with one on each line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from crossover.metrics import _chinese
from crossover.metrics._benchmarks import best, squad_f1
from crossover.metrics._rouge import rouge_l_of_sets
from crossover.types import Answer, Example

__all__ = [
    "longbench",
    "longbench_classification",
    "longbench_code_sim",
    "longbench_count",
    "longbench_qa_f1",
    "longbench_qa_f1_zh",
    "longbench_retrieval",
    "longbench_retrieval_zh",
    "longbench_rouge",
    "longbench_rouge_zh",
]

FIRST_LINE = ("trec", "triviaqa", "samsum", "lsht")
NUMBER = re.compile(r"\d+")
PARAGRAPH = re.compile(r"Paragraph (\d+)")
PARAGRAPH_ZH = re.compile(r"段落(\d+)")
# a line with one of these is taken for a comment or for Markdown
NO_CODE = ("`", "#", "//")


def longbench(example: Example, answer: Answer) -> float | None:
    """LongBench's score of the task that the tag ``task`` names; None for other tasks."""
    score = TASKS.get(example.tags.get("task", ""))
    return score(example, answer) if score else None


def longbench_qa_f1(
    example: Example, answer: Answer, *, first_line: bool | None = None
) -> float | None:
    """F1 of SQuAD's tokens: narrativeqa, qasper, hotpotqa and the other English questions."""
    return _best(example, answer, squad_f1, first_line)


def longbench_qa_f1_zh(example: Example, answer: Answer) -> float | None:
    """F1 of jieba's words: multifieldqa_zh. Raises MissingExtra."""
    return best(example, answer, _chinese.words_f1)


def longbench_rouge(
    example: Example, answer: Answer, *, first_line: bool | None = None
) -> float | None:
    """ROUGE-L F1 of the package rouge, distinct words alone: summaries in English."""
    return _best(example, answer, rouge_l_of_sets, first_line)


def longbench_rouge_zh(example: Example, answer: Answer) -> float | None:
    """The same on jieba's words: dureader, vcsum. Raises MissingExtra."""

    def score(text: str, gold: str) -> float:
        return rouge_l_of_sets(" ".join(_chinese.cut(text)), " ".join(_chinese.cut(gold)))

    return best(example, answer, score)


def longbench_classification(
    example: Example, answer: Answer, *, first_line: bool | None = None
) -> float | None:
    """1 / the number of classes that the answer names, where the gold is one: trec, lsht.

    Classes that are part of the gold's name are taken out while the list of them is gone through,
    so that the one after each stays. None where the example names no classes.
    """
    classes = classes_of(example)
    if not classes:
        return None
    return _best(example, answer, lambda text, gold: _one_of(classes, text, gold), first_line)


def longbench_retrieval(example: Example, answer: Answer) -> float | None:
    """Share of the answer's numbers that are the gold paragraph's: passage_retrieval_en."""
    return best(example, answer, lambda text, gold: _retrieved(text, PARAGRAPH.search(gold)))


def longbench_retrieval_zh(example: Example, answer: Answer) -> float | None:
    """Share of the answer's numbers that are the gold paragraph's: passage_retrieval_zh."""
    return best(example, answer, lambda text, gold: _retrieved(text, PARAGRAPH_ZH.search(gold)))


def longbench_count(example: Example, answer: Answer) -> float | None:
    """Share of the answer's numbers that are the gold: passage_count."""
    return best(example, answer, _counted)


def longbench_code_sim(example: Example, answer: Answer) -> float | None:
    """Edit similarity (fuzz.ratio, whole percents) of the first line of code: lcc, repobench-p.

    An answer of white space alone is compared too.
    """
    from rapidfuzz import fuzz

    if not example.answers:
        return None
    if not answer.scorable or not answer.text:
        return 0.0
    line = _code(answer.text)
    return max(round(fuzz.ratio(line, gold)) / 100 if line else 0.0 for gold in example.answers)


def classes_of(example: Example) -> Sequence[str]:
    """The classes of a classification: the choices, or the lines of the tag ``classes``."""
    return example.question.choices or example.tags.get("classes", "").splitlines()


TASKS: Mapping[str, Callable[[Example, Answer], float | None]] = {
    **dict.fromkeys(
        ("narrativeqa", "qasper", "multifieldqa_en", "hotpotqa", "2wikimqa", "musique", "triviaqa"),
        longbench_qa_f1,
    ),
    "multifieldqa_zh": longbench_qa_f1_zh,
    **dict.fromkeys(("gov_report", "qmsum", "multi_news", "samsum"), longbench_rouge),
    **dict.fromkeys(("dureader", "vcsum"), longbench_rouge_zh),
    **dict.fromkeys(("trec", "lsht"), longbench_classification),
    "passage_retrieval_en": longbench_retrieval,
    "passage_retrieval_zh": longbench_retrieval_zh,
    "passage_count": longbench_count,
    **dict.fromkeys(("lcc", "repobench-p"), longbench_code_sim),
}


def _best(
    example: Example,
    answer: Answer,
    score: Callable[[str, str], float],
    first_line: bool | None,
) -> float | None:
    if first_line is None:
        first_line = example.tags.get("task") in FIRST_LINE

    def of_line(text: str, gold: str) -> float:
        return score(text.lstrip("\n").partition("\n")[0] if first_line else text, gold)

    return best(example, answer, of_line)


def _one_of(classes: Sequence[str], text: str, gold: str) -> float:
    named = [name for name in classes if name in text]
    place = 0
    while place < len(named):
        if named[place] in gold and named[place] != gold:
            named.remove(named[place])
        place += 1
    return 1 / len(named) if gold in named else 0.0


def _retrieved(text: str, gold: re.Match[str] | None) -> float:
    return _counted(text, gold[1]) if gold else 0.0


def _counted(text: str, gold: str) -> float:
    numbers = NUMBER.findall(text)
    return numbers.count(gold) / len(numbers) if numbers else 0.0


def _code(text: str) -> str:
    lines = text.lstrip("\n").split("\n")
    return next((line for line in lines if not any(mark in line for mark in NO_CODE)), "")
