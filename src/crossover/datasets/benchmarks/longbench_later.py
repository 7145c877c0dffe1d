"""LongBench v2 and LongBench Pro: harder questions on longer texts, a JSON list each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part

LETTERS = "ABCD"
LANGUAGES: Mapping[str, str] = {"English": "en", "Chinese": "zh"}


class LongBenchV2(Benchmark):
    """LongBench v2 (Bai et al. 2025): 503 questions of four choices, up to 2M words.

    Its own scorer reads the sentence "The correct answer is (B)" alone and leaves questions
    without any reply out; here the letter is enough, and they count as wrong.
    """

    name = "longbench_v2"
    about = About(
        source="huggingface.co/datasets/THUDM/LongBench-v2",
        licence="Apache-2.0 (data), MIT (code)",
        size="503 questions, 8k to 2M words; 465 MB",
        verified="THUDM/LongBench@2e00731f8d0b README.md, pred.py, result.py",
        paper="arXiv 2412.15204",
        hub="THUDM/LongBench-v2",
    )
    scores = ("choice_accuracy",)
    files = (
        *("data.json", "data.jsonl", "data/train-*-of-*.parquet", "train-*-of-*.parquet"),
        *("default/train/*.parquet", "longbench_v2.json"),
    )
    hub_split = "train"

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question with its four choices."""
        choices = [row.text(f"choice_{letter}").strip() for letter in LETTERS]
        if len(set(choices)) < len(choices):
            choices = [f"({a}) {b}" for a, b in zip(LETTERS, choices, strict=True)]
        answer = row.text("answer").strip()
        if answer not in tuple(LETTERS):
            raise row.bad("answer", f"expected A, B, C or D, got {answer!r}")
        yield {
            "id": row.text("_id", "") or None,
            "question": row.text("question").strip(),
            "choices": choices,
            "answers": [answer],
            "context": row.text("context"),
            "tags": {
                name: row.text(name, "") or None
                for name in ("domain", "sub_domain", "difficulty", "length")
            },
        }


class LongBenchPro(Benchmark):
    """LongBench Pro (Chen et al. 2026): 25 tasks in English and Chinese at six lengths.

    Its questions for models that do not think aloud first are asked. Half of its score of
    summaries is a similarity by Qwen3-Embedding-8B, which the metric leaves out.
    """

    name = "longbench_pro"
    about = About(
        source="huggingface.co/datasets/caskcsg/LongBench-Pro",
        licence="Apache-2.0 (data; the code states none)",
        size="1,500 questions in 25 tasks, 8k to 256k tokens; 532 MB",
        verified="caskcsg/longcontext@88fbeb85827b LongBench-Pro/modules/; no data file seen",
        paper="arXiv 2601.02872",
        hub="caskcsg/LongBench-Pro",
    )
    scores = ("longbench_pro",)
    files = (
        *("longbench_pro.json", "longbench_pro.jsonl", "data/longbench_pro.json"),
        *("data/test-*-of-*.parquet", "test-*-of-*.parquet"),
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question, which says how to write the answer; golds are in the metric's order."""
        language = row.text("language")
        task = row.text("secondary_task")
        yield {
            "id": row.text("id"),
            "question": row.text("question_nonthinking").strip(),
            "answers": row.texts("answer"),
            "context": row.text("context"),
            **({"form": "summary"} if task.startswith("T4") else {}),
            "tags": {
                "task": task,
                "category": row.text("primary_task", "") or None,
                "language": LANGUAGES.get(language, language),
                "length": row.text("token_length"),
                "requirement": row.text("contextual_requirement", "") or None,
                "difficulty": row.text("difficulty", "") or None,
            },
        }
