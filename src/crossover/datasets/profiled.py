"""Another dataset with the information profile of its questions as tags, to slice reports by."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, NamedTuple

from crossover.errors import ConfigError, DataError
from crossover.profiles import gold_profile, profile
from crossover.roles import Dataset, ReleasedAnswers
from crossover.types import Example


class Bins(NamedTuple):
    """Words for a number: the next word holds from each limit on."""

    limits: tuple[float, ...]
    words: tuple[str, ...]

    def word(self, value: float) -> str:
        """Say it."""
        return self.words[bisect_right(self.limits, value)]


ESTIMATED: Mapping[str, Bins] = {
    "scope": Bins((0.5, 0.7), ("little", "some", "much")),
    "diffusion": Bins((0.3, 0.45), ("easy", "middling", "hard")),
}
SHARES = ("under 0.1%", "0.1-1%", "1-5%", "5% or more")
GOLD: Mapping[str, Bins] = {
    "scope": Bins((2, 4), ("1 passage", "2-3 passages", "4 or more")),
    "diffusion": Bins((0.05, 0.25), ("easy", "middling", "hard")),
    "coverage": Bins((0.001, 0.01, 0.05), SHARES),
    "depth": Bins((1 / 3, 2 / 3), ("first third", "middle third", "last third")),
}


@dataclass(frozen=True, slots=True)
class Profiled(Dataset, ReleasedAnswers):
    """Tag the questions of another dataset with how much they need and how hard that is to find.

    ``scope`` and ``diffusion`` are estimated from question and documents; ``gold_scope``,
    ``gold_diffusion``, ``gold_coverage`` and ``gold_depth`` are measured by the evidence and left
    out where there is none (but for the depth, where an answer stands in the text). The questions
    themselves stay as they are. Tags are left out too where a document cannot be loaded. Raises
    ConfigError where the dataset has a tag of that name.
    """

    version: ClassVar[int] = 1

    dataset: Dataset = field(metadata={"help": "the dataset whose questions are profiled"})
    gold: bool = field(default=True, metadata={"help": "add the tags that need evidence"})

    def __post_init__(self) -> None:
        if isinstance(self.dataset, Profiled):
            raise ConfigError("profiled: the dataset is profiled already; name one that is not")

    def examples(self) -> Iterator[Example]:
        """Yield the examples with their tags."""
        return map(self._tagged, self.dataset.examples())

    def metrics(self) -> Sequence[str]:
        """The dataset's own."""
        return self.dataset.metrics()

    def released(self, model: str) -> Mapping[tuple[str, str], str]:
        """The dataset's published predictions; raises ConfigError where it holds none."""
        if not isinstance(self.dataset, ReleasedAnswers):
            raise ConfigError("profiled: the dataset holds no released answers")
        return self.dataset.released(model)

    def skipped(self) -> list[str]:
        """Tell the bad records that the dataset left out, one line each."""
        told = getattr(self.dataset, "skipped", None)
        return list(told()) if told else []

    def _tagged(self, example: Example) -> Example:
        try:
            tags = _estimated(example) | (_measured(example) if self.gold else {})
        except DataError:
            return example
        if taken := sorted(tags.keys() & example.tags.keys()):
            raise ConfigError(
                f"profiled: {example.question.id} has a tag {taken[0]!r} already; rename it there"
            )
        return replace(example, tags={**example.tags, **tags})


def _estimated(example: Example) -> dict[str, str]:
    found = profile(example.question)
    return {name: bins.word(getattr(found, name)) for name, bins in ESTIMATED.items()}


def _measured(example: Example) -> dict[str, str]:
    found = gold_profile(example)
    return {
        f"gold_{each.name}": GOLD[each.name].word(value)
        for each in fields(found)
        if each.name in GOLD and (value := getattr(found, each.name)) is not None
    }
