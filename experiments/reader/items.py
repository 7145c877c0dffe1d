"""What the reader learns from: questions with passages, as published datasets give them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossover.errors import DataError

Place = tuple[int, int]
# every HELD_OUT-th document (by hash) is never trained on, whatever its questions
HELD_OUT = 6


@dataclass(frozen=True, slots=True)
class Item:
    """A question, a text, the places of its answers and which sentences answer it.

    ``sentences`` are given where the dataset has its own; ``group`` names the document, so that
    no document is both trained on and reported.
    """

    source: str
    question: str
    text: str
    group: str
    answers: tuple[str, ...] = ()
    spans: tuple[Place, ...] = ()
    sentences: tuple[Place, ...] = ()
    relevant: tuple[int, ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether its document is kept for reporting."""
        return held_out(self.group)


def held_out(group: str) -> bool:
    """Whether a document is kept for reporting: by its name's hash, the same on every machine."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % HELD_OUT == 0


def load(data: Path) -> list[Item]:
    """Every question of the published datasets in ``data``; raises DataError where one is bad.

    Natural Questions whose answer does not stand in their passage cannot be read, and are left out.
    """
    items = [
        *_read(data / "nq" / "nq-open-oracle.train.jsonl", _natural_question),
        *_read(data / "reader" / "span_qa.jsonl", _span),
        *_read(data / "reader" / "sentence_selection.jsonl", _selection),
    ]
    return joined([item for item in items if item.spans or item.relevant])


def joined(items: Sequence[Item]) -> list[Item]:
    """Give questions that share a document or their words one group: datasets overlap."""
    above: dict[str, str] = {}

    def top(key: str) -> str:
        while above.setdefault(key, key) != key:
            key = above[key]
        return key

    for item in items:
        one, other = top(item.group), top(f"asked:{' '.join(item.question.lower().split())}")
        above[max(one, other)] = min(one, other)
    return [replace(item, group=top(item.group)) for item in items]


def _read(path: Path, parse: Callable[[dict[str, Any]], Item]) -> Iterator[Item]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield parse(json.loads(line))
                except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                    wrong = f"{type(error).__name__}: {error}"
                    raise DataError(f"{path} line {number}: no record of it: {wrong}") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; the reader is trained on it") from None


def _natural_question(row: dict[str, Any]) -> Item:
    """A question with its gold passage, as lost-in-the-middle publishes Natural Questions."""
    text, answers = row["ctxs"][0]["text"], tuple(row["answers"])
    spans = tuple(place for answer in answers for place in occurrences(answer, text))
    return Item("nq", row["question"], text, row["ctxs"][0]["title"], answers, spans)


def _span(row: dict[str, Any]) -> Item:
    source, text, start = row["source"], row["context"], row["answer_start"]
    # questions on one story, article or scene share its beginning, not always the whole text
    group = f"{source.split('-contrast')[0]}:{text[:80]}"
    span = (start, start + len(row["answer"]))
    return Item(source, row["question"], text, group, (row["answer"],), (span,))


def _selection(row: dict[str, Any]) -> Item:
    places, at = [], 0
    for sentence in row["sentences"]:
        places.append((at, at + len(sentence)))
        at += len(sentence) + 1
    text = " ".join(row["sentences"])
    group, relevant = f"selqa:{text[:80]}", tuple(row["answer_sentences"])
    return Item("selqa", row["question"], text, group, sentences=tuple(places), relevant=relevant)


def occurrences(answer: str, text: str) -> list[Place]:
    """Where the answer stands in the text as whole words, case aside."""
    low, sought = text.lower(), answer.lower().strip()
    found, at = list[Place](), low.find(sought) if sought else -1
    while at >= 0:
        end = at + len(sought)
        apart = not (low[at - 1 : at].isalnum() or low[end : end + 1].isalnum())
        if apart and len(low) == len(text):
            found.append((at, end))
        at = low.find(sought, at + 1)
    return found
