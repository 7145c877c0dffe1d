"""Many questions on one text or one set of documents: SCBench and Summary of a Haystack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document

SUMMARY = "summary"
# the sets of two kinds of turns tell the kind in each of them
MIXED = ("scbench_summary_with_needles", "scbench_repoqa_and_kv")
TASKS = (
    *("scbench_kv", "scbench_prefix_suffix", "scbench_vt", "scbench_repoqa", "scbench_qa_eng"),
    *("scbench_qa_chn", "scbench_choice_eng", "scbench_many_shot", "scbench_mf"),
    *("scbench_summary", *MIXED),
)
SUMMARISE = (
    "The documents are on: {}. {}\nSummarise what they say on {} in {} bullet points of at most "
    "300 words together, each with the numbers of all documents that it rests on, like [1, 2]."
)
BEFORE = "Asked before: {}\nAnswered: {}\n\n"


@dataclass(frozen=True, slots=True)
class SCBench(Benchmark):
    """SCBench (Li et al. 2024): sessions of two to five turns on one text of 100k tokens and more.

    All turns are on the same document and follow one another, so that an index or a provider's
    prompt cache is used again; what was read from a cache is billed as such. ``requests`` asks each
    turn alone; ``turns`` puts the earlier ones with their golds before it, as published.
    """

    name = "scbench"
    about = About(
        source="huggingface.co/datasets/microsoft/SCBench",
        licence="MIT (code); the data as its sources",
        size="922 sessions of 12 tasks, texts of 0.3 to 3.2 million characters",
        verified="microsoft/MInference@fb56c917f618 scbench/",
        tasks=TASKS,
        paper="arXiv 2412.10319",
        hub="microsoft/SCBench",
    )
    scores: ClassVar[tuple[str, ...]] = ("scbench", "substring_match")
    aggregates = ("task", "turn")
    files = ("{task}.jsonl", "data/{task}.jsonl", "{task}/test-*-of-*.parquet")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {task: {"task": task} for task in TASKS}

    mode: Literal["requests", "turns"] = field(
        default="requests", metadata={"help": "each turn alone, or after those before it"}
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The turns of a session."""
        task = part.tags.get("task", "")
        # some sets have another name for the text
        context = row.text("context" if "context" in row else "input")
        session = f"{task}-{row.text('id')}"
        before = ""
        for number, turn in enumerate(row.each("multi_turns"), 1):
            asked, golds = turn.text("input").strip(), _golds(turn)
            kind = turn.text("task", "") if task in MIXED else task
            yield {
                "id": f"{session}-{number}",
                "question": before + asked,
                "answers": golds,
                "context": context,
                "group": session,
                **({"form": "summary"} if kind.endswith(SUMMARY) else {}),
                "tags": {
                    "turn": str(number),
                    "kind": kind.removeprefix("scbench_"),
                    "language": row.text("lang", "") or None,
                },
            }
            if self.mode == "turns":
                before += BEFORE.format(asked, golds[0])


class SummHay(Benchmark):
    """Summary of a Haystack (Laban et al. 2024): insights of a subtopic in a hundred documents.

    Coverage and citations are judged by GPT-4o there; here the words of the insights that an answer
    says. Documents with an insight are the evidence; what the files tell of golds is not shown.
    """

    name = "summhay"
    about = About(
        source="huggingface.co/datasets/Salesforce/summary-of-a-haystack",
        licence="Apache-2.0",
        size="92 subtopics in 10 haystacks of about 100 documents and 100k tokens",
        verified="salesforce/summary-of-a-haystack@43531729bc39 README.md, utils_eval.py, prompts/",
        paper="arXiv 2407.01370",
        hub="Salesforce/summary-of-a-haystack",
    )
    scores = ("answer_recall", "rouge_l")
    files = ("data/topic_*.json", "topic_*.json")
    hub_split = "train"

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A summary for each subtopic."""
        topic, given = row.text("topic"), list(row.each("documents"))
        documents = [
            document(one.text("document_text"), f"Document {number}", one.text("document_id"))
            for number, one in enumerate(given, 1)
        ]
        holding = [set(one.texts("insights_included", [])) for one in given]
        for subtopic in row.each("subtopics"):
            told = {
                one.text("insight_id"): one.text("insight") for one in subtopic.each("insights")
            }
            there = [name for name in told if any(name in held for held in holding)]
            if not there:
                continue
            asked = subtopic.text("query", "") or subtopic.text("subtopic")
            yield {
                "question": SUMMARISE.format(topic, asked, subtopic.text("subtopic"), len(there)),
                "answers": ["\n".join(told[name] for name in there)],
                "documents": documents,
                "form": "summary",
                "evidence": [
                    {"document": one["id"], "start": 0, "end": len(one["text"])}
                    for one, held in zip(documents, holding, strict=True)
                    if held & set(there)
                ],
                "tags": {"topic": row.text("topic_id", topic), "insights": str(len(there))},
            }


def _golds(turn: Fields) -> list[str]:
    """The answers of a turn; of a choice also its letter."""
    golds = turn.texts("answer")
    if not any(gold.strip() for gold in golds):
        raise turn.bad("answer", "is empty")
    options = turn.texts("options", [])
    return [*golds, "ABCD"[options.index(golds[0])]] if golds[0] in options[:4] else golds
