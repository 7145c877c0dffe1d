"""Explicit references: links, citations, and mentions of another document's title or id."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from crossover.types import Document, Passage

MARKDOWN = re.compile(r"\[[^\[\]]*\]\(<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\)")
WIKI = re.compile(r"\[\[([^\[\]|#]+)[^\[\]]*\]\]")
URL = re.compile(r"https?://[^\s<>()\[\]\"']+[^\s<>()\[\]\"'.,;:!?]")
CITATION = re.compile(r"\[(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\]")
# an entry of a reference list: a line that opens with its key
ENTRY = re.compile(r"^\s*\[(\d{1,4})\]\s+\S", re.MULTILINE)
WORD = re.compile(r"\w+")
LONGEST_TITLE = 10
SHORTEST_NAME = 4
WIDEST_RANGE = 20


def references(
    passages: Sequence[Passage], documents: Sequence[Document]
) -> Iterator[tuple[int, int]]:
    """Pairs (passage that refers, passage referred to).

    A document is referred to where it begins, by its id, by its metadata's ``title`` or ``url``:
    as ``[[Title]]``, as a markdown link's target, as a bare address, or in running text. A key
    such as ``[12]`` refers to the entry that a line of the same document opens with it.
    """
    first = {p.document: at for at, p in reversed(list(enumerate(passages)))}
    titles = _titles(documents, first)
    entries = _entries(passages)
    for at, passage in enumerate(passages):
        for name in (*_link_targets(passage.text), *_mentioned(passage.text, titles)):
            target = titles.get(name)
            if target is not None and passages[target].document != passage.document:
                yield at, target
        for key in _citations(passage.text):
            if (passage.document, key) in entries:
                yield at, entries[passage.document, key]


def _titles(documents: Sequence[Document], first: Mapping[str, int]) -> dict[str, int]:
    """Map what a document may be called to its first passage; a name of two documents is none."""
    places: defaultdict[str, set[int]] = defaultdict(set)
    for document in documents:
        if document.id in first:
            known = (document.id, *(document.metadata.get(key, "") for key in ("title", "url")))
            for name in {_name(text) for text in known} - {""}:
                places[name].add(first[document.id])
    return {name: min(found) for name, found in places.items() if len(found) == 1}


def _name(text: str) -> str:
    """What titles, ids and link targets are compared by: their words, without path and ending."""
    path = unquote(urlsplit(text).path) if "/" in text else unquote(text.partition("#")[0])
    last = path.rstrip("/").rpartition("/")[2] or text
    return " ".join(WORD.findall(re.sub(r"\.(?:md|html?|txt|pdf|rst)$", "", last))).casefold()


def _link_targets(text: str) -> Iterator[str]:
    for pattern in (MARKDOWN, WIKI):
        yield from (_name(match.group(1)) for match in pattern.finditer(text))
    yield from (_name(match.group()) for match in URL.finditer(text))


def _mentioned(text: str, titles: Mapping[str, int]) -> Iterator[str]:
    """Titles in running text: of several words, or one that no ordinary word looks like."""
    found = WORD.findall(text)
    folded = [word.casefold() for word in found]
    for start in range(len(found)):
        for end in range(start + 1, min(start + LONGEST_TITLE, len(found)) + 1):
            name = " ".join(folded[start:end])
            if name in titles and _is_telling(found[start:end]):
                yield name


def _is_telling(words: Sequence[str]) -> bool:
    whole = "".join(words)
    capital = words[0][0].isupper() and not whole.isdigit()
    mixed = any(map(str.isdigit, whole)) and any(map(str.isalpha, whole))
    return len(whole) >= SHORTEST_NAME and (capital or mixed)


def _entries(passages: Sequence[Passage]) -> dict[tuple[str, int], int]:
    """Where each key of a document's reference list stands; the last list counts."""
    return {
        (passage.document, int(match.group(1))): at
        for at, passage in enumerate(passages)
        for match in ENTRY.finditer(passage.text)
    }


def _citations(text: str) -> Iterator[int]:
    for match in CITATION.finditer(text):
        for part in re.split(r"\s*[,;]\s*", match.group(1)):
            ends = [int(number) for number in re.split(r"\s*[–-]\s*", part)]
            if ends[-1] - ends[0] <= WIDEST_RANGE:
                yield from range(ends[0], ends[-1] + 1)
