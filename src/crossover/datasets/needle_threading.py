"""Threads through a JSON object whose values are keys, in the manner of needle threading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from random import Random
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Placed, Sample
from crossover.datasets._haystack import Written
from crossover.datasets._lengths import Counter, one_or_many
from crossover.datasets._pairs import Pair, identifiers, others, places, written
from crossover.errors import ConfigError

Task = Literal[
    "single_needle",
    "multiple_needles",
    "conditional_needles",
    "single_thread",
    "multi_threads",
]
TASKS: tuple[Task, ...] = get_args(Task)
MARK = "*"
# other pairs for each of one's own, at least
LEAST = 1
FOLLOW = "A value may be a key of the same object. Begin with "
ONE_THREAD = (
    f"{FOLLOW}the key {{keys}} and go on from each value to the pair whose key it is. Which value "
    "do you come to that is no key?"
)
MANY_THREADS = (
    f"{FOLLOW}each of the keys {{keys}} and go on from each value to the pair whose key it is. "
    "Which values do you come to that are no keys? Give them in the order of the keys."
)


class Asked(NamedTuple):
    """A question, its answers, and the pairs that it takes in the order of the text."""

    question: str
    answers: tuple[str, ...]
    pairs: list[Pair]


@dataclass(frozen=True, slots=True)
class NeedleThreading(Placed):
    """Needles and threads in UUIDs (Roberts et al. 2024, arXiv 2411.05000), generated anew.

    One JSON object of random UUIDs: the value of a key, of several keys, of all keys with a mark in
    them, or the end of a thread of values that are keys themselves, or of several threads.
    ``direction`` is that of a thread in the text. The pairs that it takes are the evidence; with
    ``depth`` they stand there, one after another. Reading examples raises ConfigError where a text
    is too short.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these tasks"}
    )
    needles: Annotated[int, Field(ge=2, le=100)] = field(
        default=4, metadata={"help": "keys of multiple and conditional needles, or threads"}
    )
    thread: Annotated[int, Field(ge=2, le=100)] = field(
        default=5, metadata={"help": "pairs of a thread"}
    )
    direction: Literal["forward", "backward", "random"] = field(
        default="random", metadata={"help": "the order of a thread's pairs in the text"}
    )
    scores: ClassVar[tuple[str, ...]] = ("ruler_all", "substring_match")

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write the object and ask for values in it."""
        random = Random(sample.seed)
        drawn = identifiers(random)
        asked = ASK[sample.task](self, random, drawn)
        rest = others(drawn, asked.pairs, sample.tokens, counter)
        if len(asked.pairs) * LEAST > len(rest):
            raise ConfigError(
                f"needle_threading: {sample.task} needs {len(asked.pairs)} pairs, too many for "
                f"{sample.tokens} tokens; raise tokens"
            )
        at = _places(random, len(asked.pairs), len(rest), sample.depth)
        own = dict(zip(sorted(at), asked.pairs, strict=True))
        filling = iter(rest)
        pairs = [own.get(number) or next(filling) for number in range(len(own) + len(rest))]
        return Written(written(pairs), asked.question, asked.answers, places(pairs, at))

    def several(self, random: Random, drawn: Iterator[str]) -> Asked:
        """The values of keys."""
        return self._values([(next(drawn), next(drawn)) for _ in range(self.needles)])

    def single(self, random: Random, drawn: Iterator[str]) -> Asked:
        """The value of a key."""
        return self._values([(next(drawn), next(drawn))])

    def conditional(self, random: Random, drawn: Iterator[str]) -> Asked:
        """The values of the keys that have a mark in them."""
        keys = [next(drawn) for _ in range(self.needles)]
        cuts = [random.randint(1, len(key) - 1) for key in keys]
        marked = [f"{k[:at]}{MARK}{k[at + 1 :]}" for k, at in zip(keys, cuts, strict=True)]
        pairs = [(key, next(drawn)) for key in marked]
        question = f'What are the values of all keys that have the character "{MARK}" in them?'
        return Asked(question, tuple(value for _, value in pairs), pairs)

    def one_thread(self, random: Random, drawn: Iterator[str]) -> Asked:
        """Where a thread ends that begins with a key."""
        thread = self._thread(drawn)
        question = ONE_THREAD.format(keys=f'"{thread[0][0]}"')
        return Asked(question, (thread[-1][1],), self._directed(random, [thread]))

    def threads(self, random: Random, drawn: Iterator[str]) -> Asked:
        """Where threads end that begin with keys."""
        threads = [self._thread(drawn) for _ in range(self.needles)]
        keys = ", ".join(f'"{thread[0][0]}"' for thread in threads)
        ends = tuple(thread[-1][1] for thread in threads)
        return Asked(MANY_THREADS.format(keys=keys), ends, self._directed(random, threads))

    def _values(self, pairs: list[Pair]) -> Asked:
        keys = ", ".join(f'"{key}"' for key, _ in pairs)
        question = f"What is the value of each of these keys, in this order: {keys}?"
        if len(pairs) == 1:
            question = f"What is the value of the key {keys}?"
        return Asked(question, tuple(value for _, value in pairs), pairs)

    def _thread(self, drawn: Iterator[str]) -> list[Pair]:
        return list(pairwise(islice(drawn, self.thread + 1)))

    def _directed(self, random: Random, threads: Sequence[Sequence[Pair]]) -> list[Pair]:
        """The pairs of threads in the order of the text, the threads mixed with one another."""
        ordered = [self._ordered(random, thread) for thread in threads]
        turns = [number for number, thread in enumerate(ordered) for _ in thread]
        random.shuffle(turns)
        return [ordered[turn].pop(0) for turn in turns]

    def _ordered(self, random: Random, thread: Sequence[Pair]) -> list[Pair]:
        if self.direction == "random":
            return random.sample(thread, len(thread))
        return list(thread if self.direction == "forward" else reversed(thread))


def _places(random: Random, own: int, rest: int, depth: float | None) -> list[int]:
    """Where one's own pairs stand; with a depth, one after another from there."""
    if depth is None:
        return sorted(random.sample(range(own + rest), own))
    first = round(depth * rest)
    return list(range(first, first + own))


ASK: Mapping[str, Callable[[NeedleThreading, Random, Iterator[str]], Asked]] = {
    "single_needle": NeedleThreading.single,
    "multiple_needles": NeedleThreading.several,
    "conditional_needles": NeedleThreading.conditional,
    "single_thread": NeedleThreading.one_thread,
    "multi_threads": NeedleThreading.threads,
}
