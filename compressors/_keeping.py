"""Which units of text are kept within a budget of tokens, and the passages that they make."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crossover.roles import Model
from crossover.types import Passage, Piece

WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters ``start`` to ``end`` of a passage's text, with what speaks for keeping them."""

    passage: int
    start: int
    end: int
    score: float


def fill(
    passages: Sequence[Passage], units: Sequence[Unit], budget: int, model: Model
) -> list[Passage]:
    """Keep the units of most score that fit the budget together, all in their order.

    Passages of which nothing is kept go. A unit that does not fit is passed over for the next that
    does; where not even the best one fits, its beginning is kept.
    """
    ranked = sorted(units, key=lambda unit: (-unit.score, unit.passage, unit.start))
    texts = [passages[unit.passage].text[unit.start : unit.end] for unit in ranked]
    sizes = dict(zip(ranked, model.count_many(texts), strict=True))
    kept, room = list[Unit](), budget
    # twice: what units have together is not the sum of what each has alone
    for _ in range(2):
        chosen = {*kept}
        for unit in ranked:
            if unit not in chosen and sizes[unit] <= room:
                kept.append(unit)
                room -= sizes[unit]
        if len(kept) > len(chosen):
            room = _trim(kept, passages, sizes, budget, model)
    if not kept and ranked:
        kept = [_beginning(ranked[0], passages, budget, model)]
    return assembled(passages, kept)


def assembled(passages: Sequence[Passage], units: Iterable[Unit]) -> list[Passage]:
    """The passages with these units alone, those with none left out."""
    parts = defaultdict(list)
    for unit in units:
        parts[unit.passage].append((unit.start, unit.end))
    return [joined(passages[at], parts[at]) for at in sorted(parts)]


def joined(passage: Passage, parts: Iterable[tuple[int, int]]) -> Passage:
    """The passage with these characters of its text alone, places kept.

    Parts with only white space between stay as they stood; others are joined by a space, or by a
    line break where there was one.
    """
    return pieced(
        passage, _runs(passage.text, parts), lambda _, gap, __: "\n" if "\n" in gap else " "
    )


def pieced(
    passage: Passage, runs: Iterable[tuple[int, int]], between: Callable[[str, str, str], str]
) -> Passage:
    """The passage with these runs of its text alone, places kept.

    ``between`` says what stands between two runs: given the text so far, what was left out of the
    passage there, and what follows.
    """
    source = passage.text
    text, pieces, last = "", list[Piece](), 0
    for start, end in runs:
        run = passage.cut(start, end)
        text += between(text, source[last:start], run.text) if text else ""
        pieces += [piece._replace(at=piece.at + len(text)) for piece in run.pieces]
        text, last = text + run.text, end
    if not pieces:
        return Passage(passage.document, passage.start, passage.start, text, passage.score)
    first, final = pieces[0].start, pieces[-1].end
    exact = len(pieces) == 1 and final - first == len(text)
    return Passage(
        passage.document, first, final, text, passage.score, () if exact else tuple(pieces)
    )


def _runs(source: str, parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Parts in order, those with only white space between made one."""
    runs = list[tuple[int, int]]()
    for start, end in sorted(parts):
        if runs and not source[runs[-1][1] : start].strip():
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _trim(
    kept: list[Unit],
    passages: Sequence[Passage],
    sizes: dict[Unit, int],
    budget: int,
    model: Model,
) -> int:
    """Drop what was chosen last until all fit together; return the tokens that are left."""
    while True:
        used = sum(model.count(passage.text) for passage in assembled(passages, kept))
        if used <= budget or not kept:
            return budget - used
        while used > budget and kept:
            used -= max(1, sizes[kept.pop()])


def _beginning(unit: Unit, passages: Sequence[Passage], budget: int, model: Model) -> Unit:
    """As many words of a unit as fit, or characters where not even one word does."""
    text = passages[unit.passage].text[unit.start : unit.end]
    ends = [match.end() for match in WORD.finditer(text)]
    if not ends or model.count(text[: ends[0]]) > budget:
        ends = list(range(1, len(text) + 1))
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high + 1) // 2
        fits = model.count(text[: ends[middle - 1]]) <= budget
        low, high = (middle, high) if fits else (low, middle - 1)
    end = ends[low - 1] if low else 0
    return Unit(unit.passage, unit.start, unit.start + end, unit.score)
