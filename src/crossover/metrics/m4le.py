"""M4LE's own scores (Kwan et al. 2024), by its ``evaluation.py``; the tag ``task`` decides.

Each task cuts the answer at some marks first (a full stop cuts ``U.S.`` too).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial

from crossover.metrics import _chinese
from crossover.metrics._benchmarks import Golds, scored
from crossover.metrics._bleu import bleu
from crossover.metrics._rouge import rouge_l_recall, rouge_l_recall_of_sets
from crossover.types import Answer, Example

__all__ = ["m4le"]

SUMMARIES_EN = (*("arxiv", "pubmed", "booksum", "cnnnews", "wikihow", "bigpatent_global_sum"),)
SUMMARIES_ZH = ("cnewsum", "clts+", "cepsum", "lcsts", "ncls", "news2016")
SUMMARIES = (*SUMMARIES_EN, *SUMMARIES_ZH)
TRANSLATIONS = ("open-subtitles", "news-commentary", "tedtalks")
# tasks whose texts are Chinese
CHINESE = (
    *("cnewsum", "clts+", "cepsum", "lcsts", "news2016", "c3", "dureader", "wiki2019zh"),
    *("drcd_semantic-single", "drcd_explicit-single", "online-shopping"),
    *("thucnews_explicit-single", "thucnews_explicit-multiple", "thucnews_semantic-multiple"),
    *(f"{name}-zh2en" for name in TRANSLATIONS),
)


def m4le(example: Example, answer: Answer) -> float | None:
    """ROUGE-L recall, a gold held or matched, F1 of ids, or BLEU; None for other tasks.

    The benchmark takes BLEU of all answers of a length together, which the mean of the answers'
    own BLEU is not. Raises MissingExtra for summaries in Chinese.
    """
    score = TASKS.get(example.tags.get("task", ""))
    return scored(example, answer, score) if score else None


def _cut(text: str, marks: tuple[str, ...]) -> str:
    for mark in marks:
        text = text.partition(mark)[0].strip()
    return text.strip()


def _held(text: str, golds: Golds, marks: tuple[str, ...]) -> float:
    said = _cut(text, marks).lower()
    return float(any(gold.lower() in said for gold in golds))


def _matched(text: str, golds: Golds, marks: tuple[str, ...] = ()) -> float:
    said = _cut(text, marks).lower()
    return float(any(gold.lower().strip() == said for gold in golds))


def _number(text: str, golds: Golds, stop: str) -> float:
    return _matched(text, (golds[0].partition(stop)[0],), (stop,))


def _ids(text: str, golds: Golds, stop: str, comma: str, whole: bool = True) -> float:
    """F1 of the ids before the first full stop; a gold is read ``whole`` but for some tasks."""
    said = {one.strip() for one in text.partition(stop)[0].split(comma)}
    gold = golds[0] if whole else golds[0].partition(stop)[0]
    wanted = {one.strip() for one in gold.split(comma)}
    return 2 * len(said & wanted) / (len(said) + len(wanted))


def _recall(text: str, golds: Golds) -> float:
    said = _cut(text, ("\n",))
    return max(rouge_l_recall_of_sets(said, gold, sys.maxsize) for gold in golds) if said else 0.0


def _recall_zh(text: str, golds: Golds, marks: tuple[str, ...] = ("\n",)) -> float:
    said = _cut(text, marks)
    if not said:
        return 0.0
    given = " ".join(_chinese.cut(said))
    return max(rouge_l_recall(given, " ".join(_chinese.cut(gold))) for gold in golds)


def _title(text: str, golds: Golds) -> float:
    """Of what stands between quotes, if any do."""
    parts = text.split('"')
    return _recall_zh(parts[1].strip() if len(parts) > 1 else text, golds)


Score = Callable[[str, Golds], float]
EN, ZH = ("\n", "."), ("\n", "。")
TASKS: Mapping[str, Score] = {
    **dict.fromkeys(SUMMARIES_EN, _recall),
    **dict.fromkeys(SUMMARIES_ZH, _recall_zh),
    **dict.fromkeys(("cnewsum", "clts+"), partial(_recall_zh, marks=("\n", "新闻"))),
    "news2016": _title,
    **dict.fromkeys(
        ("triviaqa", "newsqa", "duorc", "nq-open", "hotpotqa"), partial(_held, marks=EN)
    ),
    **dict.fromkeys(("c3", "dureader", "drcd_semantic-single"), partial(_held, marks=ZH)),
    "wow": partial(_held, marks=(",", "\n")),
    "drcd_explicit-single": partial(_held, marks=("，", "\n")),
    "bigpatent_global_cls": partial(_held, marks=(":",)),
    "wikitext-103": partial(_matched, marks=(".",)),
    "wiki2019zh": partial(_matched, marks=("。",)),
    **dict.fromkeys(("mnds-news_explicit-single", "thucnews_explicit-single"), _matched),
    "mnds-news_semantic-multiple": partial(_number, stop="."),
    "thucnews_semantic-multiple": partial(_number, stop="。"),
    "marc": partial(_ids, stop=".", comma=",", whole=False),
    "mnds-news_explicit-multiple": partial(_ids, stop=".", comma=","),
    **dict.fromkeys(
        ("online-shopping", "thucnews_explicit-multiple"), partial(_ids, stop="。", comma="，")
    ),
    **{f"{name}-en2zh": partial(bleu, chinese=True) for name in TRANSLATIONS},
    **{f"{name}-zh2en": partial(bleu, chinese=False) for name in TRANSLATIONS},
}
