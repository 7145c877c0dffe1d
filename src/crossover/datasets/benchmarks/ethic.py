"""ETHIC: tasks that need nearly all of a long text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.errors import DataError

TASKS = ("recalling", "summarizing", "organizing", "attributing")
SUMMARIES, ORDER = "summarizing", "organizing"
CONTEXT = re.compile(r"### Context:\n(.+?)\n\n(?=Now, respond to the instruction)", re.DOTALL)
SECTION = re.compile(r"^<((?:Section|Segment) \d+)>", re.MULTILINE)
# where a message does not tell its text from what is asked of it
ASKED = "Do what the text asks for."


class Ethic(Benchmark):
    """ETHIC (Lee et al. 2024): recall, order, attribute and summarise all of a book or case.

    Made for reading everything: about 91 % of each text is needed. Summaries, which have no gold,
    are rated there by GPT-4o, section by section.
    """

    name = "ethic"
    about = About(
        source="huggingface.co/datasets/dmis-lab/ETHIC",
        licence="CC BY 4.0 (data; the code states none)",
        size="1,986 questions in 4 tasks",
        verified="dmis-lab/ETHIC@f1a30fea89f2 inference.py, utils.py; no data file seen",
        tasks=TASKS,
        paper="arXiv 2410.16848",
        hub="dmis-lab/ETHIC",
    )
    scores = ("ethic",)
    aggregates = ("task",)
    files = ("{task}.jsonl|{task}.json", "data/{task}.jsonl|data/{task}.json", "{task}.parquet")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        task.capitalize(): {"task": task} for task in TASKS
    }

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on the sections of a text, whose numbers it may ask for."""
        task = part.tags.get("task")
        if task is None:
            raise DataError(f"call the file {', '.join(TASKS)}: it is its name that tells the task")
        sections, asked = _parted(row)
        summary = task == SUMMARIES
        yield {
            "question": "\n\n".join(filter(None, [row.text("System_msg", "").strip(), asked])),
            "answers": [] if summary else _golds(row, task),
            "form": "summary" if summary else "answer",
            "documents": sections,
            "tags": {
                "domain": row.text("Domain"),
                "source": row.text("ID"),
                **({"gold": "none"} if summary else {}),
            },
        }


def _golds(row: Fields, task: str) -> list[str]:
    found = row.texts("Answer")
    if not found:
        raise row.bad("Answer", "holds no gold")
    if task == ORDER and not re.search(r"\d", found[0]):
        raise row.bad("Answer", "expected numbers in their order")
    return found


def _parted(row: Fields) -> tuple[list[dict[str, str]], str]:
    """The text's sections, and what is asked before and after them."""
    message = row.text("User_msg")
    found = CONTEXT.search(message)
    if found is None:
        return [document(message, "", "text")], ASKED
    around = message[: found.start()].strip(), message[found.end() :].strip()
    text = found[1]
    marks = list(SECTION.finditer(text))
    starts = sorted({0, *(mark.start() for mark in marks)})
    names = {mark.start(): mark[1] for mark in marks}
    cut = [
        (names.get(a, "text"), text[a:b])
        for a, b in zip(starts, [*starts[1:], len(text)], strict=True)
    ]
    sections = [document(piece, "", name) for name, piece in cut if piece.strip()]
    return sections, "\n\n".join(filter(None, around))
