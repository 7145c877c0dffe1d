"""What the pruning models learn from: the reader's texts, each once, with what was asked of them.

Texts that the reader never sees are never seen here either. As some texts are windows on one
article, those that share a sentence with a text that is kept for reporting are left out as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crossover.errors import DataError
from crossover.experiments.reader.items import Item, load
from crossover.sentences import sentences

# characters: a shorter sentence ("He died.") may stand in texts that have nothing in common
TELLING = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """A text and what people asked of it."""

    text: str
    items: tuple[Item, ...]


def read(data: Path) -> tuple[list[Asked], list[Asked]]:
    """Return the texts to train on and those kept for reporting; raises DataError without both."""
    trained, held = divided(load(data))
    if not trained or not held:
        raise DataError(f"{data}: too few texts to train on some and to report on others")
    return trained, held


def divided(items: Iterable[Item]) -> tuple[list[Asked], list[Asked]]:
    """Gather the questions on every text; no sentence stands on both sides."""
    on_text = defaultdict[str, list[Item]](list)
    for item in items:
        on_text[item.text].append(item)
    held = {text: own for text, own in on_text.items() if any(item.held_out for item in own)}
    shown = {sentence for text in held for sentence in _telling(text)}
    others = {text: own for text, own in on_text.items() if text not in held}
    trained = {text: own for text, own in others.items() if shown.isdisjoint(_telling(text))}
    return _asked(trained), _asked(held)


def _asked(on_text: Mapping[str, list[Item]]) -> list[Asked]:
    return [Asked(text, tuple(own)) for text, own in on_text.items()]


def _telling(text: str) -> set[str]:
    return {text[a:b] for a, b in sentences(text) if b - a >= TELLING}
