"""Where published evidence stands in a text, which may have other line breaks than its source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# a quote of so few characters says nothing of its place
SHORTEST = 3


def stated_once(text: str, quotes: Iterable[str]) -> list[dict[str, Any]]:
    """The places of the quotes that stand in the text exactly once but for white space.

    Others, reworded or repeated, have no place.
    """
    found = {place for quote in quotes if (place := _only_place(text, quote.split()))}
    return [{"start": start, "end": end} for start, end in sorted(found)]


def _only_place(text: str, words: list[str]) -> tuple[int, int] | None:
    if len("".join(words)) < SHORTEST:
        return None
    shape = re.compile(r"\s+".join(map(re.escape, words)))
    first = shape.search(text)
    if first is None or shape.search(text, first.start() + 1):
        return None
    return first.span()
