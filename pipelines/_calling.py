"""How strategies of several calls ask: every call a named step, independent ones side by side."""

from __future__ import annotations

from collections.abc import Sequence

from crossover import meter
from crossover.compressors._writing import grouped, quoted, room_for, shown_by
from crossover.pipelines._fitting import whole
from crossover.roles import Model
from crossover.types import Completion, Document, Passage, Request

__all__ = ["many", "noted", "one", "packed", "room_for"]


def one(model: Model, request: Request, name: str) -> Completion:
    """Make one call, a step of that name in the trace."""
    with meter.stage(name):
        return model.complete(request)


def many(model: Model, requests: Sequence[Request], name: str) -> list[Completion]:
    """Make independent calls side by side; replies in the order of the requests.

    What fails first is raised, and calls not sent by then are not sent.
    """
    with meter.stage(name):
        return model.complete_many(requests)


def noted(reply: Completion, read: Sequence[Passage]) -> list[Passage]:
    """A reply as passages to show to the next call; nothing where it is empty or declined.

    A reply that consists of sentences of what was read keeps their places; any other was written
    about what stands where ``read`` begins.
    """
    text = reply.text.strip()
    if not text or reply.declined:
        return []
    if quoted(reply, read):
        return list(reply.evidence)
    at = read[0] if read else Passage("", 0, 0, "")
    return [Passage(at.document, at.start, at.start, text)]


def packed(documents: Sequence[Document], room: int, model: Model) -> list[list[Passage]]:
    """Documents in order as parts of whole sentences of at most ``room`` of the model's tokens."""
    return grouped([p for p in whole(documents) if p.text.strip()], room, shown_by(model))
