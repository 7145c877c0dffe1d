"""Asking a model to shorten: how much it reads at once, its replies, and what they quote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from crossover import meter
from crossover.compressors._keeping import Unit, fill
from crossover.errors import WindowError
from crossover.models._planned import Planned
from crossover.models._rendering import rendered_text
from crossover.roles import Model
from crossover.sentences import sentences
from crossover.types import Completion, Passage, Request

# requests between two signs of life
BATCH = 16


def room_for(request: Request, model: Model) -> int:
    """Tokens that the window leaves for passages; raises WindowError where there are none."""
    asked = model.count(rendered_text(request)) + request.max_tokens
    if asked >= model.window:
        raise WindowError(
            f"{asked:,} tokens of instruction, question and reply leave no room for text in a "
            f"window of {model.window:,}"
        )
    return model.window - asked


def grouped(
    passages: Sequence[Passage], room: int, size: Callable[[Passage], int]
) -> list[list[Passage]]:
    """Passages in order as pieces of at most ``room``; longer ones are cut between sentences."""
    groups, left = list[list[Passage]](), 0
    for passage in passages:
        for part, needed in _parts(passage, room, size):
            if not groups or needed > left:
                groups.append([])
                left = room
            groups[-1].append(part)
            left -= needed
    return groups


def shown_by(model: Model) -> Callable[[Passage], int]:
    """How many tokens a passage takes in a request."""
    return lambda passage: model.count(rendered_text(Request("", passages=(passage,))))


def replies(requests: Sequence[Request], model: Model, other: bool) -> list[Completion]:
    """Ask for all; a dry run bills a model ``other`` than the answering one, and asks nothing."""
    if other and meter.current().planning:
        return Planned(model).complete_many(requests)
    found = list[Completion]()
    for done in range(0, len(requests), BATCH):
        meter.working("pieces written", done, len(requests))
        found += model.complete_many(requests[done : done + BATCH])
    return found


def quoted(reply: Completion, passages: Sequence[Passage]) -> list[Unit]:
    """Where the sentences stand that a reply consists of; none where it says anything else."""
    units = [unit for each in reply.evidence for unit in _places(each, passages)]
    texts = [passages[unit.passage].text[unit.start : unit.end] for unit in units]
    left = " ".join(reply.text.split())
    for text in sorted({" ".join(text.split()) for text in texts}, key=len, reverse=True):
        left = left.replace(text, " ")
    return [] if left.strip() else units


def shortened(text: str, budget: int, model: Model, unfinished: bool = False) -> str:
    """The whole sentences at the beginning that fit; or words, where not even one does.

    The last sentence of an ``unfinished`` text goes, unless it is the only one.
    """
    text = text.strip()
    ends = [end for _, end in sentences(text)]
    if unfinished and len(ends) > 1:
        text = text[: ends[-2]]
    if model.count(text) <= budget:
        return text
    fitting = [end for end in ends if end < len(text) and model.count(text[:end]) <= budget]
    if fitting:
        return text[: fitting[-1]]
    kept = fill([Passage("", 0, len(text), text)], [Unit(0, 0, len(text), 0.0)], budget, model)
    return kept[0].text if kept else ""


def _parts(
    passage: Passage, room: int, size: Callable[[Passage], int]
) -> Iterator[tuple[Passage, int]]:
    """A passage whole if it fits, or cut between its sentences, each part with its size."""
    whole = size(passage)
    if whole <= room:
        yield passage, whole
        return
    frame = size(replace(passage, text="", kept=()))
    start, reached, used = 0, 0, frame
    for first, last in sentences(passage.text):
        needed = size(passage.cut(first, last)) - frame + 1
        if used + needed > room and reached > start:
            yield passage.cut(start, reached), used
            start, used = first, frame
        reached, used = last, used + needed
    if reached > start:
        yield passage.cut(start, reached), used


def _places(evidence: Passage, passages: Sequence[Passage]) -> Iterator[Unit]:
    for at, passage in enumerate(passages):
        if passage.document != evidence.document or not evidence.text:
            continue
        for match in re.finditer(re.escape(evidence.text), passage.text):
            if passage.cut(*match.span()).start == evidence.start:
                yield Unit(at, *match.span(), evidence.score)
                return
