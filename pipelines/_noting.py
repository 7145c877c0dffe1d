"""Structured notes: what a reader of one part writes as JSON, and how sure it is that it helps."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from annotated_types import Interval
from pydantic import BaseModel, BeforeValidator

from crossover.replies import read_as
from crossover.types import Completion

MOST = 10


def _text(given: object) -> object:
    """A list of facts as one text; nothing for null."""
    if given is None:
        return ""
    return "\n".join(map(str, given)) if isinstance(given, list) else given


Text = Annotated[str, BeforeValidator(_text)]


class Noted(BaseModel):
    """A note, how much it helps from 0 to MOST, and the answer as far as this part gives it."""

    notes: Text
    confidence: Annotated[float, Interval(ge=0, le=MOST)]
    answer: Text = ""

    @property
    def shown(self) -> str:
        """The note as the next reader sees it."""
        answer = self.answer.strip()
        lines = (
            self.notes.strip(),
            f"Answer from this part alone: {answer}" if answer else "",
            f"(confidence {self.confidence:g} of {MOST})",
        )
        return "\n".join(filter(None, lines))


def as_text(reply: Completion, least: float) -> tuple[Completion, float]:
    """A reply in JSON as one in words, and its confidence in 0–1; raises UnreadableReply.

    One that is empty or less confident than ``least`` becomes a reply that declines.
    """
    declined = replace(reply, text="", declined=True)
    if reply.declined or not reply.text.strip():
        return declined, 0.0
    noted = read_as(Noted, reply.text)
    empty = not (noted.notes.strip() or noted.answer.strip())
    if empty or noted.confidence < least:
        return declined, 0.0
    return replace(reply, text=noted.shown, evidence=()), noted.confidence / MOST
