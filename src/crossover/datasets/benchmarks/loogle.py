"""LooGLE: questions, masked names and summaries on texts after 2022, in both its formats."""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from crossover.datasets._evidence import stated_once
from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.datasets._rows import Rows
from crossover.datasets.jsonl import lines_of, parsed

CLOZE = "shortdep_cloze"
OLD_SUMMARIES, SUMMARIES = "longdep_summarization", "summarization"
NOTHING = ("", "none")
CONFIGS = ("longdep_qa", "shortdep_qa", CLOZE, SUMMARIES)
SUMMARISE = "Write a summary of the text."
NAMES = (
    "In this passage on the text names are masked. Which are they? Reply with a JSON object"
    ' alone: {"<mask-0>": "name", "<mask-1>": "name", …}'
)
# what no literal can be read from
UNREADABLE = (ValueError, SyntaxError, MemoryError, RecursionError)


class LooGLE(Benchmark):
    """LooGLE (Li et al. 2023): short and long dependencies, masked names and summaries.

    It also has GPT-4 judge whether answer and gold say the same. The score of masked names is
    there a share of all masks of all questions.
    """

    name = "loogle"
    about = About(
        source="github.com/bigai-nlco/LooGLE",
        licence="CC BY-SA 4.0 (data), MIT (code)",
        size="over 6,000 questions on texts of 24k tokens and more",
        verified="bigai-nlco/LooGLE@6734382215be LooGLE-testdata/, Evaluation/; the hub's columns "
        "by name",
        tasks=(*CONFIGS, OLD_SUMMARIES),
        paper="arXiv 2311.04939",
        hub="bigai-nlco/LooGLE",
    )
    scores = ("loogle", "answer_recall")
    aggregates = ("task",)
    files = (
        *("data/{task}.jsonl", "LooGLE-testdata/{task}.jsonl", "{task}.jsonl"),
        *("data/{task}.json", "{task}.json"),
        *("{task}/test-*.parquet", "{task}.parquet"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        config: {"task": config} for config in CONFIGS
    }

    def rows(self, part: Part) -> Rows:
        """The rows; the files that end with .json hold JSON lines too."""
        if part.path is None or part.path.suffix != ".json":
            return super().rows(part)
        lines = lines_of(part.path)
        return Rows("line", ((number, lambda line=line: parsed(line)) for number, line in lines))  # type: ignore[misc]

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions on a text, which stand in one row or, since 2025, in one each."""
        task = part.tags.get("task", "")
        if "context" in row:
            text, pairs = row.text("context"), [row]
            names = ("question", "answer", "evidence")
        else:
            text, pairs = row.text("input"), _pairs(row)
            names = ("Q", "A", "S")
        shown = [document(text, row.text("title", ""))]
        if not pairs:
            yield {**_summary(row, "output", OLD_SUMMARIES), "documents": shown}
        for pair in pairs:
            record = _asked(pair, task, text, *names)
            yield {**record, "documents": shown}


def _pairs(row: Fields) -> list[Fields]:
    """The questions of a text, which most files hold as Python prints them; none of a summary."""
    pairs = row.get("qa_pairs")
    if isinstance(pairs, str):
        if pairs.strip().lower() in NOTHING:
            return []
        pairs = _literal(row, "qa_pairs")
    found = list(Fields({"qa_pairs": pairs}).each("qa_pairs"))
    if not found:
        raise row.bad("qa_pairs", "holds no question")
    return found


def _asked(
    pair: Fields, task: str, text: str, question: str, answer: str, evidence: str
) -> dict[str, Any]:
    masked = task == CLOZE or isinstance(pair.get(answer), Mapping)
    if masked:
        return {
            "question": f"{NAMES}\n\n{pair.text(question)}",
            "answers": [_names(pair, answer)],
            "tags": {"task": CLOZE},
        }
    if task in (SUMMARIES, OLD_SUMMARIES):
        return _summary(pair, answer, task)
    return {
        "question": pair.text(question),
        "answers": pair.texts(answer),
        "evidence": stated_once(text, pair.texts(evidence, [])),
        "tags": {"type": pair.text("type", "") or None},
    }


def _summary(row: Fields, gold: str, task: str) -> dict[str, Any]:
    if row.text(gold).strip().lower() in NOTHING:
        raise row.bad(gold, "holds no summary")
    return {
        "question": SUMMARISE,
        "answers": [row.text(gold)],
        "form": "summary",
        "tags": {"task": task},
    }


def _names(pair: Fields, field: str) -> str:
    """The names by their masks as JSON, from an object or from one as Python prints it."""
    value = pair.get(field)
    names = _literal(pair, field) if isinstance(value, str) else value
    if not isinstance(names, Mapping) or not all(isinstance(v, str) for v in names.values()):
        raise pair.bad(field, "expected an object of masks and names")
    if not names:
        raise pair.bad(field, "names no mask")
    return json.dumps(dict(names), ensure_ascii=False)


def _literal(row: Fields, field: str) -> Any:
    try:
        return literal_eval(row.text(field).strip())
    except UNREADABLE:
        pass
    try:
        return json.loads(row.text(field))
    except (ValueError, RecursionError):
        raise row.bad(field, "expected a list or an object as Python or JSON writes it") from None
