"""Chains of readers: each reads a part and the notes of the one before; several chains agree."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from crossover import meter
from crossover.errors import UnreadableReply
from crossover.pipelines._parts import Worker, in_order, note_of
from crossover.types import Answer, Completion, Document, Passage, Request, Step

Order = Literal["forward", "backward", "both", "random"]
Item = TypeVar("Item")

VERDICT = re.compile(r"\W*(?:(?:answer|candidate|team|number)\W+)?(\d{1,3})\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """The notes after some workers: the passages to pass on, and the call that they come from."""

    passages: tuple[Passage, ...] = ()
    reply: Completion = Completion("", declined=True)
    shown: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Workers in a row; ``request`` makes what one is asked from the notes that it gets."""

    worker: Worker
    request: Callable[[Sequence[Passage]], Request]
    documents: Sequence[Document]

    def walk(self, parts: Sequence[Sequence[Passage]]) -> Unit:
        """Have the parts read one after the other; the last notes there are."""
        unit = Unit()
        for number, part in enumerate(parts, 1):
            unit = self._next(unit, part, f"worker {number}")
            if unit.passages:
                meter.current().offer(Answer(unit.reply.text.strip(), unit.shown))
        return unit

    def _next(self, unit: Unit, part: Sequence[Passage], name: str) -> Unit:
        room = self.worker.room(self.request(unit.passages)) - self.worker.size(part)
        fitting = self.worker.fitting(unit.passages, room, f"notes before {name}")
        before = in_order([fitting], self.documents)
        shown = (*before, *part)
        reply = self.worker.one(replace(self.request(before), passages=shown), name)
        note = note_of(reply, shown, self.documents)
        if note:
            return Unit(tuple(note), reply, shown)
        said = "the notes stay as they were"
        meter.current().note(Step(f"{name} replied with nothing", detail=said))
        return unit


def ordered(parts: Sequence[Item], order: Order, seed: int, path: int) -> list[Item]:
    """The order in which one path reads: ``both`` is there and back by turns."""
    if order == "random":
        return random.Random(f"{seed} {path}").sample(list(parts), len(parts))
    backward = order == "backward" or (order == "both" and path % 2 == 1)
    return list(reversed(parts)) if backward else list(parts)


@dataclass(frozen=True, slots=True)
class Path:
    """What one chain came to: its answer and the notes behind it."""

    answer: Answer
    notes: tuple[Passage, ...]


def judged(paths: Sequence[Path], judge: Worker, request: Callable[[str], Request]) -> Answer:
    """The answer that a judge picks who sees every path's notes; raises UnreadableReply."""
    room = judge.room(request(_candidates(paths))) // len(paths)
    fitting = [
        replace(path, notes=tuple(judge.fitting(path.notes, room, f"notes of path {number}")))
        for number, path in enumerate(paths, 1)
    ]
    shown = tuple(passage for path in fitting for passage in path.notes)
    reply = judge.one(replace(request(_candidates(fitting)), passages=shown), "judge")
    if meter.current().planning:
        return paths[0].answer
    found = VERDICT.fullmatch(reply.text.strip().partition("\n")[0])
    if not found or not 1 <= int(found[1]) <= len(paths):
        said = " ".join(reply.text.split())[:100]
        raise UnreadableReply(f"expected the number of an answer; the judge replied {said!r}")
    return paths[int(found[1]) - 1].answer


def _candidates(paths: Sequence[Path]) -> str:
    """The answers that a judge chooses from, and which passages are the notes behind each."""
    lines, first = list[str](), 1
    for number, path in enumerate(paths, 1):
        last = first + len(path.notes) - 1
        notes = f"its notes: passages {first} to {last}" if path.notes else "no notes"
        said = " ".join(path.answer.text.split()) or "(no answer)"
        lines.append(f"{number}. {said} ({notes})")
        first = last + 1
    return "\n".join(lines)
