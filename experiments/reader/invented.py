"""Questions on invented biographies, as the dataset ``biographies`` asks them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossover.datasets.biographies import Biographies
from crossover.datasets.biographies.candidates import Kind
from crossover.experiments.reader.items import Item, held_out, occurrences
from crossover.types import Example

# far from the seeds that users' grids have, so that no shipped grid asks what was learned
TRAINED, REPORTED = 70_001, 70_002
KINDS: tuple[Kind, ...] = ("lookup", "paraphrase", "two_hop", "unanswerable")
BEFORE, AFTER = 900, 700


def questions(seed: int, documents: int = 120) -> list[Item]:
    """Ask 12 questions on each of so many documents; the templates kept out are not asked."""
    asked = Biographies(3000, documents, 12, KINDS, seed=seed)
    keep = seed == TRAINED
    items = [item for example in asked.examples() for item in _item(example)]
    return [item for item in items if held_out(template(item.question)) != keep]


def template(question: str) -> str:
    """The question without its names and numbers."""
    first, _, rest = question.partition(" ")
    return f"{first} {re.sub(r'[A-Z&][^ ?,]*|[0-9,]+', '_', rest)}"


def _item(example: Example) -> Iterator[Item]:
    text = example.question.documents[0].text
    question = example.question.text
    if example.evidence:
        place = next((s for s in example.evidence if _holds(text[s.start : s.end], example)), None)
        if place:
            part, base = _around(text, place.start, place.end)
            inside = (place.start - base, place.end - base)
            spans = tuple(
                (start, end)
                for answer in example.answers
                for start, end in occurrences(answer, part)
                if inside[0] <= start and end <= inside[1]
            )
            yield Item("biographies", question, part, example.group, example.answers, spans)
        return
    names = re.findall(r"[A-Z]\w+(?: (?:& )?[A-Z]\w+)*", question.partition(" ")[2])
    at = text.rfind(names[-1]) if names else -1
    if at >= 0:
        part, _ = _around(text, at, at + len(names[-1]))
        yield Item("biographies", question, part, example.group)


def _holds(sentence: str, example: Example) -> bool:
    return any(occurrences(answer, sentence) for answer in example.answers)


def _around(text: str, start: int, end: int) -> tuple[str, int]:
    """The text about a place, whole words, and where it begins."""
    first = max(text.rfind(" ", 0, max(start - BEFORE, 0)) + 1, 0)
    last = text.find(" ", min(end + AFTER, len(text)))
    return text[first : last if last > 0 else len(text)], first
