"""Needles in NeedleBench's manner: one, many, several to be joined, and an ancestral trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Hidden, Sample
from crossover.datasets._haystack import Written, haystack, hidden, joined
from crossover.datasets._kin import chain, kin, people
from crossover.datasets._lengths import Counter, one_or_many
from crossover.datasets._words import keys

Task = Literal[
    "single_retrieval",
    "multi_retrieval",
    "multi_reasoning",
    "eldest_ancestor",
    "nth_ancestor",
    "nth_descendant",
    "generations_apart",
]
TASKS: tuple[Task, ...] = get_args(Task)
NEEDLE = "What {name} hid behind the old wall is a {thing}."
ASK_ONE = "What did {name} hide behind the old wall? Reply with the thing alone."
ASK_MANY = "What did each of these people hide behind the old wall: {names}? Name every thing."
# a needle at each of these depths
DEPTHS = tuple(place / 10 for place in range(11))
APART = 0.1
NAME, NUMBER = "Reply with the name alone.", "A parent is one apart. Reply with the number alone."
ELDEST = f"Who is the eldest relative that {{youngest}} can be traced back to? {NAME}"


@dataclass(frozen=True, slots=True)
class NeedleBench(Hidden):
    """NeedleBench's tasks (Li et al. 2024, arXiv 2407.11963), with needles and names of our own.

    One needle at a depth, eleven at eleven depths, ``hops`` sentences on kin from a depth on, a
    tenth of the text apart. The ancestral traces (eldest ancestor, nth ancestor and descendant,
    generations apart) have no haystack: every sentence is needed. Reading examples raises
    ConfigError where a text is too short.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these tasks"}
    )
    hops: Annotated[int, Field(ge=2, le=9)] = field(
        default=3, metadata={"help": "sentences to be joined by multi_reasoning"}
    )
    scores: ClassVar[tuple[str, ...]] = ("ruler_all", "substring_match", "exact_match")

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def depths(self, task: str) -> Sequence[float | None]:
        """One needle and kin have a depth, all other tasks take the whole text."""
        return self.depth or (None,) if task in ("single_retrieval", "multi_reasoning") else (None,)

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write a sample of a task."""
        random = Random(sample.seed)
        if sample.task in ("single_retrieval", "multi_retrieval"):
            return self._retrieval(random, sample, counter)
        if sample.task == "multi_reasoning":
            return self._reasoning(random, sample, counter)
        return _trace(random, sample, counter)

    def _straw(self, sample: Sample) -> str:
        return haystack(self.haystack)(sample.tokens + sample.tokens // 10, f"{sample.seed}/straw")

    def _retrieval(self, random: Random, sample: Sample, counter: Counter) -> Written:
        straw, names, things = self._straw(sample), people(random), keys(random)
        depths: Sequence[float] = DEPTHS
        if sample.task == "single_retrieval":
            depths = (random.random() if sample.depth is None else sample.depth,)
        told = [(next(names), _unknown(next(things), straw)) for _ in depths]
        needles = [NEEDLE.format(name=name, thing=thing) for name, thing in told]
        text, spans = hidden(straw, needles, depths, sample.tokens, counter)
        asked = random.sample(told, len(told))
        wording = ASK_ONE if len(told) == 1 else ASK_MANY
        question = wording.format(name=told[0][0], names=", ".join(name for name, _ in asked))
        return Written(text, question, tuple(thing for _, thing in asked), tuple(sorted(spans)))

    def _reasoning(self, random: Random, sample: Sample, counter: Counter) -> Written:
        names = people(random)
        family = kin(random, [next(names) for _ in range(self.hops + 1)])
        first = random.random() if sample.depth is None else sample.depth
        depths = [min(1.0, first + APART * at) for at in range(self.hops)]
        needles = random.sample(family.sentences, self.hops)
        text, spans = hidden(self._straw(sample), needles, depths, sample.tokens, counter)
        question = ELDEST.format(youngest=family.names[-1])
        return Written(text, question, (family.names[0],), tuple(sorted(spans)))


def _unknown(thing: str, straw: str) -> str:
    """A thing that the haystack does not name."""
    spelt = thing.replace("-", " ")
    return spelt if spelt not in straw else f"{spelt} with a mark"


def _trace(random: Random, sample: Sample, counter: Counter) -> Written:
    """As many kin as make a text of the length, each sentence of which is needed."""
    family = chain(random, sample.tokens, counter)
    eldest, youngest, apart = family.names[0], family.names[-1], family.apart
    question, answer = {
        "eldest_ancestor": (ELDEST.format(youngest=youngest), eldest),
        "nth_ancestor": (f"Who stands {apart} generations before {youngest}? {NAME}", eldest),
        "nth_descendant": (f"Who stands {apart} generations after {eldest}? {NAME}", youngest),
        "generations_apart": (
            f"How many generations are {eldest} and {youngest} apart? {NUMBER}",
            str(apart),
        ),
    }[sample.task]
    sentences = random.sample(family.sentences, len(family.sentences))
    places = tuple((start, end - 1) for start, end in joined([f"{one} " for one in sentences]))
    return Written(" ".join(sentences), question, (answer,), places)
