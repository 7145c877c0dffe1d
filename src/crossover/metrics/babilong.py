"""BABILong's own accuracy (Kuratov et al. 2024), by its ``metrics.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.metrics._benchmarks import best
from crossover.types import Answer, Example

__all__ = ["babilong_label"]

PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
YES_NO = ("no", "yes")
LABELS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("qa1", "qa2", "qa3", "qa4", "qa11", "qa12", "qa13"), PLACES),
    "qa5": ("bill", "fred", "jeff", "mary", "apple", "football", "milk"),
    **dict.fromkeys(("qa6", "qa9", "qa17", "qa18"), YES_NO),
    "qa7": ("none", "one", "three", "two"),
    "qa8": ("apple", "football", "milk", "nothing"),
    "qa10": ("maybe", *YES_NO),
    "qa14": ("bedroom", "cinema", "kitchen", "office", "park", "school"),
    "qa15": ("cat", "mouse", "sheep", "wolf"),
    "qa16": ("gray", "green", "white", "yellow"),
    "qa19": tuple("e,e e,n e,s n,e n,n n,w s,e s,s s,w w,n w,s w,w".split()),
    "qa20": ("bedroom", "bored", "garden", "hungry", "kitchen", "thirsty", "tired"),
}
# the answer ends at the first of these; the scorer's further cut at "Question" never happens,
# since it looks for the capital in text that it has lower-cased
ENDS = (".", "<context>", "<example>")


def babilong_label(example: Example, answer: Answer) -> float | None:
    """1 where the answer's first sentence names exactly the right labels of the task.

    Labels are the question's choices, or those of the task in the tag ``task`` (``qa1`` … ``qa20``,
    sub-tasks like ``qa1_0k`` too); those that the question itself mentions do not count. None
    where neither gives any.
    """
    task = example.tags.get("task", "").partition("_")[0]
    labels = {label.lower() for label in example.question.choices or LABELS.get(task, ())}
    if not labels:
        return None
    question = example.question.text.lower()

    def score(text: str, gold: str) -> float:
        said = text.lower()
        for end in ENDS:
            said = said.partition(end)[0]
        named = {label for label in labels if label in said and label not in question}
        return float(_right(named, gold.lower()))

    return best(example, answer, score)


def _right(named: set[str], gold: str) -> bool:
    """Several golds in one are separated by commas; the two letters of a path (qa19) are one."""
    golds = gold.split(",") if "," in gold and len(gold) > 3 else [gold]
    return set(golds) <= named and len(named) == len(golds)
