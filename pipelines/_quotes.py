"""Quotes that a model gives, looked up in what it read: the source's own words, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from crossover.abstention import abstains
from crossover.compressors._writing import quoted
from crossover.types import Completion, Passage

How = Literal["verbatim", "normalised", "similar", "invented"]
ITEM = re.compile(r"^(?:[-*•>–]\s+|\(?\d{1,3}[.):]\s+)+")
IDS = re.compile(r"^(?:\[\d{1,6}\][\s:]*)+|(?:\s*\[\d{1,6}\])+[.\s]*$")
LEFT_OUT = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|…|\.{3,})\s*")
QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]+)[\"”“»]")
WORDS = re.compile(r"\w")
NONE = re.compile(r"\W*none\W*", re.IGNORECASE)
SINGLE, DOUBLE, DASHES = "'’‘‚‛`´", '"“”„‟«»', "-‐‑‒–—"
# one character for one, so that places stay what they are
FOLDED = {
    ord(char): plain
    for kind, plain in ((SINGLE, "'"), (DOUBLE, '"'), (DASHES, "-"), ("\n\r\t\xa0", " "))
    for char in kind
}
# neither side of a quote may stand inside a word
EDGE = re.compile(r"(?<![A-Za-z0-9])|(?![A-Za-z0-9])")
WORD_EDGE = re.compile(r"\b")
# the search is a little more lenient than the check of what it finds
SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Quote:
    """What a model claims to have read, and where it stands; no passage where it was invented."""

    text: str
    how: How
    passage: Passage | None = None


def quotes(reply: Completion, read: Sequence[Passage], similarity: float) -> list[Quote]:
    """Every quote of a reply, one to a line, looked up in what was read.

    A quote is found word for word, else with white space, case, quotation marks and dashes made
    alike, else where the nearest words reach that edit similarity (1: the same).
    """
    if quoted(reply, read):
        return [Quote(passage.text, "verbatim", passage) for passage in reply.evidence]
    sources = [_Source(passage, _folded(passage.text)) for passage in read]
    lines = reply.text.splitlines()
    return [quote for line in lines for quote in _of_line(line.strip(), sources, similarity)]


class _Source(NamedTuple):
    """A passage with its text in small letters, set plainly, each character in its place."""

    passage: Passage
    folded: str


def _folded(text: str) -> str:
    lowered = text.lower()
    return (lowered if len(lowered) == len(text) else text).translate(FOLDED)


def _of_line(line: str, read: Sequence[_Source], similarity: float) -> Iterator[Quote]:
    bare = IDS.sub("", ITEM.sub("", line)).strip()
    if not WORDS.search(bare):
        return
    read = _named_first(line, read)
    for text in dict.fromkeys((line, ITEM.sub("", line), bare, bare.strip(SINGLE + DOUBLE))):
        if found := _alike(text, read):
            yield found
            return
    if NONE.fullmatch(bare) or bare.endswith(":") or abstains(bare):
        return
    inside = QUOTED.findall(bare) if bare[:1] in tuple(DOUBLE) else []
    for part in (part for text in inside or [bare] for part in LEFT_OUT.split(text)):
        if WORDS.search(part):
            yield _alike(part, read) or _similar(part, read, similarity)


def _named_first(line: str, read: Sequence[_Source]) -> list[_Source]:
    """What was read, those passages first that a line names by their numbers before or after."""
    ids = re.findall(r"\d+", " ".join(match.group() for match in IDS.finditer(line)))
    first = [read[int(n) - 1] for n in ids if 1 <= int(n) <= len(read)]
    return [*dict.fromkeys([*first, *read])]


def _alike(text: str, read: Sequence[_Source]) -> Quote | None:
    """The same words, as they are or but for how they are set."""
    exact = re.compile(re.escape(text))
    plain = re.compile(r"\s+".join(map(re.escape, _folded(text).split())))
    for passage, _ in read:
        for span in _whole_words(exact, passage.text):
            return Quote(text, "verbatim", passage.cut(*span))
    for passage, folded in read:
        for span in _whole_words(plain, folded):
            return Quote(text, "normalised", passage.cut(*span))
    return None


def _whole_words(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Where a pattern stands and neither begins nor ends inside a word."""
    for match in pattern.finditer(text):
        if EDGE.match(text, match.start()) and EDGE.match(text, match.end()):
            yield match.span()


def _similar(text: str, read: Sequence[_Source], similarity: float) -> Quote:
    """The nearest words of the source, if they are near enough."""
    best, nearest = similarity, None
    for passage, folded in read:
        for start, end, score in _nearest(_folded(text), folded, similarity):
            if score >= best:
                best, nearest = score, passage.cut(start, end)
    return Quote(text, "similar" if nearest else "invented", nearest)


def _nearest(text: str, source: str, similarity: float) -> Iterator[tuple[int, int, float]]:
    """Places of whole words near the best alignment, with their edit similarity."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.fuzz import partial_ratio_alignment

    cutoff = 100 * max(similarity - SLACK, 0.0)
    found = partial_ratio_alignment(text, source, score_cutoff=cutoff)
    if found is None:
        return
    starts, ends = _edges(source, found.dest_start), _edges(source, found.dest_end)
    for first, last in product(starts, ends):
        words = source[first:last].strip()
        start = source.find(words, first)
        if words:
            yield start, start + len(words), Levenshtein.normalized_similarity(text, words)


def _edges(text: str, at: int) -> set[int]:
    """Where words begin or end around a place, and the place itself outside of words."""
    inside = 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()
    if not inside:
        return {at}
    first = max(at - 40, 0)
    around = [first + m.start() for m in WORD_EDGE.finditer(text[first : at + 40])]
    return {max([n for n in around if n <= at] or [at]), min([n for n in around if n > at] or [at])}


@dataclass(frozen=True, slots=True)
class Checked:
    """All quotes of an answer after they were looked up."""

    quotes: tuple[Quote, ...]

    @property
    def passages(self) -> list[Passage]:
        """What stands in the text, each once and nothing inside another, in the order given."""
        found = dict.fromkeys(quote.passage for quote in self.quotes if quote.passage)
        return [one for one in found if not any(_inside(one, other) for other in found)]

    @property
    def invented(self) -> list[str]:
        """Quotes that stand nowhere."""
        return [quote.text for quote in self.quotes if quote.passage is None]

    @property
    def rate(self) -> float | None:
        """The share of quotes that was invented; None where there were none."""
        return len(self.invented) / len(self.quotes) if self.quotes else None

    @property
    def said(self) -> str:
        """One line on what was found, with the beginnings of what was not."""
        ways: tuple[How, ...] = ("verbatim", "normalised", "similar", "invented")
        counts = {way: sum(quote.how == way for quote in self.quotes) for way in ways}
        said = ", ".join(f"{count} {way}" for way, count in counts.items() if count)
        line = f"{len(self.quotes)} quotes: {said}" if self.quotes else "no quotes"
        shown = "; ".join(repr(text[:80]) for text in self.invented[:5])
        return f"{line} ({self.rate:.0%}): {shown}" if shown else line


def _inside(one: Passage, other: Passage) -> bool:
    if one == other or one.document != other.document:
        return False
    smaller = (one.start, -one.end) != (other.start, -other.end)
    return smaller and other.start <= one.start and one.end <= other.end
