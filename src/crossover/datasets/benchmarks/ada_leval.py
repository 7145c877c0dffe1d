"""Ada-LEval: the best of many answers, and the order of shuffled segments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document

BEST, SORT = "stackselect", "textsort"
SEGMENTS = 4
ASK_BEST = (
    "A question and {count} answers to it, A1 to A{count}, which are the passages. Which answer is"
    " the most helpful one? Reply with its designation alone, like: Answer: A4\n\nThe question:\n"
)
ASK_ORDER = (
    "The text shows four segments of a book in another order than the book's, between what comes"
    " before and after them. In which order do they stand in the book? Reply with the list of"
    " their numbers alone, like: Answer: [2, 1, 4, 3]"
)


class AdaLEval(Benchmark):
    """Ada-LEval (Wang et al. 2024): BestAnswer (``stackselect``) and TSort (``textsort``).

    Made for reading everything: what RAG leaves out of the shuffled segments cannot be put in
    order. Its authors ask the first 1,000 of each file, from 32k tokens on the first 200.
    """

    name = "ada_leval"
    about = About(
        source="github.com/open-compass/Ada-LEval",
        licence="not stated; Stack Overflow CC BY-SA",
        size="two tasks at 1k to 128k tokens, up to 1,000 questions of each",
        verified="open-compass/Ada-LEval@2154258d5fa3 ada_leval/dataset.py; no data file seen",
        tasks=(BEST, SORT),
        paper="arXiv 2404.06480",
    )
    scores = ("ada_leval",)
    aggregates = ("task", "length")
    files = ("data/{task}_{length}.json", "{task}_{length}.json")

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on its answers, or the order of four segments."""
        if "all_answers" in row or part.tags.get("task") == BEST:
            yield _best(row)
        else:
            yield _order(row)


def _best(row: Fields) -> dict[str, object]:
    answers, gold = row.texts("all_answers"), row.text("answer").strip()
    # blank answers are left out and the others keep their numbers
    shown = {f"A{at}": text for at, text in enumerate(answers, 1) if text.strip()}
    if gold not in shown:
        raise row.bad("answer", f"{gold!r} is none of A1 to A{len(answers)}, or a blank one")
    return {
        "question": ASK_BEST.format(count=len(answers)) + row.text("question"),
        "answers": [gold],
        "documents": [document(text, name, name) for name, text in shown.items()],
        "group": row.text("question_id"),
        "tags": {"task": BEST, "answers": str(len(answers))},
    }


def _order(row: Fields) -> dict[str, object]:
    given = row.get("answer")
    try:
        order = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        order = None
    if not isinstance(order, list) or any(isinstance(one, bool) for one in order):
        raise row.bad("answer", "expected a list of the numbers 1 to 4")
    if sorted(map(str, order)) != [str(n) for n in range(1, SEGMENTS + 1)]:
        raise row.bad("answer", "expected a list of the numbers 1 to 4")
    return {
        "question": ASK_ORDER,
        "answers": [json.dumps([int(one) for one in order])],
        "context": row.text("prompt"),
        "group": row.text("book_id"),
        "tags": {"task": SORT},
    }
