"""Names and rare terms, found by rule: what passages about the same things have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise

from crossover.retrievers._words import STOP_WORDS

TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
# what may stand between two capitalised words of one name: Bank of England, Varn & Sons
WITHIN_A_NAME = re.compile(r"\s|\s(?:&|of|of the|de|de la|del|della|der|den|di|du|van|von|zu)\s")
SENTENCE_START = re.compile(r"(?:^|[.!?:;\n])[\s\"'“‘(\[*#>-]*$")
CALENDAR = frozenset(
    """january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday i""".split()
)
SHORTEST = 3


def mentions(texts: Sequence[str], terms: bool = True) -> list[Counter[str]]:
    """Count the names and two-word terms of each text, in lower case, as they first occur.

    A name is a run of capitalised words. A capitalised word that opens a sentence counts only if
    no text of the corpus has it in lower case; of a name of several words, every word that is no
    ordinary one counts too, so that "Varn" and "Ada Varn" have something in common. A term is two
    content words side by side. Scripts without capitals have neither names nor, mostly, terms.
    """
    tokens = [list(TOKEN.finditer(text)) for text in texts]
    ordinary = STOP_WORDS | {
        token.group() for found in tokens for token in found if token.group().islower()
    }
    return [
        Counter([*_names(text, found, ordinary), *(_terms(text, found) if terms else ())])
        for text, found in zip(texts, tokens, strict=True)
    ]


def _names(text: str, tokens: Sequence[re.Match[str]], ordinary: Container[str]) -> Iterator[str]:
    name: list[re.Match[str]] = []
    for token in tokens:
        if not _is_name(text, token, ordinary):
            continue
        if name and not WITHIN_A_NAME.fullmatch(text, name[-1].end(), token.start()):
            yield from _whole_and_words(text, name, ordinary)
            name = []
        name.append(token)
    if name:
        yield from _whole_and_words(text, name, ordinary)


def _is_name(text: str, token: re.Match[str], ordinary: Container[str]) -> bool:
    word = token.group()
    if not word[0].isupper() or word.lower() in CALENDAR:
        return False
    opens = SENTENCE_START.search(text, max(0, token.start() - 8), token.start())
    return not (opens and _bare(word) in ordinary)


def _whole_and_words(
    text: str, name: Sequence[re.Match[str]], ordinary: Container[str]
) -> Iterator[str]:
    words = [_bare(token.group()) for token in name]
    if len(words) > 1:
        whole = " ".join(text[name[0].start() : name[-1].end()].lower().split())
        yield re.sub(r"['’]s$", "", whole)
    yield from (word for word in words if len(word) >= SHORTEST and word not in ordinary)


def _bare(word: str) -> str:
    return re.sub(r"['’]s$", "", word.lower())


def _terms(text: str, tokens: Sequence[re.Match[str]]) -> Iterator[str]:
    for one, other in pairwise(tokens):
        if text[one.end() : other.start()] == " " and _is_content(one) and _is_content(other):
            yield f"{one.group()} {other.group()}"


def _is_content(token: re.Match[str]) -> bool:
    word = token.group()
    return word.islower() and len(word) >= SHORTEST and word not in STOP_WORDS
