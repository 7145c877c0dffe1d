"""What is shown where passages were found: the units around them, none twice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from crossover.types import Document, Passage

Place = tuple[int, int, int]


def widened(
    found: Sequence[Passage],
    documents: Sequence[Document],
    units: Callable[[Document], Sequence[int]],
    before: int = 0,
    after: int = 0,
) -> list[Passage]:
    """Return the units that passages stand in, with so many more before and after them.

    ``units`` are the places where a document's units start. What overlaps is merged and takes
    place and score of the best passage in it. Text that a model wrote is shown as it is.
    """
    texts = {document.id: document for document in documents}
    places = defaultdict[str, list[Place]](list)
    shown: list[tuple[int, Passage]] = []
    for rank, passage in enumerate(found):
        document = texts.get(passage.document)
        if document is None or passage.start == passage.end:
            shown.append((rank, passage))
            continue
        starts = units(document)
        first = bisect_right(starts, passage.start) - 1 - before
        last = bisect_left(starts, passage.end) - 1 + after
        places[document.id].append((max(first, 0), min(last, len(starts) - 1), rank))
    for name, around in places.items():
        text, starts = texts[name].text, [*units(texts[name]), len(texts[name].text)]
        for first, last, rank in _merged(around):
            start, end = starts[first], starts[last + 1]
            shown.append((rank, Passage(name, start, end, text[start:end], found[rank].score)))
    return [passage for _, passage in sorted(shown, key=lambda pair: pair[0])]


def _merged(places: Sequence[Place]) -> Iterator[Place]:
    """Merge the ranges that share a unit; the best rank stands for all."""
    current: Place | None = None
    for first, last, rank in sorted(places):
        if current is None or first > current[1]:
            if current is not None:
                yield current
            current = first, last, rank
        else:
            current = current[0], max(current[1], last), min(current[2], rank)
    if current is not None:
        yield current
