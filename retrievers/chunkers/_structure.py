"""A document's own structure: where its units start, cut once and remembered."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from crossover.errors import ConfigError
from crossover.sentences import sentences
from crossover.types import Document, Passage

# structures remembered; a million tokens are about 40,000 sentences, 320 kB
KEPT = 256
_kept: OrderedDict[tuple[str, ...], Sequence[int]] = OrderedDict()
_lock = Lock()


def check_overlap(chunker: str, size: int, overlap: int) -> None:
    """Raise ConfigError where the overlap leaves no room for a chunk's own text."""
    if overlap >= size:
        raise ConfigError(f"{chunker}: overlap={overlap} must be smaller than size={size}")


def remembered(document: Document, what: str, make: Callable[[], Iterable[int]]) -> Sequence[int]:
    """Return what ``make`` finds in the document, made once per text while it is remembered."""
    key = (document.digest, what)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = array("q", make())
    with _lock:
        _kept[key] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def sentence_starts(document: Document) -> Sequence[int]:
    """Where each sentence starts; white space belongs to the sentence before it."""
    return remembered(
        document, "sentences", lambda: covering(s for s, _ in sentences(document.text))
    )


def covering(starts: Iterable[int]) -> list[int]:
    """Let the first unit start with the text, whatever precedes it there."""
    return [0, *list(starts)[1:]]


def passages(document: Document, starts: Sequence[int]) -> list[Passage]:
    """Cut the document at these places, the first of which is 0."""
    return spans(document, zip(starts, [*starts[1:], len(document.text)], strict=True))


def spans(document: Document, found: Iterable[tuple[int, int]]) -> list[Passage]:
    """Passages of the document with their text; none is empty."""
    text = document.text
    return [
        Passage(document.id, start, end, text[start:end]) for start, end in found if end > start
    ]
