"""Shuffled pieces of one text to be put in order, in the manner of Ada-LEval's TSort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from random import Random
from typing import Annotated, ClassVar

from pydantic import Field

from crossover.datasets._generated import Generated, Sample
from crossover.datasets._haystack import Written, ended, haystack
from crossover.datasets._lengths import Counter
from crossover.datasets._planting import boundary
from crossover.datasets._words import coined
from crossover.errors import ConfigError

WAYS = ("on foot", "by coach", "in a borrowed cart", "by boat", "on mules", "by the night train")
LEGS = (
    "From {a} we went {way} to {b}. {seen}\n",
    "We left {a} {way} and came to {b} in the evening. {seen}\n",
    "It is a day from {a} to {b}, and we did it {way}. {seen}\n",
)
SEEN = (
    "It rained without an end.",
    "The innkeeper would take no money.",
    "Nobody there had ever heard of us.",
    "My companion lost a boot in the mud.",
    "We slept badly and got up late.",
    "The soup was the best of the whole journey.",
    "There was a fair, and no bed to be had.",
    "A dog ran after us for half the way.",
)
BEFORE, AFTER = "What comes before:\n{}\n\n", "What comes after:\n{}"
HEAD = "Segment {number}:\n{text}\n\n"
# the share of a text that is shown in its place, before and after the segments
SHOWN = 0.04
FEWEST = 40
ROUNDS = 4
# stages that tell how many more it takes, and a few to spare
SAMPLE, SPARE = 50, 1.1


@dataclass(frozen=True, slots=True)
class TextSort(Generated):
    """Segments of one text to be put in order again, as in Ada-LEval's TSort (arXiv 2404.06480).

    The text is a journey of our own, each stage of which begins where the last one ended, or the
    texts of a folder, cut between sentences; what comes before and after is shown. The answer are
    the segments' numbers in their order. Reading examples raises ConfigError where a text is too
    short, DataError where the folder has none.
    """

    segments: Annotated[int, Field(ge=2, le=20)] = field(
        default=4, metadata={"help": "how many segments a text is cut into"}
    )
    haystack: str = field(
        default="", metadata={"help": "folder with texts to cut up; else ours", "path": "folder"}
    )
    scores: ClassVar[tuple[str, ...]] = ("exact_match", "substring_match")

    def kinds(self) -> Sequence[str]:
        """One task."""
        return ("text_sort",)

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Cut a text and shuffle its segments."""
        random = Random(sample.seed)
        room = sample.tokens - self._around(counter)
        if room < (self.segments + 1) * FEWEST:
            raise ConfigError(
                f"text_sort: {sample.tokens} tokens are too few for {self.segments} segments"
            )
        source = self._source(room, random, sample.seed, counter)
        for _ in range(ROUNDS):
            parts = self._parts(ended(source[: counter.cut(source, room)]))
            order = _shuffled(random, self.segments)
            text = _together(parts, order)
            off = sample.tokens - counter.count(text)
            if abs(off) <= sample.tokens // 200:
                break
            room += off
        answer = ", ".join(str(order.index(at) + 1) for at in range(self.segments))
        question = (
            f"The {self.segments} segments are one text, out of order, between what comes before "
            "and what comes after. Give the segments' numbers in the order of the text, separated "
            "by commas, and nothing else."
        )
        return Written(text, question, (answer,), (), {"segments": str(self.segments)})

    def _around(self, counter: Counter) -> int:
        empty = _together([""] * (self.segments + 2), list(range(self.segments)))
        return counter.count(empty)

    def _source(self, tokens: int, random: Random, seed: str, counter: Counter) -> str:
        if self.haystack:
            text = haystack(self.haystack)(tokens + tokens // 10, seed)
            if counter.count(text) < tokens:
                raise ConfigError(f"text_sort: {self.haystack} holds fewer than {tokens} tokens")
            return text
        legs = _journey(random)
        first = "".join(islice(legs, SAMPLE))
        more = islice(legs, int(SAMPLE * tokens / counter.count(first) * SPARE))
        return f"{first}{''.join(more)}"

    def _parts(self, text: str) -> list[str]:
        """What comes before, the segments, what comes after: cut between sentences."""
        inner = (1 - 2 * SHOWN) / self.segments
        shares = [SHOWN + inner * at for at in range(self.segments + 1)]
        cuts = [0, *(boundary(text, round(share * len(text)), ()) for share in shares), len(text)]
        parts = [text[a:b].strip() for a, b in pairwise(cuts)]
        if not all(parts):
            raise ConfigError("text_sort: the text has too few sentences; raise tokens")
        return parts


def _journey(random: Random) -> Iterator[str]:
    """Stages without an end, through places none of which comes twice."""
    here, taken = coined(random).title(), set[str]()
    while True:
        taken.add(here)
        there = coined(random).title()
        if there in taken:
            continue
        yield random.choice(LEGS).format(
            a=here, b=there, way=random.choice(WAYS), seen=random.choice(SEEN)
        )
        here = there


def _shuffled(random: Random, number: int) -> list[int]:
    """An order other than the right one."""
    while True:
        order = random.sample(range(number), number)
        if order != sorted(order):
            return order


def _together(parts: Sequence[str], order: Sequence[int]) -> str:
    first, *segments, last = parts
    shown = [HEAD.format(number=n, text=segments[at]) for n, at in enumerate(order, 1)]
    return f"{BEFORE.format(first)}{''.join(shown)}{AFTER.format(last)}"
