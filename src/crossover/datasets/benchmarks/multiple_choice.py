"""Questions with options on one long text: LongReason and Marathon."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._options import lettered
from crossover.datasets._published import About, Benchmark, Part
from crossover.datasets._submitted import HIDDEN, Submitted

LENGTHS = ("original", "expanded", "8k", "16k", "32k", "64k", "128k")
OPTION = re.compile(r"^[ \t]*\(?([A-Z])[.)][ \t]+", re.MULTILINE)
# options that stand in the question as it is asked
FEWEST_LETTERS = 4
# characters to which a text's length is rounded down
STEP = 100_000


class LongReason(Benchmark):
    """LongReason (Ling et al. 2025): reasoning questions whose facts are spread over a long text.

    Files of before 2025-05-22 have misplaced golds. A question is one group at all its lengths.
    """

    name = "longreason"
    about = About(
        source="huggingface.co/datasets/lz1bytedance/LongReason",
        licence="CC BY 4.0",
        size="794 questions at each of 7 lengths, up to 128k tokens; 920 MB",
        verified="the hub's card, by the names of its columns; no data file seen",
        paper="arXiv 2501.15089",
        hub="lz1bytedance/LongReason",
    )
    scores = ("choice_accuracy",)
    files = ("data/{length}-*-of-*.parquet", "{length}-*-of-*.parquet", "{length}.jsonl")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        f":{length}": {"length": length} for length in LENGTHS
    }

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on the long text, with its options where each stands on a line of its own."""
        gold = row.text("answer").strip().upper()
        if gold not in tuple(ascii_uppercase):
            raise row.bad("answer", f"expected a letter, got {gold!r}")
        asked = row.text("final_inquiry")
        question, options = _with_options(asked, gold) or _with_letters(asked, gold)
        text = row.text("background", "")
        if not text.strip():
            # the short question has its facts in itself
            text = row.text("question")
        elif part.tags.get("length", "").endswith("k"):
            _check_whole(row, text)
        yield {
            "question": question,
            "choices": options,
            "answers": [gold],
            "context": text,
            "group": row.text("example_idx"),
        }


def _with_options(asked: str, gold: str) -> tuple[str, list[str]] | None:
    """The question and its options, if these are A, B … and one of them is the gold."""
    marks = list(OPTION.finditer(asked))
    letters = "".join(mark[1] for mark in marks)
    if len(marks) < 2 or letters != ascii_uppercase[: len(letters)] or gold not in letters:
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(asked)]
    found = [asked[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
    question = asked[: marks[0].start()].strip()
    return (question, found) if question and all(found) and _differ(found) else None


def _differ(options: list[str]) -> bool:
    return len(set(options)) == len(options)


def _with_letters(asked: str, gold: str) -> tuple[str, list[str]]:
    """The question as it stands, its options by their letters alone."""
    count = max(FEWEST_LETTERS, ascii_uppercase.index(gold) + 1)
    return asked, list(ascii_uppercase[:count])


def _check_whole(row: Fields, text: str) -> None:
    prompt = row.text("prompt", "")
    if len(text) < len(prompt) / 2:
        raise row.bad("background", "is not the long text, which the prompt alone holds")


class Marathon(Submitted):
    """Marathon (Zhang et al. 2024): LooGLE's and LongBench's questions with four options.

    Golds are hidden: nothing is scored here, and ``crossover export RUN --submission FOLDER``
    writes the file that its site scores as the mean over its six types.
    """

    name = "marathon"
    about = About(
        source="huggingface.co/datasets/Lemoncoke/Marathon",
        licence="MIT",
        size="1,530 questions of 6 types on texts of up to 200k tokens",
        verified="Hambaobao/Marathon@b44063feb8db README.md, example.py; no data file seen",
        tasks=(
            *("comprehension_and_reasoning", "multiple_information_retrieval"),
            *("timeline_reorder", "computation", "passage_retrieval", "shortdep_qa"),
        ),
        paper="arXiv 2312.09542",
        hub="Lemoncoke/Marathon",
    )
    scores = ("choice_accuracy",)
    aggregates = ("task",)
    files = ("marathon.json", "data/marathon.json")

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question without a gold."""
        characters = row.whole("length", len(row.text("context"))) // STEP * STEP // 1000
        yield {
            "id": row.text("id"),
            "question": row.text("question"),
            "choices": lettered(row, "options"),
            "answers": [],
            "context": row.text("context"),
            "tags": {
                "task": row.text("type"),
                "length": f"{characters}k-{characters + STEP // 1000}k characters",
                **HIDDEN,
            },
        }

    def submission(self, picked: Mapping[str, str]) -> Mapping[str, bytes]:
        """One list of ids and letters."""
        ids = [row.text("id") for part in self._parts() for row in self._fields(part)]
        rows = [{"id": name, "answer": picked.get(name, self.unanswered)} for name in ids]
        return {"marathon.json": json.dumps(rows, indent=1).encode()}
