"""The set itself: kinds in their shares, everything checked, every loss named, the bill whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crossover import meter
from crossover.experiments.making.checking import Checker
from crossover.experiments.making.drafts import Draft, Kept, Loss
from crossover.experiments.making.duplicates import Seen
from crossover.types import Usage
from crossover.wrapped import at_once

# proposals that fail with the model itself, one after another, before a kind is given up
HOPELESS = 3
# proposals checked together
BATCH = 8


class Proposer(Protocol):
    """Where questions come from."""

    def propose(self, kind: str, number: int, full: Collection[str]) -> list[Draft | Loss]:
        """The next questions of a kind, so many at most; none where there are no more."""


@dataclass(slots=True)
class Made:
    """What came of it; ``short`` tells the kinds of which there were not as many as wanted."""

    kept: list[Kept] = field(default_factory=list)
    lost: list[Loss] = field(default_factory=list)
    short: dict[str, str] = field(default_factory=dict)
    writing: Usage = field(default_factory=Usage)
    checking: Usage = field(default_factory=Usage)


def make(
    proposer: Proposer, checker: Checker, wanted: Mapping[str, int], per_document: int | None = None
) -> Made:
    """Propose, check and keep questions until there are as many of each kind as wanted.

    ``per_document`` is the most questions of a kind on one document. Calls are charged to the
    meter around it, and told apart in what is returned.
    """
    made, seen = Made(), Seen()
    for kind, number in wanted.items():
        _Maker(proposer, checker, made, seen, kind, number, per_document).run()
    return made


def shares(kinds: Sequence[str], number: int) -> dict[str, int]:
    """So many questions over the kinds, as evenly as goes, the first ones getting the rest."""
    each, rest = divmod(number, len(kinds))
    return {kind: each + (at < rest) for at, kind in enumerate(kinds)}


@dataclass(slots=True)
class _Maker:
    """One kind of question on its way to its number."""

    proposer: Proposer
    checker: Checker
    made: Made
    seen: Seen
    kind: str
    number: int
    per_document: int | None
    done: int = 0
    failed: int = 0

    def run(self) -> None:
        while self.done < self.number:
            meter.working(f"making: {self.kind}", self.done, self.number)
            found = self._proposed(min(BATCH, self.number - self.done))
            if not found:
                self.made.short[self.kind] = "the documents give no more"
                return
            for one in found:
                self._take(one)
            if self.failed >= HOPELESS:
                self.made.short[self.kind] = self.made.lost[-1].message or self.made.lost[-1].why
                return

    def _proposed(self, number: int) -> list[Kept | Loss]:
        """The next proposals, those that repeat nothing so far checked side by side."""
        with meter.part() as bill:
            drafts = self.proposer.propose(self.kind, number, self._full())
        self.made.writing += bill.usage
        with meter.part() as bill:
            threads = at_once(self.checker.model)
            found = meter.side_by_side(self._checked, drafts, threads)
        self.made.checking += bill.usage
        return found

    def _checked(self, draft: Draft | Loss) -> Kept | Loss:
        if isinstance(draft, Loss):
            return draft
        return self._repeated(draft) or self.checker.check(draft)

    def _take(self, found: Kept | Loss) -> None:
        if isinstance(found, Kept):
            # what came in the same batch before may be alike, or fill the document
            found = self._repeated(found.draft) or self._crowded(found.draft) or found
        if isinstance(found, Kept):
            self.seen.add(found.draft)
            self.made.kept.append(found)
            self.done += 1
        else:
            self.made.lost.append(found)
        self.failed = self.failed + 1 if _of_the_model(found) else 0

    def _repeated(self, draft: Draft) -> Loss | None:
        old = self.seen.like(draft)
        return Loss(draft.kind, "repeats a question", old.question, draft) if old else None

    def _crowded(self, draft: Draft) -> Loss | None:
        full = self._full().intersection(draft.documents)
        return Loss(draft.kind, "document has enough", min(full), draft) if full else None

    def _full(self) -> frozenset[str]:
        """The documents that have as many questions of this kind as they may have."""
        if self.per_document is None:
            return frozenset()
        on = [
            document
            for kept in self.made.kept
            if kept.draft.kind == self.kind
            for document in kept.draft.documents
        ]
        return frozenset(one for one in on if on.count(one) >= self.per_document)


def _of_the_model(found: Kept | Loss) -> bool:
    """Whether the model itself failed, not what it wrote."""
    return isinstance(found, Loss) and found.why.removeprefix("check ").startswith("failed:")
