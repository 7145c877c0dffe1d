"""LongBench, LongBench-E of even lengths, and the 237 questions that MiniLongBench took of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Part
from crossover.datasets._rows import Rows, rows_of
from crossover.datasets._zipped import Zipped
from crossover.datasets.benchmarks import _longbench_prompts
from crossover.errors import DataError
from crossover.types import Form

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "single-document": ("narrativeqa", "qasper", "multifieldqa_en", "multifieldqa_zh"),
    "multi-document": ("hotpotqa", "2wikimqa", "musique", "dureader"),
    "summarization": ("gov_report", "qmsum", "multi_news", "vcsum"),
    "few-shot": ("trec", "triviaqa", "samsum", "lsht"),
    "synthetic": ("passage_count", "passage_retrieval_en", "passage_retrieval_zh"),
    "code": ("lcc", "repobench-p"),
}
CATEGORY = {task: category for category, tasks in CATEGORIES.items() for task in tasks}
TASKS = tuple(CATEGORY)
EVEN = (
    *("qasper", "multifieldqa_en", "hotpotqa", "2wikimqa", "gov_report", "multi_news", "trec"),
    *("triviaqa", "samsum", "passage_count", "passage_retrieval_en", "lcc", "repobench-p"),
)
CHINESE = (*("multifieldqa_zh", "dureader", "vcsum", "lsht", "passage_retrieval_zh"),)
ALONE = "{input}\nGive the answer alone."
PHRASE = "{input}\nAnswer with a phrase if possible, and without any explanation."
# what is asked, by the task; {input} is what its file adds
ASKED: Mapping[str, str] = {
    "narrativeqa": PHRASE,
    "qasper": (
        f"{PHRASE} A question for yes or no is answered by one of these words; one that the "
        'article does not answer, by the word "unanswerable".'
    ),
    **dict.fromkeys(("multifieldqa_en", "hotpotqa", "2wikimqa", "musique"), ALONE),
    "multifieldqa_zh": "{input}\n只给出答案。",
    "dureader": "{input}",
    "gov_report": "Write a summary of the report, of about a page.",
    "qmsum": "{input}\nAnswer in one or more sentences.",
    "multi_news": "Write a summary of all the news, of about a page.",
    "vcsum": "写一段话，总结会议的内容。",
    "trec": "Name the type of this question, as the examples do.\n{input}",
    "triviaqa": "Answer the question on this passage as the examples do, and no more.\n{input}",
    "samsum": "Summarise this dialogue in a few short sentences, as the examples do.\n{input}",
    "lsht": "仿照示例，判断这篇新闻的类别。\n{input}",
    "passage_count": (
        "How many different paragraphs are there, each counted once however often it is repeated? "
        "Give the number alone."
    ),
    "passage_retrieval_en": (
        'Which paragraph is this a summary of? Answer in the form "Paragraph 1".\n\n{input}'
    ),
    "passage_retrieval_zh": "这是哪一段的摘要？请按“段落1”的格式回答。\n\n{input}",
    "lcc": "Write the next line of the code that ends with:\n{input}",
    "repobench-p": "Write the next line of the file that, so far, is or ends with:\n{input}",
}
SUMMARIES = ("gov_report", "qmsum", "multi_news", "vcsum")
CODE = CATEGORIES["code"]
# lines of code that show where it is to go on
LAST_LINES = 20
NUMBERED = re.compile(r"(?:Paragraph |段落)(\d+)[:：]\s*")
# words (characters in Chinese) below which a text is of the bucket
BUCKETS = ((4000, "0-4k"), (8000, "4-8k"))
LONGEST = "8k+"


class LongBench(Zipped):
    """LongBench (Bai et al. 2024): 21 tasks in English, Chinese and code.

    Its score is the mean of six categories' means over tasks, for English and for Chinese tasks
    by themselves, the code in both.
    """

    name = "longbench"
    about = About(
        source="huggingface.co/datasets/THUDM/LongBench",
        licence="MIT (code); the data as its sources",
        size="4,750 questions in 21 tasks, 5k to 15k words on average; 114 MB",
        verified="THUDM/LongBench@2e00731f8d0b LongBench/README.md, LongBench/*.py, config/",
        tasks=TASKS,
        paper="arXiv 2308.14508",
        hub="THUDM/LongBench",
    )
    scores: ClassVar[tuple[str, ...]] = ("longbench", "answer_recall")
    aggregates: ClassVar[tuple[str, ...]] = ("category", "task")
    files: ClassVar[tuple[str, ...]] = (
        *("data/{task}.jsonl", "{task}.jsonl"),
        *("{task}/test-*-of-*.parquet", "{task}/test.parquet", "{task}.parquet"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {task: {"task": task} for task in TASKS}

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on one text, golds and classes as the metric ``longbench`` reads them."""
        task = part.tags.get("task") or self._task(row)
        yield _record(
            task,
            row.text("context"),
            row.text("input", "") if "{input}" not in ASKED[task] else row.text("input"),
            row.texts("answers"),
            row,
        )

    def _task(self, row: Fields) -> str:
        """The row's own word, where neither a file's nor a configuration's name tells the task."""
        task = row.text("dataset").removesuffix("_e")
        if task not in self.about.tasks:
            raise row.bad("dataset", f"{task!r} is none of {', '.join(self.about.tasks)}")
        return task


class LongBenchE(LongBench):
    """LongBench-E (Bai et al. 2024): 13 of LongBench's tasks, about as many of each length.

    Scores are means over tasks in each bucket of words: 0-4k, 4-8k and 8k+.
    """

    name = "longbench_e"
    about = About(
        source="huggingface.co/datasets/THUDM/LongBench",
        licence="MIT (code); the data as its sources",
        size="3,668 questions in 13 tasks, up to 300 of each; in LongBench's 114 MB",
        verified="THUDM/LongBench@2e00731f8d0b LongBench/README.md, LongBench/*.py, config/",
        tasks=EVEN,
        paper="arXiv 2308.14508",
        hub="THUDM/LongBench",
    )
    aggregates = ("length", "task")
    files = (
        *("data/{task}_e.jsonl", "{task}_e.jsonl"),
        *("{task}_e/test-*-of-*.parquet", "{task}_e/test.parquet", "{task}_e.parquet"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        f"{task}_e": {"task": task} for task in EVEN
    }


class MiniLongBench(LongBench):
    """MiniLongBench (Huang et al. 2025): 237 questions that stand for LongBench's 4,750.

    Files of a model's predictions hold the questions too, each with its text in one prompt. The
    paper scores LongBench as a whole, by a model of what each question tells; here it is the mean
    of the questions themselves, as its direct score.
    """

    name = "minilongbench"
    about = About(
        source="github.com/MilkThink-Lab/MiniLongBench",
        licence="none stated; LongBench MIT",
        size="237 questions in 21 tasks; 10 MB",
        verified="MilkThink-Lab/MiniLongBench@504c24798b2f pred_data/example/, *_scorer.py",
        tasks=TASKS,
        paper="arXiv 2505.19959",
        hub="linggm/MiniLongBench",
    )
    files = (
        *("data/{task}.jsonl", "{task}.jsonl"),
        *("MiniLongBench_{task}.json", "pred_data/*/MiniLongBench_{task}.json"),
        *("*/MiniLongBench_{task}.json", "{task}.json"),
    )

    def rows(self, part: Part) -> Rows:
        """The rows; in predictions each stands under its number."""
        if part.path is None or part.path.suffix != ".json":
            return super().rows(part)
        unit, rows = rows_of(part.path)
        loaded = [load() for _, load in rows]
        if len(loaded) == 1 and isinstance(loaded[0], dict) and "origin_prompt" not in loaded[0]:
            unit, loaded = "sample", list(loaded[0].values())
        return Rows(unit, ((at, lambda one=one: one) for at, one in enumerate(loaded)))  # type: ignore[misc]

    def _parts(self) -> list[Part]:
        """One file of each task: predictions of several models hold the same questions."""
        first: dict[str, Part] = {}
        for part in super()._parts():
            first.setdefault(part.tags.get("task", part.source), part)
        return list(first.values())

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on one text, which predictions hold in their prompt."""
        if "context" in row and "origin_prompt" not in row:
            yield from super().records(row, part)
            return
        task = part.tags.get("task")
        if task is None:
            raise DataError("which task is it? Call the file as published, MiniLongBench_TASK.json")
        found = _longbench_prompts.parts(task, row.text("origin_prompt"))
        if found is None:
            raise row.bad("origin_prompt", f"is no prompt of LongBench's {task}")
        gold = row.get("gold")
        labelled = row.inside("gold") if isinstance(gold, dict) else row
        answers = labelled.texts("gold" if labelled is row else "answers")
        yield _record(task, found.context, found.input, answers, labelled)


def _record(
    task: str, context: str, given: str, answers: list[str], row: Fields
) -> dict[str, object]:
    """The question of a task; ``row`` holds what else is known of it."""
    if task in CODE and not given.strip():
        given = "".join(context.splitlines(keepends=True)[-LAST_LINES:])
    asked = ASKED[task]
    if "{input}" in asked and not given.strip():
        raise row.bad("input", f"is empty; {task} asks it")
    form: Form = "summary" if task in SUMMARIES else "code" if task in CODE else "answer"
    classes = row.texts("all_classes", [])
    return {
        "id": row.text("_id", "") or None,
        "question": asked.replace("{input}", given if task in CODE else given.strip()),
        "answers": _stated(answers),
        "context": context,
        "form": form,
        "evidence": _evidence(context, answers) if "retrieval" in task else [],
        "tags": {
            "task": task,
            "category": CATEGORY[task],
            "language": row.text("language", "") or _language(task),
            "length": _bucket(row.whole("length")) if "length" in row else None,
            "classes": "\n".join(classes) or None,
        },
    }


def _stated(answers: list[str]) -> list[str]:
    """The golds but for empty ones, which score nothing beside others."""
    return [answer for answer in answers if answer.strip()] or answers


def _language(task: str) -> str:
    return "zh" if task in CHINESE else "code" if task in CODE else "en"


def _bucket(length: int) -> str:
    return next((name for end, name in BUCKETS if length < end), LONGEST)


def _evidence(context: str, answers: list[str]) -> list[dict[str, Any]]:
    """The paragraph that the gold numbers, where just one has that number."""
    starts = [match for match in NUMBERED.finditer(context) if _begins(context, match.start())]
    ends = [match.start() for match in starts] + [len(context)]
    wanted = re.findall(r"\d+", answers[0]) if answers else []
    found = [
        {"start": match.end(), "end": match.end() + len(context[match.end() : end].rstrip())}
        for match, end in zip(starts, ends[1:], strict=True)
        if [match[1]] == wanted
    ]
    return found if len(found) == 1 and found[0]["start"] < found[0]["end"] else []


def _begins(context: str, start: int) -> bool:
    """Whether a paragraph begins there."""
    return start == 0 or context[start - 1] == "\n"
