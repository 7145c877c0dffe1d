"""What generators share: haystacks of any length, needles at their depths, gold that is exact."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Protocol

from crossover.datasets._lengths import Counter
from crossover.datasets._planting import AROUND, boundary
from crossover.datasets.biographies.document import write
from crossover.errors import ConfigError, DataError
from crossover.files import existing_folder, read_documents, supported_files
from crossover.sentences import sentences
from crossover.types import Document, Example, Question, Span

# no haystack of a folder needs more characters for a token
CHARACTERS = 12
GAP = "\n\n"
TRIES = 4
SWAPS = 400
FIRST = 32
ENDED = re.compile(r"[.!?…。！？]['\"”’)]?$")
BINS = ("0-20%", "20-40%", "40-60%", "60-80%", "80-100%")


@dataclass(frozen=True, slots=True)
class Written:
    """A text with a question on it: the answers, and the characters that they rest on."""

    text: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[tuple[int, int], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def depth(self, asked: float | None) -> str:
        """Name the depth that was asked for, else the fifth in which the evidence lies."""
        if asked is not None:
            return f"{100 * asked:.3g}%"
        if not self.evidence:
            return ""
        place = sum(start for start, _ in self.evidence) / len(self.evidence) / len(self.text)
        return BINS[min(int(place * len(BINS)), len(BINS) - 1)]


class Haystack(Protocol):
    """Text to hide something in: at least so many characters of it, other ones by each seed."""

    def __call__(self, tokens: int, seed: str) -> str:
        """Text of about ``tokens`` tokens; less where there is no more of it."""


def prose(tokens: int, seed: str) -> str:
    """Invented biographies with portraits of firms and towns."""
    return write(max(1000, tokens), seed).text


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a folder one after another, from another sentence on by each seed."""

    text: str

    def __call__(self, tokens: int, seed: str) -> str:
        start = boundary(self.text, Random(seed).randrange(len(self.text)), ())
        wanted = CHARACTERS * tokens
        rest = self.text[start : start + wanted].lstrip()
        return f"{rest}{GAP}{self.text[: max(wanted - len(rest), 0)]}".strip()


@lru_cache(maxsize=2)
def haystack(folder: str) -> Haystack:
    """Prose of our own, or a folder's files; raises DataError where these hold no text."""
    if not folder:
        return prose
    path = existing_folder(Path(folder).expanduser())
    documents = read_documents(supported_files(path))
    text = GAP.join(filter(None, (document.text.strip() for document in documents)))
    if not text:
        raise DataError(f"{path}: holds no file with text to hide something in")
    return Texts(text)


def hidden(
    straw: str, needles: Sequence[str], depths: Sequence[float], tokens: int, counter: Counter
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Hide needles in as much of a straw as makes ``tokens`` tokens with them; where they stand.

    What is too short is repeated. The end is a word's, with a full stop. Raises ConfigError where
    the needles alone are longer.
    """
    room = tokens - sum(counter.each([f" {needle}" for needle in needles]))
    if room < 0:
        raise ConfigError(f"the needles have {tokens - room} tokens; raise tokens above {tokens}")
    for _ in range(TRIES):
        at = counter.cut(straw, room)
        while at == len(straw) and counter.count(straw) < room:
            straw = f"{straw}{GAP}{straw}"
            at = counter.cut(straw, room)
        text, spans = woven(ended(straw[:at]), needles, depths)
        off = tokens - counter.count(text)
        if abs(off) <= max(1, tokens // 1000):
            break
        room += off
    return text, spans


def woven(
    text: str, needles: Sequence[str], depths: Sequence[float]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Put needles between the sentences at these depths; their places, in the needles' order."""
    at = _boundaries(text, set(depths))
    spans: dict[int, tuple[int, int]] = {}
    parts: list[str] = []
    last = length = 0
    for number in sorted(range(len(needles)), key=lambda n: (at[depths[n]], depths[n], n)):
        place = at[depths[number]]
        before = text[last:place] + (" " if place or parts else "")
        parts += (before, needles[number])
        spans[number] = (length + len(before), length + len(before) + len(needles[number]))
        last, length = place, spans[number][1]
    gap = " " if text[last:] and not text[last].isspace() else ""
    return "".join([*parts, gap, text[last:]]), tuple(spans[n] for n in range(len(needles)))


def _boundaries(text: str, depths: set[float]) -> dict[float, int]:
    """The ends of sentences nearest to depths: all told at once where this is the shorter way."""
    targets = {depth: round(depth * len(text)) for depth in depths}
    if len(depths) * 2 * AROUND < len(text):
        return {depth: boundary(text, at, ()) for depth, at in targets.items()}
    known = [0, *(end for _, end in sentences(text))]
    found = {}
    for depth, target in targets.items():
        after = bisect_left(known, target)
        found[depth] = min(known[max(0, after - 1) : after + 1], key=lambda at: abs(at - target))
    return found


def as_many(draw: Callable[[], str], tokens: int, counter: Counter) -> list[str]:
    """Draw units of text until they have as many tokens as wanted, to a token or two.

    The last ones are drawn anew for as long as that comes nearer. At least one is drawn.
    """
    units = [draw() for _ in range(FIRST)]
    costs = counter.each(units)
    while sum(costs) > tokens and len(units) > 1:
        units.pop()
        costs.pop()
    if len(units) == FIRST:
        # short of the end, which is filled one by one
        units += [draw() for _ in range(int(tokens / sum(costs) * FIRST * 0.985) - FIRST)]
    have = counter.count("".join(units))
    while have > tokens and len(units) > 1:
        have -= counter.each([units.pop()])[0]
    while True:
        unit = draw()
        cost = counter.each([unit])[0]
        if have + cost / 2 > tokens:
            break
        units.append(unit)
        have += cost
    _swap(units, draw, tokens - have, counter)
    return units


def _swap(units: list[str], draw: Callable[[], str], off: int, counter: Counter) -> None:
    for turn in range(SWAPS):
        if abs(off) <= 1:
            return
        at = -1 - turn % min(len(units), 2 * FIRST)
        unit = draw()
        old, new = counter.each([units[at], unit])
        if abs(off + old - new) < abs(off):
            units[at] = unit
            off += old - new


def spread(random: Random, needles: int) -> list[float]:
    """Draw different depths out of forty; more where there are more needles."""
    steps = max(40, needles)
    return [place / (steps - 1) for place in random.sample(range(steps), needles)]


def joined(units: Sequence[str], start: int = 0) -> Iterator[tuple[int, int]]:
    """Where units stand that follow one another."""
    for unit in units:
        yield start, start + len(unit)
        start += len(unit)


def example(
    written: Written, load: Callable[[], Written], id: str, group: str, tags: Mapping[str, str]
) -> Example:
    """The example of a written text, which ``load`` writes anew when it is first used."""
    document = Document(id, partial(_text_of, load))
    return Example(
        Question(id, written.question, (document,)),
        answers=written.answers,
        evidence=tuple(Span(id, start, end) for start, end in written.evidence),
        group=group,
        tags={name: value for name, value in tags.items() if value},
    )


def _text_of(load: Callable[[], Written]) -> str:
    return load().text


def ended(text: str) -> str:
    """A text that was cut, with a full stop where it ends."""
    text = text.rstrip(" \n\t,;:-–—")
    return text if ENDED.search(text) or not text else f"{text}."
