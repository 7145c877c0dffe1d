"""What is proposed and what becomes of it: a draft, a question that is kept, or a named loss."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossover.errors import ConfigError, UnknownName
from crossover.types import Passage

KINDS = ("single_hop", "multi_hop", "comparison", "unanswerable")


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a question that one passage answers by itself."""

    question: str
    answer: str
    evidence: Passage


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as proposed; no answers: unanswerable.

    ``evidence`` are pieces of documents, character by character, and ``documents`` those that the
    question is on. ``how`` names the template, or how its quotes were found. ``steps`` are there
    where the question can be checked part by part.
    """

    kind: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Passage, ...]
    documents: tuple[str, ...]
    how: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def id(self) -> str:
        """The same in every run that makes this question."""
        content = "\n".join((self.kind, self.question, *self.documents))
        return f"{self.kind}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that did not become a question, the name of why, and what is known of it."""

    kind: str
    why: str
    message: str = ""
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that stood every check, and what the checks said."""

    draft: Draft
    checks: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def kinds_of(given: Sequence[str]) -> tuple[str, ...]:
    """The kinds that are named, in our order; raises UnknownName, or ConfigError for none."""
    wanted = {name.strip().lower().replace("-", "_") for name in given if name.strip()}
    for name in sorted(wanted):
        if name not in KINDS:
            raise UnknownName(name, "the kinds of questions", KINDS)
    if not wanted:
        raise ConfigError(f"no kind of question is named; there is: {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in wanted)
