"""What the segmentation model learns from: neighbouring sentences, and whether a chunk ends there.

Sentences that follow each other in a paragraph belong together. Boundaries are the ends of
paragraphs, and the places where two texts were joined: in the order of their dataset, whose
neighbours are often sections of one article, and at random.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Literal

from crossover.experiments.reader.items import Item, load
from crossover.sentences import sentences

Kind = Literal["same", "paragraph", "neighbour", "random"]
Part = Literal["train", "tune", "held_out"]
# texts of these share no sentences with their neighbours in the file
NEIGHBOURS = ("nq", "qed", "xquad", "selqa")
# lines of a dialogue are turns, no paragraphs
DIALOGUES = ("friendsqa",)
PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\S)")
# a shorter sentence ("He died.") may stand in two texts that have nothing to do with each other
TELLING = 40
PARTS = 6
# a text that was cut off in mid-sentence ends nowhere
ENDS = tuple(".!?\"')]”’")


@dataclass(frozen=True, slots=True)
class Text:
    """A text as paragraphs of sentences; texts that share sentences share a group."""

    source: str
    group: str
    paragraphs: tuple[tuple[str, ...], ...]

    @property
    def sentences(self) -> Iterator[str]:
        """All sentences, in order."""
        return (sentence for paragraph in self.paragraphs for sentence in paragraph)

    @property
    def part(self) -> Part:
        """What the text is for: by its group's hash, the same on every machine."""
        at = int(hashlib.sha256(self.group.encode()).hexdigest(), 16) % PARTS
        return "held_out" if at == 0 else "tune" if at == 1 else "train"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences; the second follows the first in one chunk or begins another."""

    one: str
    other: str
    kind: Kind


def texts(data: Path) -> list[Text]:
    """Cut the texts of the reader's data into paragraphs and sentences, each text once."""
    return grouped(list(dict.fromkeys(map(_text, load(data)))))


def _text(item: Item) -> Text:
    dialogue = item.source in DIALOGUES
    paragraphs = [item.text] if dialogue else PARAGRAPH.split(item.text)
    cut = (
        tuple(" ".join(paragraph[a:b].split()) for a, b in sentences(paragraph))
        for paragraph in paragraphs
    )
    return Text(item.source, item.group, tuple(filter(None, cut)))


def grouped(cut: Sequence[Text]) -> list[Text]:
    """Give texts that share a telling sentence one group, so that none is trained and tested on."""
    above: dict[str, str] = {}

    def top(key: str) -> str:
        while above.setdefault(key, key) != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for text in cut:
        for sentence in text.sentences:
            if len(sentence) >= TELLING:
                one, other = sorted((top(f"document:{text.group}"), top(f"sentence:{sentence}")))
                above[other] = one
    return [Text(text.source, top(f"document:{text.group}"), text.paragraphs) for text in cut]


def pairs(cut: Iterable[Text], part: Part, seed: int) -> list[Pair]:
    """Every pair of a part, each once; what belongs together somewhere is no boundary."""
    own = [text for text in cut if text.part == part and text.paragraphs]
    found: dict[tuple[str, str], Pair] = {}
    for pair in (*_within(own), *_joined(own, Random(seed))):
        found.setdefault((pair.one, pair.other), pair)
    return list(found.values())


def _within(cut: Sequence[Text]) -> Iterator[Pair]:
    for text in cut:
        for paragraph in text.paragraphs:
            yield from (Pair(one, other, "same") for one, other in pairwise(paragraph))
    for text in cut:
        for above, below in pairwise(text.paragraphs):
            yield Pair(above[-1], below[0], "paragraph")


def _joined(cut: Sequence[Text], random: Random) -> Iterator[Pair]:
    for text, following in pairwise(cut):
        same = text.source == following.source and text.source in NEIGHBOURS
        if same and _whole(text) and set(text.sentences).isdisjoint(following.sentences):
            yield Pair(text.paragraphs[-1][-1], following.paragraphs[0][0], "neighbour")
    for text in cut:
        other = random.choice(cut)
        if text.group != other.group and _whole(text):
            yield Pair(text.paragraphs[-1][-1], other.paragraphs[0][0], "random")


def _whole(text: Text) -> bool:
    return text.paragraphs[-1][-1].endswith(ENDS)
