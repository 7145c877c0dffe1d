"""A request as chat messages, passages first.

Every question on the same passages then begins with the same characters, which is what the
prompt caches of providers and servers recognise and bill at the cached price.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html import escape
from string import ascii_uppercase
from typing import Literal

from crossover.types import Passage, Request, Wants

Message = tuple[Literal["user", "assistant"], str]

FORMATS: dict[Wants, str] = {
    "json": "Reply with JSON alone: no other text and no code fence.",
    "evidence": "Name the passages that your reply rests on by their ids in brackets, like [2].",
    "verdict": "Give the verdict alone on the first line, then the reason.",
}


def messages(request: Request) -> list[Message]:
    """Render a request as turns that alternate and end with the user's.

    ``request.history`` holds earlier turns as (what the user said, what the model replied). There
    is no system message: some open models have no place for one.
    """
    turns: list[Message] = []
    for said, replied in request.history:
        turns += [("user", said), ("assistant", replied)]
    turns.append(("user", _task(request)))
    if request.passages:
        role, text = turns[0]
        turns[0] = (role, f"{_passages(request.passages)}\n\n{text}")
    return turns


def rendered_text(request: Request) -> str:
    """Everything that a model is sent, as one text: what token counts and plans are made of."""
    return "\n\n".join(text for _, text in messages(request))


def prompt_digest(request: Request) -> str:
    """The first 12 digits of the SHA-256 of what a model is sent: which call a step was."""
    return hashlib.sha256(rendered_text(request).encode()).hexdigest()[:12]


def cited(text: str, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """List the passages that a reply names by their ids, each once, in the order of mention."""
    ids = dict.fromkeys(int(number) for number in re.findall(r"\[(\d{1,6})\]", text))
    return tuple(passages[number - 1] for number in ids if 1 <= number <= len(passages))


def letters(count: int) -> list[str]:
    """Label that many choices: A, B, C …; beyond Z all are numbered."""
    return list(ascii_uppercase[:count]) if count <= 26 else [str(n + 1) for n in range(count)]


def _task(request: Request) -> str:
    return "\n\n".join(part for part in _task_parts(request) if part)


def _task_parts(request: Request) -> Iterator[str]:
    yield request.instruction.strip()
    yield FORMATS.get(request.wants, "")
    yield f"Question: {request.question.strip()}" if request.question.strip() else ""
    if request.choices:
        labels = letters(len(request.choices))
        lines = (f"{a}. {choice}" for a, choice in zip(labels, request.choices, strict=True))
        yield "\n".join(("Choices:", *lines))
        yield "Reply with the label of the right choice, nothing else."


def _passages(passages: tuple[Passage, ...]) -> str:
    return "\n\n".join(marked(number, passage) for number, passage in enumerate(passages, 1))


def marked(number: int, passage: Passage) -> str:
    """A passage as a model is shown it, between tags with its number."""
    # a passage that holds our own tag must not be able to end itself early
    text = re.sub(r"<(?=/?passage\b)", "&lt;", passage.text)
    return f'<passage id="{number}" document="{escape(passage.document)}">\n{text}\n</passage>'
