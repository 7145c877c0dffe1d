"""ROUGE as the benchmarks compute it: by the package rouge, or by Google's rouge-score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crossover.errors import MissingExtra

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

# rouge 1.0.1 walks back through its table by recursion; from where LongBench's eval.py calls it,
# Python's limit of 1,000 leaves it so many steps, and eval.py scores what exceeds them as 0
STEPS = 989
# where rouge-chinese ends a sentence
CHINESE_ENDS = [
    re.compile(pattern)
    for pattern in (
        *(r"([。！？?])([^”’])", r"(\.{6})([^”’])", r"(…{2})([^”’])"),
        r"([。！？?][”’])([^，。！？?])",
    )
]


def rouge_l_of_sets(text: str, gold: str) -> float:
    """ROUGE-L F1 of the package rouge 1.0.1, as LongBench, MiniLongBench and LV-Eval call it.

    Sentences end at every full stop, words are what stands between spaces, and each distinct word
    counts once. Where two sentences are too long for that package's recursion, the score is 0, as
    in the benchmarks' published numbers (Chinese without ASCII full stops is one sentence).
    """
    given, wanted = _sentences(text), _sentences(gold)
    if not given or not wanted:
        return 0.0
    shared = _shared(given, wanted, STEPS)
    recall, precision = len(shared) / _distinct(wanted), len(shared) / _distinct(given)
    return 2.0 * precision * recall / (precision + recall + 1e-8)


def rouge_l_recall_of_sets(text: str, gold: str, steps: int = STEPS) -> float:
    """Recall of the same, as LooGLE calls it; M4LE compares sentences of any length."""
    given, wanted = _sentences(text), _sentences(gold)
    return len(_shared(given, wanted, steps)) / _distinct(wanted) if given and wanted else 0.0


def rouge_n_recall_of_sets(text: str, gold: str, n: int) -> float:
    """ROUGE-N recall of the package rouge 1.0.1, of distinct runs of n words."""
    given, wanted = _runs(text, n), _runs(gold, n)
    return len(given & wanted) / len(wanted) if wanted else 0.0


def rouge_l_recall(text: str, gold: str) -> float:
    """ROUGE-L recall of the package rouge-chinese: of all words, repeated ones counted."""
    given, wanted = _chinese_words(text), _chinese_words(gold)
    return _lengths(wanted, given)[-1][-1] / len(wanted) if given and wanted else 0.0


def rouge_scorer(kinds: tuple[str, ...], stem: bool) -> RougeScorer:
    """Google's scorer with its own tokeniser. Raises MissingExtra."""
    if find_spec("rouge_score") is None:
        raise MissingExtra("rouge-score", "report", "ROUGE")
    return _scorer(kinds, stem)


@lru_cache(maxsize=64)
def by_sentence(text: str) -> str:
    """Put every sentence that NLTK's English Punkt finds on a line of its own, for ROUGE-Lsum."""
    from crossover.sentences import punkt

    return "\n".join(punkt().tokenize(text))


@cache
def _scorer(kinds: tuple[str, ...], stem: bool) -> RougeScorer:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(kinds), use_stemmer=stem)


def _sentences(text: str) -> list[list[str]]:
    """Lists of words; a sentence of white space alone holds one empty word, as in that package."""
    return [sentence.split() or [""] for sentence in text.split(".") if sentence]


def _distinct(sentences: list[list[str]]) -> int:
    return len({word for sentence in sentences for word in sentence})


def _runs(text: str, n: int) -> set[tuple[str, ...]]:
    words = [word for sentence in _sentences(text) for word in sentence]
    return {tuple(words[at : at + n]) for at in range(len(words) - n + 1)}


def _chinese_words(text: str) -> list[str]:
    """Words between spaces; what is left blank where sentences are parted is an empty one."""
    for end in CHINESE_ENDS:
        text = end.sub(r"\1\n\2", text)
    lines = [line.split() or [""] for line in text.rstrip().split("\n") if line]
    return [word for line in lines for word in line]


def _shared(given: list[list[str]], wanted: list[list[str]], steps: int) -> set[str]:
    """The words common to any two sentences; none where the way back is too long."""
    shared: set[str] = set()
    for sentence in wanted:
        for other in given:
            found = _common_words(sentence, other, steps)
            if found is None:
                return set()
            shared |= found
    return shared


def _common_words(wanted: Sequence[str], given: Sequence[str], steps: int) -> set[str] | None:
    """The words of the longest common subsequence; None where the way back is too long."""
    table = _lengths(wanted, given)
    found = set[str]()
    row, column = len(wanted), len(given)
    for _ in range(steps):
        if not row or not column:
            return found
        if wanted[row - 1] == given[column - 1]:
            row, column = row - 1, column - 1
            found.add(wanted[row])
        elif table[row - 1][column] > table[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return None if row and column else found


def _lengths(wanted: Sequence[str], given: Sequence[str]) -> list[list[int]]:
    """Length of the longest common subsequence of every two beginnings."""
    table = [[0] * (len(given) + 1)]
    for word in wanted:
        above, row = table[-1], [0]
        for column, other in enumerate(given):
            row.append(above[column] + 1 if word == other else max(above[column + 1], row[column]))
        table.append(row)
    return table
