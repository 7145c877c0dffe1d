"""Whole sentences that bear on the question, by the packaged reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.compressors._keeping import Unit, fill
from crossover.roles import Compressor, Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Extractive(Compressor):
    """Keep the sentences that the reader finds relevant, each judged in the text around it.

    In the manner of EXIT (Hwang et al. 2024) and Provence (Chirkova et al. 2025), with the packaged
    reader's sentence head: the best sentences that fill the budget, or with ``threshold`` only
    those of at least that probability. ``rerank`` also orders the passages, in the same pass.
    """

    threshold: Annotated[float, Interval(ge=0, lt=1)] = field(
        default=0.0, metadata={"help": "least probability of a kept sentence; 0: fill the budget"}
    )
    neighbours: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "sentences before and after that count like a relevant one"}
    )
    rerank: bool = field(
        default=False, metadata={"help": "put the passages that answer likeliest first"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 2

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Read every passage and keep its best sentences within the budget."""
        from crossover.models.reader import Reader

        # places in the passage's text, which need not be those in its document
        texts = [Passage(p.document, 0, len(p.text), p.text) for p in passages]
        found = Reader(threads=self.threads).read([(query, [text]) for text in texts], spans=False)
        scored = [
            replace(p, score=f.passages[0].score) for p, f in zip(passages, found, strict=True)
        ]
        units = [unit for at, one in enumerate(found) for unit in self._units(at, one.sentences)]
        kept = fill(scored if self.rerank else passages, units, budget, model)
        return sorted(kept, key=lambda passage: -passage.score) if self.rerank else kept

    def _units(self, passage: int, sentences: Sequence[Passage]) -> list[Unit]:
        best = {(sentence.start, sentence.end): sentence.score for sentence in sentences}
        places, reach = sorted(best), self.neighbours
        around = [places[max(0, at - reach) : at + reach + 1] for at in range(len(places))]
        scores = [max(best[place] for place in near) for near in around]
        return [
            Unit(passage, *place, score)
            for place, score in zip(places, scores, strict=True)
            if score >= self.threshold
        ]
