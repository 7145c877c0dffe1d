"""Sentences with exact character offsets, by the trained Punkt model bundled with llama-index."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.errors import MissingExtra

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

# a table or a text without full stops must not become one endless sentence
LONGEST = 600


def sentences(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every sentence, in order; white space between them is left out.

    A line break that ends a block (blank line, list item, table row) ends a sentence; one of more
    than LONGEST characters is cut at a line or word boundary.
    """
    found: list[tuple[int, int]] = []
    for block in re.finditer(r"\S(?:.|\n(?!\s*\n|\s*[-*|#•]|\s*\d+[.)]))*", text):
        start = block.start()
        for first, last in _punkt().span_tokenize(block.group()):
            found += _short(text, start + first, start + last)
    return found


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
def _punkt() -> PunktSentenceTokenizer:
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
