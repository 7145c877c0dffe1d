"""Sentences with exact character offsets, by the trained Punkt model bundled with llama-index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.errors import MissingExtra

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

# a table or a text without full stops must not become one endless sentence
LONGEST = 600
# characters: text that is wrapped has longer lines, a heading or a table's row shorter ones
SHORT_LINE = 50
ITEM = re.compile(r"[-*|#•]|\d+[.)]")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every sentence, in order; white space between them is left out.

    A line break that is no mere wrapping (after a short line, before a blank line, a list item or
    a table row) ends a sentence too; one of more than LONGEST characters is cut at a line or word
    boundary.
    """
    found: list[tuple[int, int]] = []
    for start, end in _blocks(text):
        for first, last in punkt().span_tokenize(text[start:end]):
            found += _short(text, start + first, start + last)
    return found


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Join the lines that belong together because one was only wrapped into the next."""
    start = end = 0
    ended = True
    for line in re.finditer(r"[^\n]+", text):
        content = line.group().strip()
        ended = ended or not content or line.start() - end > 1 or bool(ITEM.match(content))
        if ended and end > start:
            yield start, end
        start = line.start() if ended else start
        end = line.end() if content else start
        ended = len(content) < SHORT_LINE
    if end > start:
        yield start, end


def _short(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cut = []
    while end - start > LONGEST:
        limit = start + LONGEST
        at = max(text.rfind("\n", start + 1, limit), text.rfind(" ", start + 1, limit))
        at = at if at > start else limit
        cut.append((start, at))
        start = at + len(text[at:end]) - len(text[at:end].lstrip())
    return [*cut, (start, end)] if end > start else cut


@cache
def punkt() -> PunktSentenceTokenizer:
    """NLTK's English sentence splitter, from the data that llama-index-core brings."""
    found = find_spec("llama_index")
    roots = (found.submodule_search_locations or []) if found else []
    folders = [Path(root) / "core" / "_static" / "nltk_cache" for root in roots]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise MissingExtra("llama-index-core", "rag", "splitting sentences")
    import nltk
    from nltk.tokenize.punkt import PunktTokenizer

    if str(folder) not in nltk.data.path:
        nltk.data.path.append(str(folder))
    return PunktTokenizer("english")
