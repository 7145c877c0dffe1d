"""Words and phrases that a compressor keeps or drops, and what their tokens say for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crossover.retrievers._words import STOP_WORDS

Place = tuple[int, int]
# a run without white space that is longer (another script, a link) is cut: it is no one word
LONGEST = 40
WORD = re.compile(rf"\S{{1,{LONGEST}}}")
PART = re.compile(r"\w+(?:['’.,-]\w+)*|[^\w\s]+")
DETERMINERS = frozenset(
    "a an the this that these those its his her their our your my some any each every no".split()
)
# words that end a noun phrase and are no content words; what links them goes the same way
LINKS = (STOP_WORDS - DETERMINERS) | frozenset(
    """about after again against also although am because before being between both can cannot could
    did does doing during either even few further he having him himself i just may me might more
    most must myself neither nor not off only other over same shall she should since so than them
    themselves through too under until up upon us very we were while would yet you""".split()
)


class Scored(NamedTuple):
    """A token: characters ``start`` to ``end`` of a text, and its score."""

    start: int
    end: int
    score: float


def words(text: str, start: int = 0) -> list[Place]:
    """Where the words of a text stand: what white space sets apart, punctuation included."""
    return [(start + match.start(), start + match.end()) for match in WORD.finditer(text)]


def phrases(text: str, start: int = 0) -> list[Place]:
    """Where the phrases of a text stand: runs of content words, or one other word or sign.

    A determiner goes with the content words after it. Nothing but spaces stands within a phrase.
    """
    found = list[Place]()
    grows = False
    last = 0
    for match in PART.finditer(text):
        word = match.group().lower()
        content = word[0].isalnum() and word not in LINKS
        determiner = word in DETERMINERS
        joins = grows and content and not determiner and not text[last : match.start()].strip(" ")
        if joins and match.end() + start - found[-1][0] <= 2 * LONGEST:
            found[-1] = (found[-1][0], start + match.end())
        else:
            found.append((start + match.start(), start + match.end()))
        grows, last = content, match.end()
    return found


def mean_scores(places: Sequence[Place], tokens: Iterable[Scored]) -> list[float]:
    """The mean score of the tokens in each place, both in their order; 0 where there is none.

    A token that reaches into several places counts in each.
    """
    totals, counts = [0.0] * len(places), [0] * len(places)
    first = 0
    for token in tokens:
        while first < len(places) and places[first][1] <= token.start:
            first += 1
        at = first
        while at < len(places) and places[at][0] < token.end:
            totals[at] += token.score
            counts[at] += 1
            at += 1
    return [total / max(count, 1) for total, count in zip(totals, counts, strict=True)]
