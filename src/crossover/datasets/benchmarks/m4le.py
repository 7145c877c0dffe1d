"""M4LE: 36 kinds of task, each with its documents and question in one text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Part
from crossover.datasets._zipped import Zipped
from crossover.metrics.m4le import CHINESE, SUMMARIES, TASKS

ABILITIES: Mapping[str, tuple[str, ...]] = {
    "explicit single": (
        *("mnds-news_explicit-single", "thucnews_explicit-single", "newsqa", "c3", "wow"),
        *("drcd_explicit-single", "cnnnews", "cepsum", "lcsts", "ncls"),
    ),
    "explicit multiple": (
        *("mnds-news_explicit-multiple", "thucnews_explicit-multiple", "marc"),
        "online-shopping",
    ),
    "semantic single": (
        *("wikitext-103", "wiki2019zh", "duorc", "nq-open", "dureader", "drcd_semantic-single"),
        *("wikihow", "news2016", "tedtalks-en2zh", "tedtalks-zh2en"),
    ),
    "semantic multiple": (
        *("mnds-news_semantic-multiple", "thucnews_semantic-multiple", "hotpotqa"),
    ),
}
ABILITY = {task: ability for ability, tasks in ABILITIES.items() for task in tasks}
# where what is asked begins, below the documents
ASKED = re.compile(
    r"\n+(?:Question ?:|问题 ?[:：]|問題 ?[:：]|关键词 ?[:：]|Among the |在以上提及到的)"
)
# the paragraph that is asked about stands above the others
QUERY = re.compile(r"^(?:Query Paragraph|主段落) ?[:：].*", re.MULTILINE)
LONGEST_QUESTION = 2000
KINDS = ("classification", "nli", "qa", "summarization", "translation")


class M4LE(Zipped):
    """M4LE (Kwan et al. 2024): 36 kinds of task on one or many parts of a text, 1k to 32k words.

    What is asked is parted from the text above it, which may begin with an example. The paper
    divides each task's score by GPT-3.5-Turbo-16k's at 1k words; here they are as they are.
    """

    name = "m4le"
    about = About(
        source="huggingface.co/datasets/wckwan/M4LE",
        licence="MIT (code and card); the data as its sources",
        size="200 questions of each task and length; 1.1 GB",
        verified="KwanWaiChung/M4LE@47c2af92c5dd evaluation.py, data/*.py; no data file seen",
        tasks=tuple(sorted(TASKS)),
        paper="arXiv 2310.19240",
        hub="wckwan/M4LE",
    )
    scores = ("m4le",)
    aggregates = ("length", "task")
    files = (
        "|".join(f"{kind}/{{task}}.jsonl" for kind in KINDS),
        "|".join(f"data/{kind}/{{task}}.jsonl" for kind in KINDS),
        *("data/{task}.jsonl", "{task}.jsonl"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        task: {"task": task} for task in about.tasks
    }

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question, and above it its text."""
        task = part.tags.get("task", "")
        context, asked = _parted(row.text("input"))
        query = [*QUERY.finditer(context)][-1:] if "wiki" in task else []
        lines = (row.text("instruction").strip(), *(one[0] for one in query), asked)
        yield {
            "question": "\n".join(filter(None, lines)),
            "answers": [one for one in row.texts("answers") if one.strip()],
            "context": context,
            **({"form": "summary"} if task in SUMMARIES else {}),
            "tags": {
                "ability": ABILITY.get(task, "global") if task else None,
                "language": ("zh" if task in CHINESE else "en") if task else None,
                "length": _length(row.whole("length_bucket")),
            },
        }


def _parted(text: str) -> tuple[str, str]:
    """The text and what is asked below it, at least the last line."""
    found = [match.start() for match in ASKED.finditer(text)]
    if not found or len(text.rstrip()) - found[-1] > LONGEST_QUESTION:
        found = [text.rstrip().rfind("\n")]
    return (text[: found[-1]], text[found[-1] :].strip()) if found[-1] > 0 else (text, "")


def _length(bucket: int) -> str:
    return f"{bucket // 1000}k"
