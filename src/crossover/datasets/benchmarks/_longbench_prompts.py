"""LongBench's prompts taken apart again: what each task puts around the text and what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Shape(NamedTuple):
    """The words of a prompt that part it.

    The text stands after the first ``head`` and before the last ``tail``; what is asked follows
    from ``ask`` to the last ``end``. Without an ``ask`` nothing is asked beside the text.
    """

    head: str
    tail: str
    ask: str = ""
    end: str = ""


class Asked(NamedTuple):
    """What a prompt was made of."""

    context: str
    input: str


MANY = Shape(
    *("given passages.\n", "\n\nAnswer the question based on the given", "\n\nQuestion: "),
    "\nAnswer:",
)
CODE = Shape("code given below. \n", "Next line of code:")
SHAPES: Mapping[str, Shape] = {
    "narrativeqa": Shape(
        *("\n\nStory: ", "\n\nNow, answer the question based on the story", "\n\nQuestion: "),
        "\n\nAnswer:",
    ),
    "qasper": Shape(
        *("\n\nArticle: ", "\n\n Answer the question based on the above", "\n\nQuestion: "),
        "\n\nAnswer:",
    ),
    "multifieldqa_en": Shape(
        *("answer briefly.\n\n", "\n\nNow, answer the following question", "\n\nQuestion: "),
        "\nAnswer:",
    ),
    "multifieldqa_zh": Shape(
        "简短回答：\n\n", "\n\n现在请基于上面的文章", "\n\n问题：", "\n回答："
    ),
    **dict.fromkeys(("hotpotqa", "2wikimqa", "musique"), MANY),
    "dureader": Shape("\n\n文章：", "\n\n请基于上述文章", "\n\n问题：", "\n回答："),
    "gov_report": Shape("\n\nReport:\n", "\n\nNow, write a one-page summary"),
    "qmsum": Shape("\n\nTranscript:\n", "\n\nNow, answer the query", "\n\nQuery: ", "\nAnswer:"),
    "multi_news": Shape("\n\nNews:\n", "\n\nNow, write a one-page summary"),
    "vcsum": Shape("\n会议记录：\n", "\n\n会议总结："),
    "passage_count": Shape("in total?\n\n", "\n\nPlease enter the final count"),
    "passage_retrieval_en": Shape(
        *("abstract is from.\n\n", "\n\nThe following is an abstract", ".\n\n"),
        "\n\nPlease enter the number",
    ),
    "passage_retrieval_zh": Shape(
        "出自哪一段。\n\n", "\n\n下面是一个摘要", "摘要\n\n", "\n\n请输入摘要所属段落"
    ),
    "lcc": CODE,
    "repobench-p": CODE,
}
# the last of the examples is what is asked: where they start, and where each of them does
EXAMPLES: Mapping[str, tuple[str, str]] = {
    "trec": ("examples of questions.\n\n", "\nQuestion:"),
    "triviaqa": ("some examples.\n\n", "\n\nPassage:"),
    "samsum": ("some examples.\n\n", "\n\nDialogue:"),
    "lsht": ("一些例子。\n\n", "\n新闻内容："),
}


def parts(task: str, prompt: str) -> Asked | None:
    """The text and what is asked of it; None where it is no prompt of the task."""
    if task in EXAMPLES:
        head, each = EXAMPLES[task]
        start, stop = _between(prompt, head, each)
        return Asked(prompt[start:stop], prompt[stop:]) if start <= stop else None
    # MiniLongBench asks qasper's questions in the words of hotpotqa
    return _parts(prompt, SHAPES[task]) or (_parts(prompt, MANY) if task == "qasper" else None)


def _parts(prompt: str, shape: Shape) -> Asked | None:
    start, stop = _between(prompt, shape.head, shape.tail)
    if start > stop:
        return None
    context, rest = prompt[start:stop], prompt[stop:]
    begin, end = _between(rest, shape.ask, shape.end) if shape.ask else (0, 0)
    return Asked(context, rest[begin:end]) if begin <= end else None


def _between(text: str, first: str, last: str) -> tuple[int, int]:
    """Where the first one ends and the last one begins, in the wrong order if one is missing."""
    start = text.find(first)
    return start + len(first) if start >= 0 else len(text) + 1, text.rfind(last)
