"""LV-Eval's own scores (Yuan et al. 2024), by its ``metrics.py``; only the first gold counts.

An answer must say enough of the gold's keywords, which an annotator marked, or scores 0. A dataset
gives them in the tag ``keywords`` (the field ``answer_keywords``, ``gold_ans`` in predictions).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from crossover.metrics import _chinese
from crossover.metrics._benchmarks import f1, scored, squad, squad_f1
from crossover.metrics._rouge import rouge_l_of_sets
from crossover.types import Answer, Example

__all__ = [
    "lveval",
    "lveval_f1",
    "lveval_f1_zh",
    "lveval_keyword_f1",
    "lveval_keyword_f1_zh",
    "lveval_rouge_zh",
]

# the least share of the keywords that an answer must say
ENOUGH, ENOUGH_ZH = 0.2, 0.4
# words that count for nothing among the keywords
BLACKLIST = frozenset(
    """and to of in her was with for it from is that his he by she they or at because be on are
    their what as had were about being this who but have has when which does""".split()
)
BLACKLIST_ZH = frozenset(
    """的 和 是 等 在 年 可以 为 与 ‰ 了 或 一种 月 c 至 日 有 进行 于 不 中 × 根据 小 由 亩 也 要
    指 法 会 元 主要 以及 通过 首先 对 然后 号 以 所 后 丁 包括 无 将 用 能 形 方面 因素 位于 而 从
    到 一定 用于 但 使用 让 具有 并 亿元 万元 上 类 基于 才 来 地 片 其他 个 或者 变得 时 给 你 使
    条 受 已经 带 度""".split()
)


def lveval(example: Example, answer: Answer) -> float | None:
    """LV-Eval's score of the task that the tag ``task`` names; None for other tasks.

    A length after the task's name (``cmrc_mixup_16k``) is taken off.
    """
    task = example.tags.get("task", "")
    name, _, length = task.rpartition("_")
    score = TASKS.get(name if length.rstrip("k").isdigit() else task)
    return score(example, answer) if score else None


def lveval_keyword_f1(example: Example, answer: Answer) -> float | None:
    """F1 of SQuAD's tokens; 0 where the answer says under 20 % of the keywords, if there are any.

    hotpotwikiqa_mixup, loogle_*_mixup, multifieldqa_en_mixup.
    """
    keywords = squad(example.tags.get("keywords", "")).split()

    def score(text: str, gold: str) -> float:
        if keywords and _said(squad(text).split(), keywords, BLACKLIST) < ENOUGH:
            return 0.0
        return squad_f1(text, gold)

    return _first(example, answer, score)


def lveval_keyword_f1_zh(example: Example, answer: Answer) -> float | None:
    """F1 of jieba's words; 0 under 40 % of the keywords, which are the gold where none are given.

    multifieldqa_zh_mixup, cmrc_mixup, lic_mixup. Raises MissingExtra.
    """

    def score(text: str, gold: str) -> float:
        given = _chinese.words(text)
        keywords = _chinese.words(example.tags.get("keywords") or gold)
        if keywords and _said(given, keywords, BLACKLIST_ZH) < ENOUGH_ZH:
            return 0.0
        return f1(given, _chinese.words(gold))

    return _first(example, answer, score)


def lveval_f1(example: Example, answer: Answer) -> float | None:
    """F1 of SQuAD's tokens: factrecall_en."""
    return _first(example, answer, squad_f1)


def lveval_f1_zh(example: Example, answer: Answer) -> float | None:
    """F1 of jieba's words: factrecall_zh. Raises MissingExtra."""
    return _first(example, answer, _chinese.words_f1)


def lveval_rouge_zh(example: Example, answer: Answer) -> float | None:
    """ROUGE-L F1 of the package rouge on jieba's words outside the blacklist: dureader_mixup.

    Words are cut twice, the second time from the first's words with spaces between, as there.
    Raises MissingExtra.
    """
    return _first(example, answer, lambda text, gold: rouge_l_of_sets(_kept(text), _kept(gold)))


TASKS: Mapping[str, Callable[[Example, Answer], float | None]] = {
    **dict.fromkeys(
        (
            "hotpotwikiqa_mixup",
            "loogle_SD_mixup",
            "loogle_CR_mixup",
            "loogle_MIR_mixup",
            "multifieldqa_en_mixup",
        ),
        lveval_keyword_f1,
    ),
    **dict.fromkeys(("multifieldqa_zh_mixup", "cmrc_mixup", "lic_mixup"), lveval_keyword_f1_zh),
    "factrecall_en": lveval_f1,
    "factrecall_zh": lveval_f1_zh,
    "dureader_mixup": lveval_rouge_zh,
}


def _first(example: Example, answer: Answer, score: Callable[[str, str], float]) -> float | None:
    return scored(example, answer, lambda text, golds: float(score(text, golds[0])))


def _said(given: Sequence[str], keywords: Sequence[str], blacklist: Collection[str]) -> float:
    """Share of the keywords said, blacklisted ones never counted as said."""
    shared = Counter(given) & Counter(keywords)
    return sum(n for word, n in shared.items() if word not in blacklist) / len(keywords)


def _kept(text: str) -> str:
    again = _chinese.cut(" ".join(_chinese.cut(text)))
    return " ".join(word for word in map(_chinese.bare, again) if word not in BLACKLIST_ZH)
