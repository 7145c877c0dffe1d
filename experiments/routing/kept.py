"""Features of many questions, computed once and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crossover import meter
from crossover.errors import DataError
from crossover.retrievers._cache import folder
from crossover.router.features.gathering import VERSION, answered_features, asked_features
from crossover.router.router import profile_of
from crossover.types import Answer, Document, Question

Rows = list[Mapping[str, float]]


def kept_features(questions: Sequence[Question], answers: Sequence[Answer]) -> tuple[Rows, Rows]:
    """Features before and after the first answer, a row for each question and answer.

    The rows of one question share what does not depend on the answer. Kept by the content of
    everything they are made of.
    """
    path = _path(questions, answers)
    if path is not None and path.is_file():
        found = _read(path)
        if found is not None:
            return found
    made = _made(questions, answers)
    if path is not None:
        _write(path, made)
    return made


def _made(questions: Sequence[Question], answers: Sequence[Answer]) -> tuple[Rows, Rows]:
    asked: dict[str, Mapping[str, float]] = {}
    before, after = Rows(), Rows()
    for done, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        profile, key = profile_of(question), _key(question)
        if key not in asked:
            asked[key] = asked_features(question, profile, {})
        before.append(asked[key])
        after.append(answered_features(question, profile, answer))
        meter.working("features", done, len(questions))
    return before, after


def _path(questions: Sequence[Question], answers: Sequence[Answer]) -> Path | None:
    place = folder("router")
    if place is None:
        return None
    content = hashlib.sha256(f"{VERSION}".encode())
    for question, answer in zip(questions, answers, strict=True):
        seen = f"{_key(question)} {answer.outcome} {sorted(answer.figures.items())} {answer.text}\n"
        content.update(seen.encode())
    return place / f"{content.hexdigest()}.json"


def _key(question: Question) -> str:
    parts = [question.text, question.form, *question.choices, *map(_digest, question.documents)]
    return json.dumps(parts)


def documents_digest(question: Question) -> str:
    """What a question's documents are known by in a router's file: names stay out of it."""
    content = " ".join(map(_digest, question.documents)) or question.id
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _digest(document: Document) -> str:
    try:
        return document.digest
    except DataError:
        return f"absent {document.id} {document.metadata.get('tokens')}"


def _read(path: Path) -> tuple[Rows, Rows] | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return tuple(list(_rows(part)) for part in stored)  # type: ignore[return-value]
    except (OSError, ValueError, KeyError, TypeError):
        # it is only a cache: what cannot be read is made again
        return None


def _rows(part: Mapping[str, list[float]]) -> Iterator[dict[str, float]]:
    for values in zip(*part.values(), strict=True):
        yield dict(zip(part, values, strict=True))


def _write(path: Path, made: tuple[Rows, Rows]) -> None:
    columns = [
        {
            name: [row.get(name, math.nan) for row in rows]
            for name in dict.fromkeys(name for row in rows for name in row)
        }
        for rows in made
    ]
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(columns), encoding="utf-8")
    unfinished.replace(path)
