"""Where pruned text stands in its source: parts of texts, and the passages that they make."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crossover.compressors._keeping import pieced
from crossover.types import Passage

NEGATION = re.compile(
    r"\b(?:no|not|never|none|nor|neither|nothing|nobody|nowhere|cannot|without|\w+n['’]t)\b", re.I
)
NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
WORD = re.compile(r"\w+")
OPENING = " \t\"'“‘(["
SENTENCE_ENDS = ".!?:;…\n"
# characters within which a word that a tokenizer changed is looked for
NEAR = 200
Join = Callable[[Passage, Iterable[tuple[int, int]]], Passage]


class Part(NamedTuple):
    """Characters ``start`` to ``end`` of one of the texts that are pruned together."""

    text: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Text:
    """A passage, or what of a long one is handled as a text of its own from ``start`` on."""

    passage: int
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one run kept, and the order in which it puts the texts."""

    order: tuple[int, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Forced:
    """What is kept whatever the small model makes of it."""

    tokens: tuple[str, ...] = ()
    digits: bool = False
    negations: bool = False
    names: bool = False

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Return where it stands in a text."""
        for token in filter(str.strip, self.tokens):
            # a word must not be found within another one
            before = r"(?<!\w)" if token[0].isalnum() else ""
            after = r"(?!\w)" if token[-1].isalnum() else ""
            found = re.finditer(before + re.escape(token) + after, text)
            yield from (match.span() for match in found)
        if self.digits:
            yield from (match.span() for match in NUMBER.finditer(text))
        if self.negations:
            yield from (match.span() for match in NEGATION.finditer(text))
        if self.names:
            yield from names(text)


def names(text: str) -> Iterator[tuple[int, int]]:
    """Return where names seem to stand.

    They are capitalised words within a sentence, and at its beginning those that another
    capitalised word follows.
    """
    words = list(WORD.finditer(text))
    for word, after in zip(words, [*words[1:], None], strict=True):
        before = text[max(0, word.start() - 9) : word.start()].rstrip(OPENING)[-1:]
        begins = not before or before in SENTENCE_ENDS
        followed = after and after.start() == word.end() + 1 and after.group()[0].isupper()
        if word.group()[0].isupper() and (followed or not begins):
            yield word.span()


def assembled(
    passages: Sequence[Passage], texts: Sequence[Text], pruned: Pruned, join: Join
) -> list[Passage]:
    """The passages of what was kept; neighbouring texts of one passage are one again."""
    kept = defaultdict[int, list[tuple[int, int]]](list)
    for at, start, end in pruned.parts:
        kept[at].append((texts[at].start + start, texts[at].start + end))
    groups, last = list[tuple[int, list[tuple[int, int]]]](), -1
    for at in pruned.order:
        if not kept[at]:
            continue
        if groups and groups[-1][0] == texts[at].passage and at > last:
            groups[-1][1].extend(kept[at])
        else:
            groups.append((texts[at].passage, list(kept[at])))
        last = at
    found = (join(passages[passage], parts) for passage, parts in groups)
    return [passage for passage in found if passage.text.strip()]


def concatenated(passage: Passage, parts: Iterable[tuple[int, int]]) -> Passage:
    """The passage with these tokens of its text alone, places kept.

    A token brings the white space before it along, so parts of one word close ranks as they do
    where token ids are decoded; parts of different words never run together.
    """
    return pieced(passage, _runs(passage.text, parts), _gap)


def _gap(before: str, dropped: str, after: str) -> str:
    if before[-1].isspace() or after[0].isspace():
        return ""
    return "\n" if "\n" in dropped else " " if dropped.split() != [dropped] else ""


def _runs(source: str, parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Parts in order without overlaps; those with only white space between are one."""
    runs = list[tuple[int, int]]()
    for start, end in sorted(parts):
        if runs and not source[runs[-1][1] : start].strip():
            runs[-1] = runs[-1][0], max(end, runs[-1][1])
        elif source[start:end].strip() or runs:
            lead = 0 if runs else len(source[start:end]) - len(source[start:end].lstrip())
            runs.append((start + lead, end))
    return runs


def placed(words: Sequence[str], texts: Sequence[str]) -> list[Part | None]:
    """Find words, in their order, in the texts that a tokenizer normalised them from.

    Case, accents, width and white space may differ. What no word stands for (a tokenizer's unknown
    characters) belongs to the word before it, at a text's beginning to the first one.
    """
    folded, origin = list[str](), list[tuple[int, int]]()
    for at, text in enumerate(texts):
        for place, character in enumerate(text):
            for plain in _folded(character):
                folded.append(plain)
                origin.append((at, place))
    stream, reached = "".join(folded), 0
    found = list[Part | None]()
    for word in words:
        plain = _folded(word)
        at = stream.find(plain, reached, reached + len(plain) + NEAR) if plain else -1
        found.append(None)
        if at >= 0:
            reached = at + len(plain)
            (first, start), (last, end) = origin[at], origin[reached - 1]
            found[-1] = Part(first, start, end + 1) if first == last else None
    return _widened(found, texts)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if not c.isspace() and not unicodedata.combining(c))


def _widened(found: Sequence[Part | None], texts: Sequence[str]) -> list[Part | None]:
    """Give the characters between two words to the first of them."""
    known = [at for at, part in enumerate(found) if part]
    wide = list(found)
    for number, at in enumerate(known):
        part = found[at]
        before = found[known[number - 1]] if number else None
        after = found[known[number + 1]] if number + 1 < len(known) else None
        if part:
            text = texts[part.text]
            limit = after.start if after and after.text == part.text else len(text)
            end = part.end + len(text[part.end : limit].rstrip())
            start = part.start if before and before.text == part.text else 0
            wide[at] = Part(part.text, start, end)
    return wide
