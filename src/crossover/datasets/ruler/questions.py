"""Questions on passages (``qa_1``, ``qa_2``): ours, or another dataset's, among other passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, cycle, islice
from random import Random
from typing import Protocol

from crossover.datasets._haystack import Written, joined
from crossover.datasets._lengths import Counter
from crossover.datasets.ruler.passages import Asked, Passage, one_passage, told, two_passages
from crossover.errors import ConfigError, DataError
from crossover.roles import Dataset
from crossover.types import Document, Example

BATCH = 64
TRIES = 4
# tokens that are left of a passage
FEWEST = 5
# a number that is as long as those of most passages
SOME_NUMBER = 555


class Questions(Protocol):
    """Where questions come from, by the number of the sample."""

    def __len__(self) -> int:
        """How many questions there are at most."""

    def asked(self, number: int, seed: str) -> tuple[Asked, Iterator[str]]:
        """A question, and other passages without an end."""


class Invented:
    """Questions on firms and people that nobody knows; ``hops`` passages each."""

    def __init__(self, hops: int) -> None:
        self._ask = two_passages if hops > 1 else one_passage

    def __len__(self) -> int:
        return 1_000_000

    def asked(self, number: int, seed: str) -> tuple[Asked, Iterator[str]]:
        """A question on firms and people, and passages on others."""
        random = Random(seed)
        found = told(random)
        asked = self._ask(random, found)
        return asked, (one.text for one in found)


class Given:
    """The answerable questions of a dataset; its other documents are the other passages."""

    def __init__(self, dataset: Dataset) -> None:
        self._examples = [
            example
            for example in dataset.examples()
            if example.answers and example.question.documents and not example.question.choices
        ]
        if not self._examples:
            raise DataError("ruler: the dataset of questions has none with answers and documents")
        documents = [one for example in self._examples for one in example.question.documents]
        self._documents = list({one.id: one for one in documents}.values())

    def __len__(self) -> int:
        return len(self._examples)

    def asked(self, number: int, seed: str) -> tuple[Asked, Iterator[str]]:
        """The question of that number, and documents of other questions."""
        example = self._examples[number]
        needed = _needed(example)
        ids = {document.id for document in needed}
        others = [document for document in self._documents if document.id not in ids]
        if not others:
            raise DataError("ruler: all questions are on the same documents; there are no others")
        Random(seed).shuffle(others)
        passages = tuple(_passage(document, example) for document in needed)
        texts = (_passage(document, example).text for document in cycle(others))
        return Asked(example.question.text, example.answers, passages), texts


def questioned(
    questions: Questions,
    number: int,
    tokens: int,
    depth: float | None,
    seed: str,
    counter: Counter,
) -> Written:
    """Put a question's passages among others; with a depth, they stand there one after another.

    The last of the others is cut. Raises ConfigError where the passages are longer than the text.
    """
    random = Random(seed)
    asked, others = questions.asked(number, f"{seed}/passages")
    needed = list(asked.passages)
    room = tokens - sum(counter.count(_headed(SOME_NUMBER, one.text)) for one in needed)
    if room < 0:
        raise ConfigError(
            f"ruler: a question's passages have {tokens - room} tokens, so that a text of {tokens} "
            "does not hold them; raise tokens"
        )
    filling = _filling(others, room, counter)
    places = _places(random, len(filling), len(needed), depth)
    for _ in range(TRIES):
        text, spans = _joined(filling, needed, places)
        excess = counter.count(text) - tokens
        if excess <= 1 or not filling:
            break
        _shorten(filling, excess, counter)
    return Written(text, asked.question, asked.answers, spans)


def _needed(example: Example) -> Sequence[Document]:
    """The documents that hold evidence, all where none is told."""
    told = {span.document for span in example.evidence}
    documents = example.question.documents
    return [document for document in documents if document.id in told] or documents


def _passage(document: Document, example: Example) -> Passage:
    title = document.metadata.get("title", "")
    head = f"{title}\n" if title and not document.text.startswith(title) else ""
    spans = (
        (len(head) + span.start, len(head) + span.end)
        for span in example.evidence
        if span.document == document.id
    )
    return Passage(f"{head}{document.text}", tuple(spans))


def _shorten(filling: list[str], excess: int, counter: Counter) -> None:
    """Leave the last passages out, and cut the end off those before them."""
    while filling and excess >= (cost := counter.count(_headed(len(filling), filling[-1]))):
        filling.pop()
        excess -= cost
    for at in reversed(range(len(filling))):
        body = counter.count(filling[at])
        less = min(excess, max(body - FEWEST, 0))
        filling[at] = filling[at][: counter.cut(filling[at], body - less)]
        excess -= less
        if excess <= 0:
            break


def _filling(others: Iterator[str], room: int, counter: Counter) -> list[str]:
    """As many passages as there is room for, and the one that is too many."""
    found: list[str] = []
    while room > 0 and (batch := list(islice(others, BATCH))):
        costs = counter.each([_headed(len(found), text) for text in batch])
        for text, cost in zip(batch, costs, strict=True):
            if room <= 0:
                break
            found.append(text)
            room -= cost
    return found


def _places(random: Random, others: int, needed: int, depth: float | None) -> list[int]:
    if depth is not None:
        return [round(depth * others)] * needed
    return sorted(random.randint(0, others) for _ in range(needed))


def _joined(
    others: Sequence[str], needed: Sequence[Passage], places: Sequence[int]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The numbered passages with the needed ones before the others of these places."""
    waiting = [(min(at, len(others)), one) for at, one in zip(places, needed, strict=True)]
    order: list[Passage] = []
    for number in range(len(others) + 1):
        while waiting and waiting[0][0] == number:
            order.append(waiting.pop(0)[1])
        order += [Passage(text) for text in others[number : number + 1]]
    units = [_headed(number, one.text) for number, one in zip(count(1), order, strict=False)]
    spans = tuple(
        (end - len(one.text) - 2 + first, end - len(one.text) - 2 + last)
        for one, (_, end) in zip(order, joined(units), strict=True)
        for first, last in one.evidence
    )
    return "".join(units).rstrip("\n"), spans


def _headed(number: int, text: str) -> str:
    return f"Passage {number}:\n{text}\n\n"
