"""What generated datasets have in common: tasks, lengths, depths, samples, a tokenizer, a seed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from crossover.datasets._haystack import Written, example
from crossover.datasets._lengths import Counter, Depths, Lengths, counter, length_names
from crossover.roles import Dataset
from crossover.types import Example


class Sample(NamedTuple):
    """One text to write: the same one for the same sample, whatever the depth."""

    task: str
    tokens: int
    depth: float | None
    number: int
    seed: str


@dataclass(frozen=True, slots=True)
class Generated(Dataset):
    """Texts written by a seed; a subclass names its tasks and writes one sample at a time."""

    version: ClassVar[int] = 1
    scores: ClassVar[tuple[str, ...]] = ("exact_match", "substring_match")

    tokens: Lengths = field(
        default=(4096,), metadata={"help": "lengths of documents in tokens, within 1 %"}
    )
    samples: Annotated[int, Field(ge=1)] = field(
        default=5, metadata={"help": "how many of each task, length and depth"}
    )
    tokenizer: str = field(
        default="o200k_base",
        metadata={"help": "o200k_base, cl100k_base, a tokenizer.json or a model's id on the hub"},
    )
    seed: int = field(default=0, metadata={"help": "another seed, other samples"})

    @abstractmethod
    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""

    @abstractmethod
    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write a sample; raises ConfigError where the text is too short for it."""

    def depths(self, task: str) -> Sequence[float | None]:
        """Where what is asked for is to stand; None is wherever it comes to stand."""
        return (None,)

    def most(self, task: str) -> int:
        """How many samples of a task there are at most."""
        return self.samples

    def placed(self, found: Written, depth: float | None) -> dict[str, str]:
        """What tells where the evidence stands, for those that place it."""
        return {}

    def examples(self) -> Iterator[Example]:
        """Yield the examples task by task, length by length; a text is written where it is used.

        Raises ConfigError where one is too short for its question, DataError where a folder or
        dataset cannot be read.
        """
        named = length_names(self.tokens)
        for task in self.kinds():
            for tokens in self.tokens:
                for number in range(min(self.samples, self.most(task))):
                    yield from self._of(task, tokens, named[tokens], number)

    def metrics(self) -> Sequence[str]:
        """The metrics that fit its answers, the headline one first."""
        return self.scores

    def _of(self, task: str, tokens: int, length: str, number: int) -> Iterator[Example]:
        group = f"{task}-{length}-{number}"
        seed = f"{type(self).__name__}/{self.version}/{self.seed}/{task}/{tokens}/{number}"
        depths = self.depths(task)
        for place, depth in enumerate(depths):
            sample = Sample(task, tokens, depth, number, seed)
            load = partial(self.written, sample, counter(self.tokenizer))
            found = load()
            name = f"{group}-{place}" if len(depths) > 1 else group
            tags = {"task": task, "length": length, **self.placed(found, depth), **found.tags}
            yield example(found, load, name, group, tags)


@dataclass(frozen=True, slots=True)
class Placed(Generated):
    """A generated dataset in which what is asked for stands at a depth."""

    depth: Depths = field(
        default=(),
        metadata={"help": "where what is asked for stands (0 to 1); none: spread at random"},
    )

    def depths(self, task: str) -> Sequence[float | None]:
        """Where what is asked for is to stand."""
        return self.depth or (None,)

    def placed(self, found: Written, depth: float | None) -> dict[str, str]:
        """The depth that was asked for, else the fifth of the text."""
        return {"depth": found.depth(depth)}


@dataclass(frozen=True, slots=True)
class Hidden(Placed):
    """A generated dataset that hides something in other text."""

    haystack: str = field(
        default="",
        metadata={"help": "folder with texts to hide it in; else ours", "path": "folder"},
    )
