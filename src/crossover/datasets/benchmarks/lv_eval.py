"""LV-Eval: the same questions at five lengths, with misleading facts put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Part
from crossover.datasets._zipped import Zipped
from crossover.metrics.lveval import TASKS

LENGTHS = ("16k", "32k", "64k", "128k", "256k")
# tasks whose prompt asks for the answer alone
BRIEF = ("hotpotwikiqa_mixup", "multifieldqa_en_mixup", "multifieldqa_zh_mixup")
ALONE = "Give the answer alone, without any explanation."
ALONE_ZH = "只给出答案，不要解释。"
CHINESE = (
    *("cmrc_mixup", "dureader_mixup", "factrecall_zh", "lic_mixup", "multifieldqa_zh_mixup"),
)


class LVEval(Zipped):
    """LV-Eval (Yuan et al. 2024): 11 tasks in English and Chinese at 16k to 256k words."""

    name = "lv_eval"
    about = About(
        source="huggingface.co/datasets/Infinigence/LVEval",
        licence="MIT; cmrc_mixup and lic_mixup CC BY-SA 4.0",
        size="1,729 questions at each of five lengths; 1.5 GB in zips",
        verified="infinigence/LVEval@63e7ae939bd3 README.md, *.py; no data file seen",
        tasks=tuple(sorted(TASKS)),
        paper="arXiv 2402.05136",
        hub="Infinigence/LVEval",
    )
    scores = ("lveval", "answer_recall")
    aggregates = ("length", "task")
    files = ("{task}_{length}.jsonl", "*/{task}_{length}.jsonl", "data/*/{task}_{length}.jsonl")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        f"{task}_{length}": {"task": task, "length": length}
        for task in about.tasks
        for length in LENGTHS
    }

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on one text; its keywords are what the metric ``lveval`` reads."""
        told = row.text("dataset", "")
        task = part.tags.get("task") or next((one for one in TASKS if told.startswith(one)), None)
        if task is None:
            raise row.bad("dataset", f"{told!r} is none of {', '.join(self.about.tasks)}")
        question = row.text("input").strip()
        if not question:
            raise row.bad("input", "is empty")
        brief = task in BRIEF or task.startswith("loogle")
        alone = (ALONE_ZH if task in CHINESE else ALONE) if brief else ""
        yield {
            "question": f"{question}\n{alone}".rstrip(),
            "answers": row.texts("answers"),
            "context": row.text("context"),
            # the same questions are asked at every length, and one of 200 texts in factrecall
            "group": None if task.startswith("factrecall") else f"{task}: {question}"[:100],
            "tags": {
                "task": task,
                "language": row.text("language", "") or ("zh" if task in CHINESE else "en"),
                "keywords": " ".join(row.texts("answer_keywords", [])).strip() or None,
            },
        }
