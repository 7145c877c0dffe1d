"""LIBRA: questions on long texts in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part

LAST_PLACE = "Место — то, где человек или предмет оказался последним. Ответь одним словом."
# what each task's prompt asks beside the question
ASKED: Mapping[str, str] = {
    **dict.fromkeys(("passkey", "passkey_with_librusec"), "Назови только ключ доступа."),
    "matreshka_yes_no": "Ответь только «Да» или «Нет».",
    "matreshka_names": "Назови только имя собеседника.",
    "librusec_history": "",
    "librusec_mhqa": "",
    "long_context_multiq": "",
    "ru_gsm100": "Рассуждай по шагам, как в примерах.",
    "ru_sci_passage_count": "Сколько разных параграфов? Ответь одним числом.",
    "ru_2wikimultihopqa": "Ответь коротко.",
    "ru_sci_abstract_retrieval": "Назови номер параграфа, который здесь кратко описан.",
    "ru_trec": "Определи тип вопроса, как в примерах.",
    "ru_sci_fi": (
        "Ответь «Правда» или «Ложь», а затем в скобках, так ли это в действительности: "
        "«Правда [в реальном мире: Ложь]»."
    ),
    **dict.fromkeys((f"ru_babilong_qa{n}" for n in range(1, 6)), LAST_PLACE),
    "ru_babilong_qa4": "Ответь как можно короче.",
    "ru_babilong_qa5": "Ответь как можно короче.",
    "ru_quality": "Выбери один правильный вариант.",
    "ru_tpo": "Выбери один правильный вариант и назови его букву: А, Б, В или Г.",
    "ru_qasper": "Ответь одной фразой или предложением, без объяснений.",
}


class Libra(Benchmark):
    """LIBRA (Churin et al. 2024): 21 tasks in Russian at 4k to 128k tokens.

    A task's score is the mean over its lengths. Later revisions of the files have other tasks and
    lengths; they are read as they are.
    """

    name = "libra"
    about = About(
        source="huggingface.co/datasets/ai-forever/LIBRA",
        licence="MIT",
        size="13,100 questions in 21 tasks",
        verified="ai-forever/LIBRA@94dcac03119b evaluation/, eval.py; of the data the card alone",
        paper="arXiv 2408.02439",
        hub="ai-forever/LIBRA",
    )
    scores = ("libra", "substring_match")
    aggregates = ("task", "length")
    files = (
        *("{task}/test-*-of-*.parquet", "{task}/test.parquet", "{task}/test.jsonl"),
        *("{task}.parquet", "{task}.jsonl", "data/{task}.jsonl"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {task: {"task": task} for task in ASKED}

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on one text; answers that must not be given are what ``libra`` reads."""
        asked = (row.text("input").strip(), ASKED.get(part.tags.get("task", ""), ""))
        wrong = [one for one in row.texts("negative_outputs", []) if one.strip()]
        yield {
            "question": "\n".join(filter(None, asked)),
            "answers": [one for one in row.texts("positive_outputs") if one.strip()],
            "context": row.text("context"),
            "tags": {"length": row.text("length"), "negatives": "\n".join(wrong) or None},
        }
