"""What a router decides on, and what it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known beside the question itself; every part may be unknown.

    ``tokens`` are those of all documents, ``documents`` how many there are, ``window`` the
    answering model's context in tokens and ``model`` its text (``openai:gpt-4o``), by which a
    learned policy finds its traits and prices. ``passages`` are what retrieval found, best first:
    an app with a store of its own gives these where it has no documents to show.
    """

    tokens: int | None = None
    documents: int | None = None
    window: int | None = None
    model: str = ""
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one question may cost, answers so far included; None sets no limit."""

    tokens: float | None = None
    dollars: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What one strategy is expected to bring and to cost; None is unknown."""

    quality: float | None = None
    tokens: float | None = None
    dollars: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Which strategy is asked next, or that the last answer stands.

    With ``keep`` the last of the answers so far stands and ``strategy`` is its own. ``final`` says
    that the strategy's answer will stand; otherwise the policy wants to see it. ``confidence`` is
    the calibrated probability that no other strategy would do better; None where a policy has none.
    """

    strategy: str
    expected: Mapping[str, Expected] = field(default_factory=dict)
    confidence: float | None = None
    reasons: tuple[str, ...] = ()
    keep: bool = False
    final: bool = True
