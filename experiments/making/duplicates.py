"""Near-duplicates by wording: the same words, names and numbers, or the same fact asked twice."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossover.experiments.making.drafts import Draft
from crossover.normalise import plain, read
from crossover.types import Passage

# content words that two questions share, of all that they have together
ALIKE = 0.7
# a capitalised word that opens no sentence, or anything with a digit
NAMED = re.compile(r"(?<=\s)[“\"(]?(?P<word>[A-Z][\w’'-]*|\w*\d[\w.,%]*)")


@dataclass(frozen=True, slots=True)
class _Known:
    draft: Draft
    words: frozenset[str]
    named: frozenset[str]
    answers: frozenset[str]


class Seen:
    """The questions so far."""

    def __init__(self) -> None:
        self._known: list[_Known] = []

    def like(self, draft: Draft) -> Draft | None:
        """A question so far that this one repeats."""
        new = _known(draft)
        return next((old.draft for old in self._known if _repeats(new, old)), None)

    def add(self, draft: Draft) -> None:
        """Remember a question."""
        self._known.append(_known(draft))


def _known(draft: Draft) -> _Known:
    said = read(draft.question)
    words = said.content | {str(number) for number in said.numbers}
    named = frozenset(match["word"].rstrip(".,") for match in NAMED.finditer(draft.question))
    return _Known(draft, words, named, frozenset(plain(answer) for answer in draft.answers))


def _repeats(new: _Known, old: _Known) -> bool:
    shared, every = new.words & old.words, new.words | old.words
    if new.named == old.named and len(shared) >= ALIKE * len(every):
        return True
    same_fact = bool(new.answers & old.answers) and new.draft.kind == old.draft.kind
    return same_fact and _all_overlap(new.draft.evidence, old.draft.evidence)


def _all_overlap(some: tuple[Passage, ...], others: tuple[Passage, ...]) -> bool:
    """Whether each piece of evidence overlaps one of the other question's."""
    return all(
        any(
            one.document == other.document and one.start < other.end and other.start < one.end
            for other in others
        )
        for one in some
    )
