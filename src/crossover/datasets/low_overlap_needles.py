"""Needles that share no word with their question, in NoLiMa's manner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Hidden, Sample
from crossover.datasets._haystack import Written, haystack, hidden
from crossover.datasets._lengths import Counter, one_or_many
from crossover.datasets._words import coined
from crossover.errors import DataError

Task = Literal["one_hop", "two_hop"]
TASKS: tuple[Task, ...] = get_args(Task)


class Needle(NamedTuple):
    """A hint at something, what it hints at, and what follows from that; how both are asked for."""

    hints: Sequence[str]
    near: str
    far: str
    ask_near: str = "Who has been to {}?"
    ask_far: str = "Who has been to {}?"


SIGHTS = (
    "From the kitchen window {{name}} looks straight at {}.",
    "Right next to {} is the house in which {{name}} grew up.",
    "{{name}} sells umbrellas in front of {}, whatever the weather.",
)
READ = ("Who knows {}?", "Who has read {}?")


def _at(sight: str, city: str, country: str) -> Needle:
    return Needle([hint.format(sight) for hint in SIGHTS], city, country)


NEEDLES = (
    _at("the Rialto Bridge", "Venice", "Italy"),
    _at("the Sagrada Família", "Barcelona", "Spain"),
    _at("the Charles Bridge", "Prague", "Czechia"),
    _at("the Acropolis", "Athens", "Greece"),
    _at("the Hermitage", "Saint Petersburg", "Russia"),
    _at("the Brandenburg Gate", "Berlin", "Germany"),
    _at("Schönbrunn Palace", "Vienna", "Austria"),
    _at("the Little Mermaid", "Copenhagen", "Denmark"),
    _at("the Vasa Museum", "Stockholm", "Sweden"),
    _at("the Anne Frank House", "Amsterdam", "the Netherlands"),
    _at("the Golden Gate Bridge", "San Francisco", "California"),
    _at("the CN Tower", "Toronto", "Canada"),
    _at("Sugarloaf Mountain", "Rio de Janeiro", "Brazil"),
    _at("the Forbidden City", "Beijing", "China"),
    _at("the Meiji Shrine", "Tokyo", "Japan"),
    _at("Table Mountain", "Cape Town", "South Africa"),
    Needle(
        (
            "{name} has read all about the captain with one leg who hunts a white whale.",
            "What {name} cannot forget is the white whale, and the captain with one leg.",
        ),
        "Moby-Dick",
        "Herman Melville",
        *READ,
    ),
    Needle(
        (
            "{name} keeps the tale of the knight who fights windmills beside the bed.",
            "The knight who fights windmills is all that {name} ever talks about.",
        ),
        "Don Quixote",
        "Miguel de Cervantes",
        *READ,
    ),
    Needle(
        (
            "{name} can say by heart what the Prince of Denmark tells the skull.",
            "The Prince of Denmark and his skull made {name} weep.",
        ),
        "Hamlet",
        "William Shakespeare",
        *READ,
    ),
    Needle(
        (
            "{name} is still upset about the salesman who woke up as an insect.",
            "The salesman who woke up as an insect gave {name} bad dreams.",
        ),
        "The Metamorphosis",
        "Franz Kafka",
        *READ,
    ),
)
MISLEADING = "A lecture on {} was put off until the autumn, and hardly anybody minded."
# the misleading sentence keeps so far from the needle
FREE = 0.2


@dataclass(frozen=True, slots=True)
class LowOverlapNeedles(Hidden):
    """Needles to be found by meaning, as in NoLiMa (Modarressi et al. 2025, arXiv 2502.05167).

    A sentence hints at a city or book (one hop), so at a country or author (two hops), and the
    question on somebody who knows that shares no word with it. With ``misleading`` another sentence
    has the question's very word and answers nothing. Needles are ours; names are invented and stand
    nowhere else. Reading examples raises ConfigError where a text is too short, DataError where a
    folder's own texts name what is asked for.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these tasks"}
    )
    misleading: bool = field(
        default=False, metadata={"help": "add a sentence with the question's word and no answer"}
    )
    scores: ClassVar[tuple[str, ...]] = ("nolima_contains", "substring_match")

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Hide a needle; the samples take the needles in turn, in an order of the seed's."""
        random = Random(sample.seed)
        source = haystack(self.haystack)
        straw = source(sample.tokens + sample.tokens // 10, f"{sample.seed}/straw")
        fitting = [one for one in NEEDLES if one.near not in straw and one.far not in straw]
        if not fitting:
            raise DataError(f"low_overlap_needles: {self.haystack} names all that could be asked")
        order = Random(f"{self.version}/{self.seed}").sample(fitting, len(fitting))
        needle = order[sample.number % len(order)]
        name = _stranger(random, straw)
        sentences = [random.choice(needle.hints).format(name=name)]
        depth = random.random() if sample.depth is None else sample.depth
        asked, ask = (needle.near, needle.ask_near)
        if sample.task == "two_hop":
            asked, ask = (needle.far, needle.ask_far)
        if self.misleading:
            sentences.append(MISLEADING.format(asked))
        depths = [depth, _apart(random, depth)][: len(sentences)]
        text, spans = hidden(straw, sentences, depths, sample.tokens, counter)
        return Written(text, ask.format(asked), (name,), spans[:1])


def _stranger(random: Random, straw: str) -> str:
    while (name := coined(random).title()) in straw:
        pass
    return name


def _apart(random: Random, depth: float) -> float:
    """A depth that is not near another one."""
    while abs((found := random.random()) - depth) < FREE:
        pass
    return found
