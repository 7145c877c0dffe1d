"""The documents that questions are made from, and the passages that a model is shown of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from pathlib import Path
from random import Random
from typing import TypeVar

from crossover.errors import DataError
from crossover.experiments.making.facts import REFERENCES
from crossover.files import existing_folder, read_documents
from crossover.retrievers._entities import mentions
from crossover.retrievers.chunkers.sentence import Sentence
from crossover.types import Document, Passage

Item = TypeVar("Item")
# tokens of a passage that a model is shown
SIZE = 400
FEWEST_WORDS = 40
# letters and spaces among a passage's characters: less is a table or a formula
PROSE = 0.75
# a name in more passages than this links nothing
COMMON = 12
# how often a passage is paired at most
PAIRED = 2


@dataclass(frozen=True, slots=True)
class Sources:
    """What a folder holds; ``unread`` tells the documents that cannot be read, one line each."""

    folder: Path
    documents: tuple[Document, ...]
    unread: tuple[str, ...] = ()


def read_folder(folder: Path) -> Sources:
    """Read the documents right inside a folder; raises DataError where there is none to read."""
    found, unread = list[Document](), list[str]()
    for document in read_documents([existing_folder(folder)]):
        try:
            _ = document.text
        except DataError as error:
            unread.append(str(error))
        else:
            found.append(document)
    if not found:
        raise DataError(f"{folder}: no document can be read; first: {unread[0]}")
    return Sources(folder, tuple(found), tuple(unread))


def passages(documents: Sequence[Document]) -> list[Passage]:
    """Cut documents into passages of whole sentences, those that are prose, in document order."""
    cut = Sentence(size=SIZE, overlap=0)
    return [
        passage
        for document in documents
        for passage in _outside(REFERENCES, document.text, cut.chunk(document))
        if _is_prose(passage.text)
    ]


def pairs(found: Sequence[Passage], seed: str) -> list[tuple[Passage, Passage]]:
    """Pairs of passages that have a rare name in common, the closest first, two documents first.

    Among equals the seed decides; no passage is in more than PAIRED pairs.
    """
    holders = defaultdict[str, list[int]](list)
    for at, counted in enumerate(mentions([passage.text for passage in found], terms=False)):
        for name in counted:
            holders[name].append(at)
    shared = defaultdict[tuple[int, int], float](float)
    for places in holders.values():
        if 2 <= len(places) <= COMMON:
            for pair in combinations(places, 2):
                shared[pair] += 1 / len(places)
    random, used = Random(seed), [0] * len(found)
    ordered = sorted(
        random.sample(sorted(shared), len(shared)),
        key=lambda pair: (
            found[pair[0]].document == found[pair[1]].document,
            -round(shared[pair], 1),
        ),
    )
    chosen = []
    for one, other in ordered:
        if max(used[one], used[other]) < PAIRED:
            used[one] += 1
            used[other] += 1
            chosen.append((found[one], found[other]))
    return chosen


def in_turn(queues: Sequence[Sequence[Item]]) -> Iterator[Item]:
    """Take one of each queue in turn until all are empty."""
    for turn in zip_longest(*queues):
        yield from (item for item in turn if item is not None)


def spread(found: Sequence[Passage], seed: str) -> list[Passage]:
    """All passages, documents in turn, those of each document in an order drawn by the seed."""
    random, by_document = Random(seed), defaultdict[str, list[Passage]](list)
    for passage in found:
        by_document[passage.document].append(passage)
    return list(in_turn([random.sample(some, len(some)) for some in by_document.values()]))


def _outside(left_out: re.Pattern[str], text: str, found: Sequence[Passage]) -> Iterator[Passage]:
    places = [match.span() for match in left_out.finditer(text)]
    for passage in found:
        if not any(start <= passage.start < end for start, end in places):
            yield passage


def _is_prose(text: str) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", text)
    plain = sum(character.isalpha() or character.isspace() for character in text)
    return len(words) >= FEWEST_WORDS and plain >= PROSE * len(text)
