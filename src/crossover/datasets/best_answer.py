"""The best of many answers to one question, in the manner of Ada-LEval's BestAnswer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Annotated, ClassVar

from pydantic import Field

from crossover.datasets._generated import Placed, Sample
from crossover.datasets._haystack import Written, as_many, joined
from crossover.datasets._lengths import Counter
from crossover.datasets._words import coined
from crossover.errors import ConfigError

# what can be asked of a place, and how an answer says it
ASPECTS: Mapping[str, tuple[str, str, tuple[int, int]]] = {
    "hours": ("when it opens", "It opens at {n} in the morning.", (6, 11)),
    "ticket": ("what a ticket costs", "A ticket costs {n} crowns.", (2, 40)),
    "way": ("which tram goes there", "Tram {n} stops right in front of it.", (1, 60)),
    "lunch": ("what lunch costs there", "Lunch is {n} crowns in the yard.", (4, 30)),
    "tour": ("how long the tour takes", "The tour takes {n} minutes.", (20, 180)),
    "seats": ("how many seats it has", "There are seats for {n} people.", (30, 900)),
    "phone": ("which number to call", "Call {n} if you are late.", (10_000, 99_999)),
    "floor": ("on which floor the maps are", "The maps are on floor {n}.", (1, 9)),
}
KINDS = ("Museum", "Theatre", "Archive", "Garden", "Observatory", "Gallery")
CHAT = (
    "Happy to help.",
    "I was there last spring with my aunt.",
    "The stairs are steep, so mind your step.",
    "Do not believe what the leaflet says.",
    "You will not regret it.",
    "Bring something warm to wear.",
)
OPENING = "About the {place}: "
HEAD = "A{number}: {text}\n\n"
QUESTION = (
    "I want to visit the {}. Please tell me {}, {} and {}. Which of the answers tells me all "
    "of that? Reply with its label alone, such as A1."
)
# aspects that are asked for, and those that others speak of besides
ASKED, MOST_SAID = 3, 5
# of the other answers, how many speak of the same place and leave something out
SAME_PLACE = 0.5


@dataclass(frozen=True, slots=True)
class BestAnswer(Placed):
    """One question and many answers, as in Ada-LEval's BestAnswer (arXiv 2404.06480).

    One answer says all three things that are asked for; half of the others are on the same place
    and leave one out, the rest are on other places. Questions and answers are ours. The answer is
    its label (``A17``), its text the evidence. Reading examples raises ConfigError where a text is
    too short.
    """

    same_place: Annotated[float, Field(ge=0, le=1)] = field(
        default=SAME_PLACE, metadata={"help": "share of the others that are on the same place"}
    )
    scores: ClassVar[tuple[str, ...]] = ("exact_match", "substring_match")

    def kinds(self) -> Sequence[str]:
        """One task."""
        return ("best_answer",)

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write the answers."""
        random = Random(sample.seed)
        place, asked = _place(random), random.sample(sorted(ASPECTS), ASKED)
        best = _answer(random, place, [*asked, *_others(random, asked, random.randint(0, 1))])
        room = sample.tokens - counter.count(HEAD.format(number=1, text=best))
        if room < 0:
            raise ConfigError(f"best_answer: {sample.tokens} tokens are too few; raise tokens")
        others = as_many(self._drawing(random, place, asked), room, counter)
        texts = [text.partition(": ")[2].rstrip("\n") for text in others]
        at = random.randint(0, len(texts))
        if sample.depth is not None:
            at = round(sample.depth * len(texts))
        texts.insert(at, best)
        units = [HEAD.format(number=number, text=text) for number, text in enumerate(texts, 1)]
        start, end = list(joined(units))[at]
        wanted = (ASPECTS[aspect][0] for aspect in asked)
        question = QUESTION.format(place, *wanted)
        span = (start + units[at].index(best), end - 2)
        return Written("".join(units).rstrip("\n"), question, (f"A{at + 1}",), (span,))

    def _drawing(self, random: Random, place: str, asked: Sequence[str]) -> Callable[[], str]:
        """What draws another answer, with about the label that it will have."""
        numbers = count(1)

        def draw() -> str:
            if random.random() < self.same_place:
                said = random.sample(asked, random.randint(1, ASKED - 1))
                more = _others(random, asked, MOST_SAID - len(said) - random.randint(0, 2))
                text = _answer(random, place, [*said, *more])
            else:
                text = _answer(random, _place(random), random.sample(sorted(ASPECTS), MOST_SAID))
            return HEAD.format(number=next(numbers), text=text)

        return draw


def _place(random: Random) -> str:
    return f"{coined(random).title()} {random.choice(KINDS)}"


def _others(random: Random, asked: Sequence[str], number: int) -> list[str]:
    return random.sample([aspect for aspect in ASPECTS if aspect not in asked], number)


def _answer(random: Random, place: str, aspects: Sequence[str]) -> str:
    said = [ASPECTS[aspect][1].format(n=random.randint(*ASPECTS[aspect][2])) for aspect in aspects]
    said += random.sample(CHAT, random.randint(0, 2))
    return OPENING.format(place=place) + " ".join(random.sample(said, len(said)))
