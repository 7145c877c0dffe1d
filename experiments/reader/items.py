"""What the reader learns from: questions with passages, as published datasets give them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
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
    """Every question of the published datasets in ``data``; raises DataError where one lacks."""
    items = [
        *_natural_questions(data / "nq" / "nq-open-oracle.train.jsonl"),
        *_spans(data / "reader" / "span_qa.jsonl"),
        *_sentences(data / "reader" / "sentence_selection.jsonl"),
    ]
    return joined(items)


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


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise DataError(f"{path}: no such file; the reader is trained on it")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _natural_questions(path: Path) -> Iterator[Item]:
    """Natural Questions with their gold passage, as lost-in-the-middle publishes them."""
    for row in _rows(path):
        context = row["ctxs"][0]
        answers = tuple(row["answers"])
        spans = tuple(place for answer in answers for place in occurrences(answer, context["text"]))
        if spans:
            yield Item("nq", row["question"], context["text"], context["title"], answers, spans)


def _spans(path: Path) -> Iterator[Item]:
    for row in _rows(path):
        source, text, start = row["source"], row["context"], row["answer_start"]
        # questions on one story, article or scene share its beginning, not always the whole text
        group = f"{source.split('-contrast')[0]}:{text[:80]}"
        span = (start, start + len(row["answer"]))
        yield Item(source, row["question"], text, group, (row["answer"],), (span,))


def _sentences(path: Path) -> Iterator[Item]:
    for row in _rows(path):
        places, at = [], 0
        for sentence in row["sentences"]:
            places.append((at, at + len(sentence)))
            at += len(sentence) + 1
        text = " ".join(row["sentences"])
        yield Item(
            "selqa",
            row["question"],
            text,
            f"selqa:{text[:80]}",
            sentences=tuple(places),
            relevant=tuple(row["answer_sentences"]),
        )


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
