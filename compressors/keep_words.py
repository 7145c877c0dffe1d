"""The words that people ask about, by the small keep/drop classifier that comes with Crossover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.compressors import _classifier
from crossover.compressors._keeping import Unit, fill
from crossover.compressors._words import mean_scores, words
from crossover.roles import Compressor, Model
from crossover.types import Passage, Step, Usage


@dataclass(frozen=True, slots=True)
class KeepWords(Compressor):
    """Keep the words of most probability under the packaged keep/drop classifier.

    In the manner of LLMLingua-2 (Pan et al. 2024): an encoder reads the text once, a word's
    probability is the mean of its word pieces', the question is not used. What was learned is
    another thing: which words answers to people's questions and these questions are made of.
    """

    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1
    ignores_question: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Read every passage and fill the budget with its likeliest words."""
        with meter.wait():
            _classifier.load()
        clock = meter.Meter()
        found = _classifier.read([p.text for p in passages], self.threads)
        usage = Usage(sum(map(len, found)), 0, calls=1, compute_seconds=clock.elapsed())
        meter.current().charge(usage, Step("words judged", usage.compute_seconds))
        places = [words(p.text) for p in passages]
        units = [
            Unit(at, *place, score)
            for at, tokens in enumerate(found)
            for place, score in zip(places[at], mean_scores(places[at], tokens), strict=True)
        ]
        return fill(passages, units, budget, model)
