"""The whole text as numbered paragraphs, which a model names by their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from crossover.compressors._writing import grouped, shown_by
from crossover.pipelines._calling import room_for
from crossover.pipelines._fitting import fit
from crossover.roles import Model
from crossover.types import Document, Passage, Request

BRACKETED = re.compile(r"\[([\d\s,;–-]+)\]")
NUMBERS = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?")


def numbered(
    documents: Sequence[Document], size: int, asked: Request, model: Model, reserve: int = 0
) -> tuple[list[Passage], str]:
    """Cut the text into paragraphs of whole sentences, of ``size`` tokens at most.

    Where they exceed what the request and ``reserve`` leave of the window, the middle is cut, and
    the second value says so. Raises WindowError where nothing fits.
    """
    documents = [document for document in documents if document.text.strip()]
    room = left = room_for(replace(asked, passages=()), model) - reserve
    shown = shown_by(model)
    while True:
        fitting, cut = fit(documents, left, "middle", model)
        paragraphs = [p for one in fitting for group in grouped([one], size, shown) for p in group]
        beyond = sum(map(shown, paragraphs)) - room
        if beyond <= 0:
            return paragraphs, cut
        left = min(left, sum(model.count(p.text) for p in fitting)) - beyond


def named(reply: str, count: int) -> tuple[list[int], list[int]]:
    """The numbers that a reply names, in order of mention: those that exist, and the others.

    Where any stand in brackets, only these count; ``2-4`` names all between.
    """
    inside = BRACKETED.findall(reply)
    found = dict[int, None]()
    for first, last in NUMBERS.findall(" ".join(inside) if inside else reply):
        start = int(first)
        end = min(int(last), count) if last else start
        found.update(dict.fromkeys(range(start, max(start, end) + 1)))
    return [n for n in found if 1 <= n <= count], [n for n in found if not 1 <= n <= count]
