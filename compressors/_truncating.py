"""How many words of passages fit, counted from one end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from crossover.compressors._keeping import Unit, assembled
from crossover.roles import Model
from crossover.types import Passage

# what has no spaces may be cut between any characters
WORD = re.compile(r"\S{1,20}")
# words counted at once
RUN = 200


def words(passages: Sequence[Passage]) -> list[Unit]:
    """The words of all passages; of very long ones, pieces."""
    return [
        Unit(at, *match.span(), 0.0)
        for at, passage in enumerate(passages)
        for match in WORD.finditer(passage.text)
    ]


def first_that_fit(
    found: Sequence[Unit], passages: Sequence[Passage], budget: int, model: Model
) -> list[Unit]:
    """As many of the words as the budget holds, none passed over."""
    kept, room = 0, budget
    while kept < len(found):
        run = found[kept : kept + RUN]
        size = tokens(run, passages, model)
        if size > room:
            kept += _fitting(run, passages, room, model)
            break
        kept, room = kept + len(run), room - size
    # what words have together is not the sum of what parts of them have
    while kept and (excess := tokens(found[:kept], passages, model) - budget) > 0:
        kept = max(0, kept - excess)
    return list(found[:kept])


def tokens(found: Iterable[Unit], passages: Sequence[Passage], model: Model) -> int:
    """The model's tokens of what is shown with these words alone."""
    return sum(model.count(passage.text) for passage in assembled(passages, found))


def _fitting(run: Sequence[Unit], passages: Sequence[Passage], room: int, model: Model) -> int:
    low, high = 0, len(run) - 1
    while low < high:
        middle = (low + high + 1) // 2
        fits = tokens(run[:middle], passages, model) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return low
